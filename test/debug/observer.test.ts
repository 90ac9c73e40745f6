import { expect, it } from 'vitest';
import { probe } from '../../src/core/probe.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { changeMode, startObserving } from '../../src/debug/observer.ts';

const mode = { stackDepth: 3, monitor: null };

it('the kernel has a probe exactly while some run is observed', () => {
  const [a, b] = [new Runtime(), new Runtime()];
  expect(probe).toBeNull();
  const endA = startObserving(a, mode, []);
  const endB = startObserving(b, null, [{}]);
  const endNothing = startObserving(new Runtime(), null, []);
  expect(probe).not.toBeNull();
  endA();
  endNothing();
  expect(probe).not.toBeNull();
  endB();
  expect(probe).toBeNull();
});

it('turning debug mode off keeps the instruments, and ends with them', () => {
  const log: string[] = [];
  const runtime = new Runtime();
  const end = startObserving(runtime, mode, [{ runStarted: () => void log.push('started'), runEnded: () => void log.push('ended') }]);
  changeMode(runtime, null);
  expect([probe === null, log]).toEqual([false, ['started']]);
  end();
  expect([probe === null, log]).toEqual([true, ['started', 'ended']]);
});

it('turning debug mode off turns it off everywhere', () => {
  const [a, b] = [new Runtime(), new Runtime()];
  changeMode(a, mode);
  changeMode(b, mode);
  changeMode(a, null);
  expect(probe).toBeNull();
  changeMode(a, null);
});
