import { parentPort } from 'node:worker_threads';
import { expose, proxy } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { rows } from './streams.js';

expose({ rows: (n) => proxy(rows(n)) }, nodeEndpoint(parentPort));
