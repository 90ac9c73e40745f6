import { LoopMonitor, map, run } from 'offloop';
import { someFiles } from './files.ts';
import { saved } from './jobs.ts';

await run(async () => {
  const monitor = new LoopMonitor().start();
  const bytes = await map(await someFiles(), (file) => saved(file));
  console.log(`compressing saves ${Math.round(bytes.reduce((a, b) => a + b) / 1024)} KiB`);
  monitor.stop();
  console.log(`the loop was late by up to ${monitor.snapshot().delay.max.toFixed(0)} ms`);
});
