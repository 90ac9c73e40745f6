import { InlineExecutor } from '../../src/index.ts';
import { contract } from './contract.ts';

contract('InlineExecutor', () => new InlineExecutor(), { separate: false, processes: false, sharedMemory: true });
