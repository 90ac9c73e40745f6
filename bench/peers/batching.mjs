// The limit with batching: the worker of a hand-written loop. Answers a whole batch at once.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', (batch) => {
  for (let i = 1; i < batch.length; i += 2) batch[i] = noop(batch[i]);
  parentPort.postMessage(batch);
});

function noop(k) {
  return k;
}
