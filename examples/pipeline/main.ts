/** A text pipeline with back-pressure: gzipped logs → parsed in workers → the slow requests into a file, one at a time. */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { channel, LoopMonitor, resource, run, sleep, withTaskGroup } from 'offloop';
import { requests } from './jobs.ts';

const PER_FILE = 30_000;

const folder = resource(async function* () {
  const path = await mkdtemp(join(tmpdir(), 'offloop-logs-'));
  try {
    yield path;
  } finally {
    await rm(path, { recursive: true });
  }
});

async function writeLog(file: string): Promise<void> {
  const line = (n: number): string => JSON.stringify({ path: `/item/${n % 97}`, status: n % 1000 === 0 ? 500 : 200, ms: n % 500 });
  await writeFile(file, gzipSync(Array.from({ length: PER_FILE }, (_, n) => line(n)).join('\n')));
}

await run(() =>
  folder().use(async (path) => {
    const logs = ['a', 'b'].map((name) => join(path, `${name}.log.gz`));
    for (const log of logs) await writeLog(log);

    const monitor = new LoopMonitor({ log: false }).start();
    const [send, slow] = channel<string>(64); // the writer is the slowest: the workers wait for it
    let seen = 0;
    await withTaskGroup((tg) => {
      for (const log of logs) {
        const out = send.clone();
        tg.spawn(async () => {
          for await (const { path: url, ms } of requests(log)) {
            seen++;
            if (ms >= 496) await out.send(`${url} ${ms} ms\n`);
          }
          out.close();
        });
      }
      send.close();
      tg.spawn(async () => {
        const file = await open(join(path, 'slow.txt'), 'w');
        try {
          for await (const line of slow) {
            await sleep(1); // stands for asking somebody about it
            await file.write(line);
          }
        } finally {
          await file.close();
        }
      });
    });
    monitor.stop();

    const written = (await readFile(join(path, 'slow.txt'), 'utf8')).trim().split('\n').length;
    console.log(`${seen} requests read, ${written} slow ones written, never more than ${slow.statistics().peak} waiting to be written`);
    console.log(`the loop was late by at most ${monitor.snapshot().delay.max.toFixed(0)} ms`);
  }),
);
