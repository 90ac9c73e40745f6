import { describe, expect, it } from 'vitest';
import { gather } from '../../src/core/gather.ts';
import type { ScopeMember } from '../../src/core/scope.ts';
import { sleep } from '../../src/core/sleep.ts';
import type { TaskCore } from '../../src/core/task.ts';
import { siteOf } from '../../src/debug/sites.ts';
import { calledIn, captureSite, framesOf, placeOf, shortPlaceOf, textOf } from '../../src/debug/stack.ts';
import type { Site } from '../../src/debug/stack.ts';
import { debugged } from '../support/debugged.ts';

const here = /stack\.test\.ts:\d+:\d+/;

function made(): Site {
  return captureSite(5);
}

/** Where the first thing that `call` leaves in the task was made. */
function siteIn(call: () => PromiseLike<unknown>): Promise<Site> {
  return debugged(async ({ task }) => {
    const end = call();
    const site = siteOf((task as TaskCore).last as ScopeMember);
    await end;
    return site as Site;
  });
}

describe('a site', () => {
  it('has the lines of the caller, innermost first, without Node’s', () => {
    const frames = framesOf(made());
    expect(frames[0]).toMatch(/^made \(.*stack\.test\.ts:\d+:\d+\)$/);
    expect(frames[1]).toMatch(here);
    expect(frames.join('\n')).not.toMatch(/node:|<anonymous>\)/);
    expect(frames.length).toBeLessThanOrEqual(5);
  });

  it('has a place, long and short, and a text', () => {
    const site = made();
    expect(placeOf(site)).toMatch(/^\S*[/\\]stack\.test\.ts:\d+:\d+$/);
    expect(shortPlaceOf(site)).toMatch(/^stack\.test\.ts:\d+$/);
    expect(textOf(site)).toMatch(/^ {4}at made \(.*\)\n {4}at /);
  });

  it('keeps no more lines than asked for', () => {
    const deep = (n: number): Site => (n === 0 ? captureSite(3) : deep(n - 1));
    expect(framesOf(deep(10)).length).toBe(3);
  });

  it('leaves the limit of other stacks alone', () => {
    const before = Error.stackTraceLimit;
    made();
    expect(Error.stackTraceLimit).toBe(before);
  });

  it('does not show our lines, but knows which of our functions was called', async () => {
    const site = await siteIn(() => sleep(1));
    expect(framesOf(site)[0]).toMatch(here);
    expect(calledIn(site)).toBe('sleep');
    expect(calledIn(await siteIn(() => gather([() => 1])))).toBe('gather');
  });

  it('without any lines has no place', () => {
    const empty: Site = { depth: 5, stack: 'Error' };
    expect([framesOf(empty), placeOf(empty), shortPlaceOf(empty), calledIn(empty)]).toEqual([[], undefined, undefined, undefined]);
  });

  it('has the async functions that wait for the innermost one, and async generators among them (IN-19)', async () => {
    async function* numbers(): AsyncGenerator<Site> {
      await Promise.resolve();
      yield captureSite(10);
    }
    async function consumer(): Promise<Site> {
      for await (const site of numbers()) return site;
      throw new Error('unreachable');
    }
    const frames = framesOf(await consumer());
    expect(frames[0]).toMatch(/numbers/);
    expect(frames.slice(1).join('\n')).toMatch(/consumer/);
  });
});
