// A whole program: the library named by the argument is imported, runs one job unless a second argument is
// 'import', and says how many milliseconds of the processor that took. What is measured is the way there.
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const first = {
  async offloop() {
    const { noop } = await import('./jobs.js');
    return noop(1);
  },
  async piscina() {
    const { Piscina } = await import('piscina');
    return new Piscina({ filename: file('plain.mjs'), maxThreads: 2 }).run(1);
  },
  async tinypool() {
    const { Tinypool } = await import('tinypool');
    return new Tinypool({ filename: file('plain.mjs'), maxThreads: 2 }).run(1);
  },
  async worker() {
    const { Worker } = await import('node:worker_threads');
    const worker = new Worker(file('bare.mjs'));
    worker.postMessage([1, 1]);
    return new Promise((resolve) => worker.on('message', resolve));
  },
};

const [, , library, only] = process.argv;
if (only !== 'import') await first[library]();
else await import(library === 'worker' ? 'node:worker_threads' : library);
const { user, system } = process.cpuUsage();
process.stdout.write(`${(user + system) / 1000}\n`, () => process.exit(0));
