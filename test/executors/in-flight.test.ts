import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlight } from '../../src/executors/in-flight.ts';
import type { Job } from '../../src/executors/job.ts';
import { ControlBlock, nextSequence, RING } from '../../src/wire/control.ts';
import { makeJob } from '../support/jobs.ts';

/** As a slot does it: each job knows its number. */
function add(flight: InFlight, ...jobs: Job[]): void {
  jobs.forEach((job, i) => job.sent(nextSequence(flight.next, i), 0));
  flight.add(jobs);
}

describe('InFlight', () => {
  it('forgets the youngest, which were not posted after all', () => {
    const flight = new InFlight(new ControlBlock());
    const [a, b, c] = [makeJob(), makeJob(), makeJob()];
    add(flight, a, b, c);
    flight.drop(2);
    expect([flight.size, flight.live, flight.next, flight.jobs.length, flight.holds(a), flight.holds(c)]).toEqual([
      1,
      1,
      2,
      1,
      true,
      false,
    ]);
  });

  it('knows no job of another worker that has the same number', () => {
    const [one, other] = [new InFlight(new ControlBlock()), new InFlight(new ControlBlock())];
    const [a, b] = [makeJob(), makeJob()];
    add(one, a);
    add(other, b);
    expect([one.holds(a), one.holds(b), a.sequence === b.sequence]).toEqual([true, false, true]);
  });

  it('whatever is sent, begun, ended and taken back: each job is either given back or has its own result, in order', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constantFrom('claim', 'keep', 'collect', 'revokeAll', 'urgent') }),
      fc.record({ do: fc.constant('revoke' as const), which: fc.nat(200) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (history) => {
        const control = new ControlBlock();
        const flight = new InFlight(control);
        const sent: Job[] = [];
        const back = new Set<Job>();
        const ended: Job[] = [];
        let passed = 0; // by the worker
        let running = false;
        const collect = (): void =>
          flight.collect((job, value) => {
            expect(value).toBe(job.id);
            ended.push(job);
          });
        const giveBack = (jobs: readonly Job[]): void => {
          for (const job of jobs) expect(back.has(job)).toBe(false);
          expect(jobs).toEqual([...jobs].sort((a, b) => a.id - b.id));
          for (const job of jobs) back.add(job);
        };
        const claim = (): boolean => {
          while (!running && passed < sent.length) running = control.claim(nextSequence(0, ++passed));
          return running;
        };
        const keep = (): void => {
          if (running) control.keep(passed, sent[passed - 1]!.id, 1);
          running = false;
        };
        for (const s of history) {
          if (s.do === 'send') {
            const n = Math.min((s as { n: number }).n, RING - flight.size);
            const jobs = Array.from({ length: n }, (_, i) => makeJob({ priority: i % 3 }));
            if (n > 0) add(flight, ...jobs);
            sent.push(...jobs);
          } else if (s.do === 'claim') claim();
          else if (s.do === 'keep') keep();
          else if (s.do === 'collect') collect();
          else if (s.do === 'revokeAll') giveBack(flight.revokeAll());
          else if (s.do === 'urgent') giveBack(flight.revokeAbove(1));
          else {
            const job = sent[(s as { which: number }).which];
            if (job !== undefined && flight.holds(job) && flight.revoke(job)) giveBack([job]);
          }
          expect(flight.live).toBe(flight.jobs.length);
        }
        for (keep(); claim(); keep());
        collect();
        expect(flight.size).toBe(0);
        expect(ended).toEqual(sent.filter((job) => !back.has(job)));
        for (const job of sent) job.end({ ok: true, value: 0 });
      }),
      { numRuns: 200 },
    );
  });
});
