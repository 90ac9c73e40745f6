import { run, Semaphore, withTaskGroup } from 'offloop';
import type { Instrument } from 'offloop';

/** Counts what tasks wait for. */
class WaitCounter implements Instrument {
  readonly waits = new Map<string, number>();

  taskBlocked(_task: unknown, on: string): void {
    this.waits.set(on, (this.waits.get(on) ?? 0) + 1);
  }

  runEnded(): void {
    for (const [on, times] of this.waits) console.log(`${on}: ${times}`);
  }
}

await run(
  () => {
    const seats = new Semaphore(2);
    return withTaskGroup(
      (tg) => {
        for (let i = 0; i < 5; i++) tg.spawn(() => seats.run(() => new Promise((seated) => setTimeout(seated, 5))));
      },
      { name: 'guests' },
    );
  },
  { instruments: [new WaitCounter()] },
);
