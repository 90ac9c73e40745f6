// comlink ships this adapter without types.
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { Endpoint } from 'comlink';
  export default function nodeEndpoint(worker: import('node:worker_threads').Worker): Endpoint;
}
