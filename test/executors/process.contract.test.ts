import { ProcessPoolExecutor } from '../../src/index.ts';
import { contract } from './contract.ts';

contract('ProcessPoolExecutor', (options) => new ProcessPoolExecutor(options), { separate: true, processes: true, sharedMemory: false });
