/**
 * Ways to block a loop. Each takes units of work, and has the line that blocks marked with its name. Plain JavaScript: what is
 * written runs. The monitor was tuned on these; those of unseen.mjs are the examination.
 */
import { execSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const rows = Array.from({ length: 2000 }, (_, i) => ({ id: i, name: `row ${i}`, tags: ['a', 'b'] }));
const text = JSON.stringify(rows);
const bytes = Buffer.alloc(200_000, 'offloop ');
const cell = new Int32Array(new SharedArrayBuffer(4));
export const keep = { value: 0 };

function loop(n) {
  let x = 0;
  for (let i = 0; i < n * 1000; i++) x += Math.sqrt(i); // @loop
  keep.value = x;
}

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2); // @recursion
}

function recursion(n) {
  for (let i = 0; i < n; i++) fib(12); // @recursion
}

function regex(n) {
  for (let i = 0; i < n; i++) /^(?:a+)+$/.test('aaaaaaaaaab'); // @regex
}

function objects(n) {
  const map = new Map();
  for (let i = 0; i < n * 100; i++) map.set(`key ${i % 1000}`, { i }); // @objects
}

function compare(n) {
  const numbers = Array.from({ length: n * 20 }, (_, i) => (i * 7919) % 10_007); // @compare
  numbers.sort((a, b) => a - b); // @compare
}

function parse(n) {
  const whole = `[${Array(n).fill(text).join()}]`;
  keep.value = JSON.parse(whole).length; // @parse
}

function stringify(n) {
  const all = Array(n).fill(rows);
  keep.value = JSON.stringify(all).length; // @stringify
}

function clone(n) {
  const all = Array.from({ length: n }, () => rows.slice());
  for (const some of all) structuredClone(some); // @clone
}

function derive(n) {
  pbkdf2Sync('secret', 'salt', n * 1000, 32, 'sha256'); // @derive
}

function zip(n) {
  for (let i = 0; i < n; i++) gzipSync(bytes); // @zip
}

function shell(n) {
  execSync(`sleep ${n / 1000}`); // @shell
}

function wait(n) {
  Atomics.wait(cell, 0, 0, n); // @wait
}

function callbacks(n) {
  return new Promise((done) => {
    const block = { at: 0, ms: 0 };
    let start;
    for (let i = 0; i < 20; i++) {
      setImmediate(() => {
        if (i === 0) [block.at, start] = [Date.now(), performance.now()];
        loop(n / 20);
        block.ms = performance.now() - start;
        if (i === 19) done(block);
      });
    }
  });
}

export const computes = ['javascript', 'cpu-starved', 'gc'];
export const native = ['native', 'cpu-starved', 'gc'];
export const both = [...new Set([...computes, ...native])];
const sleeps = ['sync-wait'];

export const kinds = [
  { name: 'loop', run: loop, causes: computes },
  { name: 'recursion', run: recursion, causes: computes },
  { name: 'regex', run: regex, causes: computes },
  { name: 'objects', run: objects, causes: computes },
  { name: 'compare', run: compare, causes: computes },
  { name: 'parse', run: parse, causes: native },
  { name: 'stringify', run: stringify, causes: both },
  { name: 'clone', run: clone, causes: both },
  { name: 'derive', run: derive, causes: native },
  { name: 'zip', run: zip, causes: both },
  { name: 'shell', run: shell, causes: sleeps, fixed: true },
  { name: 'wait', run: wait, causes: sleeps, fixed: true },
  { name: 'callbacks', run: callbacks, causes: ['many-callbacks', 'cpu-starved'], line: 'loop' },
];
