/** The text of a stack as frames. Of the program's only, and what the innermost of them has called. */
import { isUserFile, nativeAbove, pathOf } from './frames.ts';
import type { RawFrame } from './sample.ts';

const FRAME = /^\s*at (async )?(?:(.*?) \()?((?:file:\/\/|\/|[A-Za-z]:[\\/]|node:)?[^()]*?)(?::(\d+):(\d+))?\)?$/;

export function parseStack(text: string): RawFrame[] {
  const frames = text.split('\n').flatMap((line) => toFrame(line) ?? []);
  const native = nativeAbove(frames);
  const [first, ...rest] = frames.filter(({ file }) => isUserFile(file));
  if (first === undefined) return [];
  return [native === undefined ? first : { ...first, fn: `${first.fn || '<anonymous>'} in ${native}` }, ...rest];
}

function toFrame(line: string): RawFrame | null {
  const [, async, fn = '', file = '', row, column] = FRAME.exec(line) ?? [];
  if (file === '') return null;
  const native = file === '<anonymous>' || file === 'native';
  const name = fn.replace(/ \[as .*\]$/, '').replace(/^new /, '');
  const place = { file: native ? '' : pathOf(file), line: Number(row ?? 0), column: Number(column ?? 0) };
  return { fn: name, ...place, ...(async !== undefined && { async: true }) };
}
