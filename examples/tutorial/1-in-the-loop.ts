import { readFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import { LoopMonitor, run } from 'offloop';
import { someFiles } from './files.ts';

async function saved(file: string): Promise<number> {
  const text = await readFile(file);
  return text.length - brotliCompressSync(text).length;
}

await run(async () => {
  const monitor = new LoopMonitor({ log: false }).start();
  let total = 0;
  for (const file of await someFiles()) total += await saved(file);
  console.log(`compressing saves ${Math.round(total / 1024)} KiB`);
  monitor.stop();
  console.log(`the loop was late by up to ${monitor.snapshot().delay.max.toFixed(0)} ms`);
});
