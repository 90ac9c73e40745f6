/**
 * More ways to block a loop. The monitor was not tuned on these: they are added to, and never looked at while it is changed.
 * But for `tokenize`, `intersect` and `grouped`: they were seen to fail before the rule for `exact` was narrowed (decision 62).
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import vm from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { both, computes, keep, native } from './kinds.mjs';

const big = Buffer.alloc(2_000_000, 'offloop ');
const pairs = Array.from({ length: 200 }, (_, i) => `key${i}=value%20${i}`).join('&');
const text = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ id: i, name: `row ${i}` })));
const table = new Map(Array.from({ length: 2000 }, (_, i) => [`key ${i}`, { i, tags: ['a', 'b'] }]));
const context = vm.createContext({});
const nested = Array.from({ length: 100 }, (_, i) => Array.from({ length: 10 }, (_, j) => i * j));
const words = Array.from({ length: 500 }, (_, i) => `wörd ${(i * 7919) % 1009}`);
const registry = new FinalizationRegistry(() => {});

function fill(n) {
  keep.value = Buffer.alloc(n * 100_000, 'xyz').length; // @fill
}

function format(n) {
  for (let i = 0; i < n; i++) keep.value = new Intl.DateTimeFormat('de').format(i).length; // @format
}

function normalize(n) {
  keep.value = 'é'.repeat(n * 10_000).normalize('NFD').length; // @normalize
}

function bigints(n) {
  keep.value = Number(3n ** BigInt(n * 2000) % 7n); // @bigints
}

function weak(n) {
  for (let i = 0; i < n * 100; i++) {
    const object = { i };
    registry.register(object, i); // @weak
    keep.value = new WeakRef(object).deref().i; // @weak
  }
}

function cloneMap(n) {
  for (let i = 0; i < n; i++) keep.value = structuredClone(table).size; // @cloneMap
}

function query(n) {
  for (let i = 0; i < n; i++) keep.value = new URLSearchParams(pairs).toString().length; // @query
}

function search(n) {
  const bytes = Buffer.concat(Array(n).fill(big)); // @search
  keep.value = bytes.indexOf('offloop offline'); // @search
}

function digest(n) {
  const bytes = Buffer.alloc(n * 100_000); // @digest
  keep.value = createHash('sha512').update(bytes).digest().length; // @digest
}

function random(n) {
  keep.value = randomBytes(n * 100_000).length; // @random
}

function dates(n) {
  for (let i = 0; i < n * 10; i++) keep.value = Date.parse(`Sat, 21 Nov 2026 10:${10 + (i % 50)}:00 GMT`); // @dates
}

function sandbox(n) {
  keep.value = vm.runInContext(`(() => { let x = 0; for (let i = 0; i < ${n * 1000}; i++) x += i; return x; })()`, context); // @sandbox
}

function reviver(n) {
  for (let i = 0; i < n; i++) JSON.parse(text, (key, value) => (key === 'id' ? value + 1 : value)); // @reviver
}

function brotli(n) {
  keep.value = brotliCompressSync(big.subarray(0, n * 10_000)).length; // @brotli
}

function flat(n) {
  for (let i = 0; i < n; i++) keep.value = nested.flatMap((row) => row.flatMap((x) => [x, x + 1])).length; // @flat
}

function collate(n) {
  for (let i = 0; i < n; i++) keep.value = words.slice().sort((a, b) => a.localeCompare(b)).length; // @collate
}

function files(n) {
  for (let i = 0; i < n; i++) for (const name of readdirSync('/usr')) keep.value = statSync(`/usr/${name}`).size; // @files
}

class Row {
  constructor(values) {
    this.values = values;
  }
  get total() {
    return this.values.reduce((sum, value) => sum + value, 0); // @getter
  }
}
const row = new Row(Array.from({ length: 1000 }, (_, i) => i));
function getter(n) {
  for (let i = 0; i < n * 10; i++) keep.value = row.total; // @getter
}

function tokenize(n) {
  const source = 'let total = 0; for (const x of [1, 22, 333]) total += x * 2.5; '.repeat(n);
  const pattern = /\s*(?:(\d+(?:\.\d+)?)|(\w+)|(.))/gy;
  const counts = { number: 0, word: 0, other: 0 };
  let match = pattern.exec(source);
  while (match !== null) {
    if (match[1] !== undefined) counts.number++;
    else counts[match[2] === undefined ? 'other' : 'word']++;
    match = pattern.exec(source); // @tokenize
  }
  keep.value = counts.word;
}

function matrix(n) {
  const size = 30;
  const a = Float64Array.from({ length: size * size }, (_, i) => i % 7);
  const c = new Float64Array(size * size);
  for (let round = 0; round < n; round++) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += a[i * size + k] * a[k * size + j]; // @matrix
        c[i * size + j] = sum;
      }
    }
  }
  keep.value = c[5];
}

function linked(n) {
  let head = null;
  for (let i = 0; i < 1000; i++) head = { next: head, i };
  for (let round = 0; round < n * 10; round++) {
    let sum = 0;
    for (let node = head; node !== null; node = node.next) sum += node.i; // @linked
    keep.value = sum;
  }
}

function template(n) {
  const page = 'Dear {{name}}, you owe {{sum}} to {{whom}}. '.repeat(20);
  const values = { name: 'Ada', sum: '10', whom: 'Charles' };
  const fillIn = (_, key) => values[key].toUpperCase(); // @template
  for (let i = 0; i < n; i++) keep.value = page.replace(/\{\{(\w+)\}\}/g, fillIn).length; // @template
}

function intersect(n) {
  const [evens, threes] = [new Set(), new Set()];
  for (let i = 0; i < 2000; i++) {
    evens.add(i * 2);
    threes.add(i * 3);
  }
  for (let round = 0; round < n; round++) {
    const both = [];
    for (const x of evens) {
      if (threes.has(x)) both.push(x); // @intersect
    }
    keep.value = both.length;
  }
}

const encoded = big.toString('base64');
function base64(n) {
  for (let i = 0; i < n; i++) keep.value = Buffer.from(encoded, 'base64').length; // @base64
}

async function summarize(items) {
  const groups = {};
  for (const { id, name } of items) {
    const key = name.slice(0, 5) + (id % 10); // @grouped
    (groups[key] ??= []).push(id); // @grouped
  }
  return Object.keys(groups).length;
}
function grouped(n) {
  const items = Array.from({ length: n * 100 }, (_, i) => ({ id: i, name: `row number ${i}` })); // @grouped
  void summarize(items);
}

let imports = 0;
async function imported(n) {
  return (await import(`./imported.mjs?units=${n}&nth=${imports++}`)).block;
}

/** `native` also where one line loops over short native calls: whether one of them was long is for the system to say. */
export const unseen = [
  { name: 'fill', run: fill, causes: native, opaque: true },
  { name: 'format', run: format, causes: both },
  { name: 'normalize', run: normalize, causes: both, opaque: true },
  { name: 'bigints', run: bigints, causes: both, opaque: true, power: 1.6 },
  { name: 'weak', run: weak, causes: computes },
  { name: 'cloneMap', run: cloneMap, causes: both },
  { name: 'query', run: query, causes: both },
  { name: 'search', run: search, causes: native, opaque: true },
  { name: 'digest', run: digest, causes: native, opaque: true },
  { name: 'random', run: random, causes: native, opaque: true },
  { name: 'dates', run: dates, causes: both },
  { name: 'sandbox', run: sandbox, causes: computes },
  { name: 'reviver', run: reviver, causes: both },
  { name: 'brotli', run: brotli, causes: native },
  { name: 'flat', run: flat, causes: computes },
  { name: 'collate', run: collate, causes: both },
  { name: 'files', run: files, causes: [...both, 'sync-wait'] },
  { name: 'getter', run: getter, causes: computes },
  { name: 'tokenize', run: tokenize, causes: both },
  { name: 'matrix', run: matrix, causes: computes },
  { name: 'linked', run: linked, causes: computes },
  { name: 'template', run: template, causes: both },
  { name: 'intersect', run: intersect, causes: computes },
  { name: 'base64', run: base64, causes: both },
  { name: 'grouped', run: grouped, causes: both },
  { name: 'imported', run: imported, causes: computes },
];
