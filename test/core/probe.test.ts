import { expect, it } from 'vitest';
import { probe } from '../../src/core/probe.ts';
import { run } from '../../src/core/run.ts';
import { refusal } from '../support/virtual.ts';

// This file must not load src/debug/: it shows the kernel alone.
const quiet = { signals: false } as const;

it('the kernel alone runs without a probe', async () => {
  expect(await run(() => probe, { ...quiet, debug: false, instruments: [] })).toBeNull();
});

it.each([
  ['debug mode', { debug: true }],
  ['an instrument', { instruments: [{}] }],
])('%s that cannot work because it was not loaded is refused, not ignored', async (_what, options) => {
  expect(await refusal(() => run(() => {}, { ...quiet, ...options }))).toMatch(
    /^InvalidStateError OFFLOOP_INVALID_STATE: Debug mode and instruments are not loaded/,
  );
});
