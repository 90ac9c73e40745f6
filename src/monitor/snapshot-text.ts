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
      `${name}: ${s.busy} of ${s.workers} workers busy (${percent(s.utilization)} in all${s.respawned === 0 ? '' : `, ${s.respawned} respawned`}), ${s.queued} queued, ${s.completed} done; wait ${range(s.waitTime)}; run ${range(s.runTime)}`,
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

const range = ({ p50, p99 }: { p50: number; p99: number }): string => `p50 ${ms(p50)}, p99 ${ms(p99)}`;
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
