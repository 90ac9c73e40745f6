/** More ways to block a loop. The monitor was not tuned on these: they are added to, and never looked at while it is changed. */
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

function decode(n) {
  const bytes = Buffer.concat(Array(n).fill(big)); // @decode
  keep.value = new TextDecoder().decode(bytes).length; // @decode
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
  { name: 'decode', run: decode, causes: native, opaque: true },
  { name: 'search', run: search, causes: native, opaque: true },
  { name: 'digest', run: digest, causes: native, opaque: true },
  { name: 'random', run: random, causes: native, opaque: true },
  { name: 'dates', run: dates, causes: both },
  { name: 'sandbox', run: sandbox, causes: computes },
  { name: 'traps', run: traps, causes: computes },
  { name: 'generated', run: generated, causes: computes },
  { name: 'reviver', run: reviver, causes: both },
  { name: 'brotli', run: brotli, causes: native },
  { name: 'flat', run: flat, causes: computes },
  { name: 'collate', run: collate, causes: both },
  { name: 'files', run: files, causes: [...both, 'sync-wait'] },
  { name: 'getter', run: getter, causes: computes },
  { name: 'imported', run: imported, causes: computes },
];
