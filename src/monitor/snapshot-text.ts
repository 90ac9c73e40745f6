/** A snapshot in a few lines, for people. */
import type { LagSnapshot } from './loop-monitor.ts';

const LATEST = 5;

export function snapshotText({ uptime, delay, utilization, gc, heapUsed, executors, actors, blocks, slow }: LagSnapshot): string {
  const lines = [
    `event loop over ${seconds(uptime)}: delay p50 ${ms(delay.p50)}, p99 ${ms(delay.p99)}, max ${ms(delay.max)}; busy ${percent(utilization)}`,
    `gc: ${gc.count} runs, ${ms(gc.total)} in all, longest ${ms(gc.max)}; heap ${(heapUsed / 2 ** 20).toFixed(0)} MiB`,
  ];
  for (const [name, s] of Object.entries(executors)) {
    lines.push(
      `${name}: ${s.busy} of ${s.workers} workers busy, ${s.queued} queued, ${s.completed} done; run p50 ${ms(s.runTime.p50)}, p99 ${ms(s.runTime.p99)}`,
    );
  }
  for (const [name, s] of Object.entries(actors)) {
    lines.push(
      `actor ${name}: ${s.running} calls under way, ${s.completed} done, ${s.failed} failed; call p50 ${ms(s.callTime.p50)}, p99 ${ms(s.callTime.p99)}`,
    );
  }
  if (blocks > 0) lines.push(`blocks: ${blocks}${blocks > LATEST ? `, the latest ${Math.min(LATEST, slow.length)}` : ''}`);
  return [...lines, ...slow.slice(-LATEST).map(({ message }) => message)].join('\n');
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
