import { ThreadPoolExecutor } from '../../src/index.ts';
import { contract } from './contract.ts';

contract('ThreadPoolExecutor', (options) => new ThreadPoolExecutor(options), { separate: true, processes: false, sharedMemory: true });
