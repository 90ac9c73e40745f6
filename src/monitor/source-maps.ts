/** From what runs to what was written: the source maps of built files, read in the watchdog, so that the program pays nothing. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import type { SourceMapping, SourceMapPayload } from 'node:module';
import { pathToFileURL } from 'node:url';
import { pathOf } from './frames.ts';
import type { RawFrame } from './sample.ts';
import type { StackFrame } from '../base/slow-report.ts';

interface Loaded {
  readonly map: SourceMap;
  readonly base: string;
}

export class SourceMaps {
  readonly #loaded = new Map<string, Loaded | null>();

  frame(raw: RawFrame): StackFrame {
    const { fn, file, line, column, source } = raw;
    const found = source ?? this.#lookUp(raw);
    const shown = { fn: found?.fn ?? fn, file: pathOf(found?.file ?? file), line: found?.line ?? line, column: found?.column ?? column };
    return { ...shown, fn: shown.fn === '' ? '<anonymous>' : shown.fn, ...(raw.async === true && { async: true }) };
  }

  #lookUp({ file, line, column, declared }: RawFrame): RawFrame['source'] {
    let loaded = this.#loaded.get(file);
    if (loaded === undefined) this.#loaded.set(file, (loaded = load(pathOf(file))));
    if (loaded === null) return undefined;
    const entry = loaded.map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return undefined;
    const place = { file: resolve(entry.originalSource, loaded.base), line: entry.originalLine + 1, column: entry.originalColumn + 1 };
    const name = declared === undefined ? undefined : nameAt(loaded.map, declared);
    return name === undefined ? place : { ...place, fn: name };
  }
}

function resolve(source: string, base: string): string {
  try {
    return pathOf(new URL(source, base).href);
  } catch {
    return source;
  }
}

/** From where V8 says that a function begins to its name: at once, or after `function `, `async function ` and their stars. */
const TO_NAME = [0, 9, 10, 15, 16];

/** What the function was called before it was minified. */
function nameAt(map: SourceMap, [line, column]: readonly [number, number]): string | undefined {
  const head = map.findEntry(line - 1, column - 1);
  if (!('originalLine' in head)) return undefined;
  for (const offset of TO_NAME) {
    const entry = map.findEntry(line - 1, column - 1 + offset) as Partial<SourceMapping> & { name?: string };
    if (entry.name !== undefined && entry.name !== '' && entry.originalLine === head.originalLine) return entry.name;
  }
  return undefined;
}

/** The last such comment counts. */
const MENTION = /^[ \t]*\/[/*][#@] ?sourceMappingURL=([^\s'"*]+)/gm;

function load(path: string): Loaded | null {
  try {
    const url = [...readFileSync(path, 'utf8').matchAll(MENTION)].at(-1)?.[1];
    if (url === undefined) return null;
    const inline = /^data:application\/json([^,]*),(.*)$/.exec(url);
    const base = inline === null ? new URL(url, pathToFileURL(path)) : pathToFileURL(path);
    const text = inline === null ? readFileSync(base, 'utf8') : decode(inline[2]!, inline[1]!.endsWith(';base64'));
    return { map: new SourceMap(JSON.parse(text) as SourceMapPayload), base: base.href };
  } catch {
    return null; // no file, no map, or a broken one: what runs is shown as it runs
  }
}

function decode(data: string, base64: boolean): string {
  return base64 ? Buffer.from(data, 'base64').toString() : decodeURIComponent(data);
}
