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
const much = Buffer.alloc(2_000_000, 'offloop ');
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

function decode(n) {
  const bytes = Buffer.concat(Array(n).fill(much)); // @decode
  keep.value = new TextDecoder().decode(bytes).length; // @decode
}

const trapped = new Proxy(
  {},
  {
    get(_, key) {
      let hash = 0;
      for (let i = 0; i < 200; i++) hash = (hash * 31 + key.charCodeAt(i % key.length)) | 0; // @traps
      return hash;
    },
  },
);
function traps(n) {
  for (let i = 0; i < n * 10; i++) keep.value = trapped[`key${i}`]; // @traps
}

function* numbers(n) {
  for (let i = 0; i < n * 1000; i++) yield i * i; // @generated
}
function generated(n) {
  for (const value of numbers(n)) keep.value += value; // @generated
}

class Tree {
  constructor(size) {
    this.size = size;
  }
  *[Symbol.iterator]() {
    for (let i = 0; i < this.size; i++) {
      const leaf = Math.imul(i, 31) ^ (i >> 3); // @iterated
      yield leaf; // @iterated
    }
  }
}
function iterated(n) {
  for (const leaf of new Tree(n * 1000)) keep.value += leaf; // @iterated
}

function clamp(x, low, high) {
  if (x < low) return low; // @inlined
  return x > high ? high : x; // @inlined
}
function inlined(n) {
  let total = 0;
  for (let i = 0; i < n * 1000; i++) {
    total += clamp(i % 300, 10, 200); // @inlined
  }
  keep.value = total;
}

function spread(n) {
  for (let i = 0; i < n * 100; i++) {
    const [first, ...rest] = [i, i + 1, i + 2]; // @spread
    const { id, ...others } = rows[i % rows.length]; // @spread
    keep.value = first + rest.length + id + others.tags.length; // @spread
  }
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
  { name: 'decode', run: decode, causes: native, opaque: true },
  { name: 'traps', run: traps, causes: computes },
  { name: 'generated', run: generated, causes: computes },
  { name: 'iterated', run: iterated, causes: computes },
  { name: 'inlined', run: inlined, causes: computes },
  { name: 'spread', run: spread, causes: computes },
];
