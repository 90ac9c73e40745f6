import { parentPort } from 'node:worker_threads';
import { rows } from './streams.js';

// The limit: batches of a fixed size, and no back-pressure at all.
parentPort.on('message', (n) => {
  let batch = [];
  for (const row of rows(n)) {
    if (batch.push(row) < 128) continue;
    parentPort.postMessage(batch);
    batch = [];
  }
  parentPort.postMessage(batch);
  parentPort.postMessage(null);
});
