import { describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { blame, blamedTask } from '../../src/monitor/fusion.ts';
import type { Source } from '../../src/monitor/fusion.ts';
import type { ProfiledFunction } from '../../src/monitor/profile.ts';
import { frame, sample } from '../support/samples.ts';

const main = frame('main', 1);
const shim = frame('parse', 5, { file: fileURLToPath(new URL('../../src/monitor/shims.ts', import.meta.url)) });
const profiled = (fn: string, more: Partial<ProfiledFunction> = {}): ProfiledFunction => ({
  fn,
  file: '/app/a.js',
  line: 10,
  column: 1,
  ticks: 9,
  lines: [[12, 9]],
  ...more,
});

const unread: Source = { contains: () => true, opensLoop: () => false, find: () => null };

describe('prompt answers', () => {
  test('the line on which the thread was found most is exact, with its callers', () => {
    const found = blame(
      [10, 20, 30].map((at) => sample(at, [frame('hot', at === 20 ? 8 : 7), main])),
      0,
    );
    expect(found).toMatchObject({ confidence: 'exact', where: { fn: 'hot', line: 7 }, hits: 2 });
    expect(found.stack!.map(({ fn }) => fn)).toEqual(['hot', 'main']);
  });

  test('many small functions are blamed on the one that calls them all', () => {
    const samples = ['a', 'b', 'c', 'd'].map((fn, i) => sample(10 * i + 10, [frame(fn, i + 50), frame('parse', 20), main]));
    expect(blame(samples, 0)).toMatchObject({ confidence: 'exact', where: { fn: 'parse', line: 20 }, hits: 4 });
  });

  test('different callbacks, none of which took most of the time, are only near', () => {
    const samples = ['a', 'b', 'c'].map((fn, i) => sample(10 * i + 10, [frame(fn, i + 1)]));
    expect(blame(samples, 0).confidence).toBe('near');
  });

  test('a builtin that was found above the line most of the time is its native', () => {
    const join = frame('Array.join', 0, { file: '' });
    const samples = [10, 20, 30].map((at) => sample(at, at === 10 ? [main] : [join, main]));
    expect(blame(samples, 0).where).toMatchObject({ fn: 'main', native: 'Array.join' });
    expect(blame([sample(10, [join, main]), sample(20, [main]), sample(30, [main])], 0).where).not.toHaveProperty('native');
  });
});

describe('an answer from the head of a function', () => {
  const head = frame('fib', 10, { declared: [10, 1] });

  test('does not claim to know the line inside', () => {
    expect(blame([sample(10, [head, main])], 0)).toMatchObject({ confidence: 'function', where: { fn: 'fib', line: 10 } });
  });

  test('has the line when the function calls itself', () => {
    const outer = frame('fib', 12, { declared: [10, 1] });
    expect(blame([sample(10, [head, outer, outer, main])], 0)).toMatchObject({ confidence: 'exact', where: { line: 12 } });
  });

  test('is told by the source map where a whole function is one line', () => {
    const at = (line: number) => frame('f', 1, { declared: [1, 1], source: { file: '/app/a.ts', line, column: 1 } });
    const samples = [sample(10, [at(8)]), sample(20, [at(7)]), sample(30, [at(7)])];
    expect(blame(samples, 0)).toMatchObject({ confidence: 'exact', where: { source: { line: 7 } }, hits: 2 });
  });

  test('is exact when that is all of the function', () => {
    expect(blame([sample(10, [head, main])], 0, [], { ...unread, contains: () => false })).toMatchObject({
      confidence: 'exact',
      where: { line: 10 },
    });
  });
});

describe('natives', () => {
  test('one late answer from a shim outweighs many short looks at something else', () => {
    const samples = [10, 20, 30].map((at) => sample(at, [frame('before', 3), main]));
    samples.push(sample(40, [shim, frame('load', 9), main], { at: 300, native: 'JSON.parse' }));
    expect(blame(samples, 0)).toMatchObject({ confidence: 'exact', where: { fn: 'load', line: 9, native: 'JSON.parse' }, hits: 1 });
  });

  test('a question that was answered before the call does not blame it', () => {
    const late = sample(40, [shim, frame('load', 9)], { at: 300, native: 'JSON.parse', entering: true });
    const found = blame([late], 0);
    expect(found.confidence).toBe('near');
    expect(found.where).not.toHaveProperty('native');
  });

  test('a comparator inside a shimmed sort is blamed itself', () => {
    const samples = [10, 20].map((at) => sample(at, [frame('compare', 4), shim, main], { native: 'Array.sort' }));
    expect(blame(samples, 0).where).toEqual(frame('compare', 4));
  });

  test('of late answers the place that most of the time was answered from is near, not the last', () => {
    const late = (asked: number, at: number, fn: string, line: number) => sample(at, [frame(fn, line), main], { asked });
    const starved = [late(75, 110, 'burn', 7), late(120, 180, 'burn', 8), late(190, 260, 'burn', 7), late(270, 290, 'after', 20)];
    expect(blame(starved, 0)).toMatchObject({ confidence: 'near', where: { fn: 'burn', line: 7 }, hits: 2 });
  });

  test('a late answer without a shim is only near', () => {
    expect(blame([sample(10, [frame('after', 5)], { at: 200 })], 0)).toMatchObject({ confidence: 'near', where: { line: 5 } });
  });
});

describe('with a profile', () => {
  test('a profile that saw something else decides', () => {
    const samples = [10, 20].map((at) => sample(at, [frame('innocent', 2), main]));
    expect(blame(samples, 0, [profiled('hot')])).toMatchObject({ confidence: 'exact', where: { fn: 'hot', line: 12 } });
    expect(blame(samples, 0, [profiled('hot', { lines: [] })])).toMatchObject({ confidence: 'function', where: { line: 10 } });
  });

  test('a native that no line ticks tell is looked up in the source', () => {
    const source = { ...unread, find: (_: string, first: number, callee: string) => (callee === 'alloc' ? first + 3 : null) };
    const found = blame([], 0, [profiled('hot', { lines: [], native: 'alloc' })], source);
    expect(found).toMatchObject({ confidence: 'function', where: { fn: 'hot', line: 13, native: 'alloc' } });
  });

  test('a function without ticks of its own is blamed on the line where it was met', () => {
    const late = sample(10, [frame('inlined', 30), frame('hot', 14), main], { at: 250 });
    expect(blame([late], 0, [profiled('hot', { lines: [] })])).toMatchObject({ confidence: 'function', where: { fn: 'hot', line: 14 } });
  });

  test('an answer from the head of a function takes its line from the profile', () => {
    const head = frame('hot', 10, { declared: [10, 1] });
    expect(blame([sample(10, [head, main])], 0, [profiled('hot')]).where).toMatchObject({ fn: 'hot', line: 12 });
    const mostlyCalls = profiled('hot', { lines: [[10, 9], [13, 1]] }); // prettier-ignore
    expect(blame([sample(10, [head, main])], 0, [mostlyCalls])).toMatchObject({ confidence: 'function', where: { line: 13 } });
  });

  test('an answer from the end of a turn of a loop takes the line inside the loop from the profile', () => {
    const loop = frame('hot', 11, { declared: [10, 1] });
    const of = (...lines: [number, number][]) => blame([sample(10, [loop, main])], 0, [profiled('hot', { lines })]);
    expect(of([12, 6], [11, 4])).toMatchObject({ confidence: 'exact', where: { fn: 'hot', line: 12 } });
    // None of its lines took most of the time: it is the loop.
    expect(of([12, 4], [13, 3], [14, 3])).toMatchObject({ confidence: 'exact', where: { fn: 'hot', line: 11 } });
  });

  test('the first line of a loop is only sure when the profile says so', () => {
    const source: Source = { ...unread, opensLoop: (_, line) => line === 11 };
    const found = (line: number, ...lines: [number, number][]) => {
      const profile = lines.length === 0 ? [] : [profiled('hot', { lines })];
      const { confidence, where } = blame([sample(10, [frame('hot', line, { declared: [10, 1] }), main])], 0, profile, source);
      return [confidence, where!.line];
    };
    expect([found(11), found(12)]).toEqual([['function', 11], ['exact', 12]]); // prettier-ignore
    expect(found(11, [11, 6], [12, 4])).toEqual(['exact', 11]);
    const mapped = frame('hot', 1, { source: { file: '/app/a.ts', line: 11, column: 1 } });
    expect(blame([sample(10, [mapped, main])], 0, [], source)).toMatchObject({ confidence: 'function', where: mapped });
    expect(found(11, [12, 4], [11, 3], [13, 3])).toEqual(['function', 12]);
    expect(found(12, [13, 4], [12, 3], [11, 3])).toEqual(['exact', 12]);
  });

  test('what a function calls is not told by its own ticks', () => {
    const calling = (fn: string, line: number) => [frame(fn, line), frame('hot', 15, { declared: [10, 1] }), main];
    const samples = [sample(10, calling('a', 40)), sample(20, calling('b', 50)), sample(30, calling('c', 60))];
    expect(blame(samples, 0, [profiled('hot')])).toMatchObject({ confidence: 'exact', where: { fn: 'hot', line: 15 } });
  });

  test('of functions without a name, or with the same, the profile means the one that is declared there', () => {
    const hot = frame('', 21, { declared: [20, 1] });
    const profile = [profiled('', { line: 20, lines: [[23, 9]] }), profiled('', { line: 40, lines: [[41, 30]] })]; // prettier-ignore
    expect(blame([sample(10, [hot, main])], 0, profile).where!.line).toBe(23);
    const run = frame('run', 21, { declared: [20, 1] });
    const both = [profiled('run', { line: 20, lines: [[23, 9]] }), profiled('run', { line: 40, lines: [[41, 5]] })]; // prettier-ignore
    expect(blame([sample(10, [run, main])], 0, both).where!.line).toBe(23);
    expect(blame([sample(10, [run, main])], 0, both.toReversed()).where!.line).toBe(41); // its own was not the busiest
  });

  test('a method with a computed name, which the profile does not tell, is known by its place', () => {
    const method = frame('[Symbol.iterator]', 10, { declared: [10, 3] });
    expect(blame([sample(10, [method, main])], 0, [profiled('')])).toMatchObject({ where: { fn: '[Symbol.iterator]', line: 12 } });
    const other = frame('[Symbol.iterator]', 30, { declared: [30, 3] });
    expect(blame([sample(10, [other, main])], 0, [profiled('')])).toMatchObject({ where: { fn: '', line: 12 } });
  });

  test('a line that the profile counts, but which is not of the function, was inlined into it', () => {
    const head = frame('hot', 10, { declared: [10, 1] });
    const top = profiled('hot', {
      lines: [
        [139, 8],
        [12, 1],
      ],
    });
    const source = { ...unread, contains: (_: string, first: number, line: number) => line >= first && line < 20 };
    expect(blame([sample(10, [head, main])], 0, [top], source)).toMatchObject({ confidence: 'function', where: { fn: 'hot', line: 12 } });
    const oneLine = { ...source, contains: (_: string, first: number, line: number) => line === first };
    const all = profiled('hot', { lines: [[139, 8], [10, 1]] }); // prettier-ignore
    expect(blame([sample(10, [head, main])], 0, [all], oneLine)).toMatchObject({ confidence: 'exact', where: { line: 10 } });
  });

  test('a native the thread never answered from is known by the profile, with the callers of a sample', () => {
    const found = blame([sample(10, [frame('hot', 12), main], { at: 250 })], 0, [profiled('hot', { native: 'compile' })]);
    expect(found).toMatchObject({ confidence: 'exact', where: { fn: 'hot', native: 'compile' }, stack: [{ fn: 'hot' }, { fn: 'main' }] });
  });
});

test('without any frame of the program only the task, or nothing, is known', () => {
  const internal = [frame('parser', 1, { file: 'node:_http_common' })];
  expect(blame([sample(10, internal, { task: { id: 1, name: 'a' } })], 0)).toEqual({ confidence: 'task-only', hits: 0 });
  expect(blame([sample(10, internal)], 0)).toEqual({ confidence: 'none', hits: 0 });
  expect(blame([], 0)).toEqual({ confidence: 'none', hits: 0 });
});

test('the task that ran for most of the time is named; none, if that was none', () => {
  const [a, b] = [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ];
  expect(blamedTask([sample(10, [], { task: a }), sample(20, [], { task: b }), sample(90, [], { task: b })], 0)).toBe(b);
  expect(blamedTask([sample(10, [], { task: a }), sample(90, [])], 0)).toBeUndefined();
});
