// The least that a message pair can cost: no queue, no errors, no types.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ([id, k]) => parentPort.postMessage([id, k]));
