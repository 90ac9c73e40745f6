/**
 * Where something was made, and where a task waits: the caller's lines, without those of offloop and of Node.
 *
 * V8 notes the frames when `captureStackTrace` is called and turns them into text (through source maps) when `stack` is first
 * read, so a site that nobody asks for costs the walk only. Frames marked `async` are those that wait for the one above them.
 */
import { amongOthers, ownFolders } from '../base/worker-file.ts';

/** Carries a stack; opaque to others. */
export interface Site {
  readonly stack?: string;
  readonly depth: number;
}

/** Frames of offloop between the caller and the hook; the deepest way in has fewer. */
const OUR_FRAMES = 16;

export function captureSite(depth: number): Site {
  const site: Site = { depth };
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = depth + OUR_FRAMES;
  Error.captureStackTrace(site, captureSite);
  Error.stackTraceLimit = limit;
  return site;
}

/** Our folders as sources and as built; source maps show the former where the latter ran. */
const ours: readonly string[] = Object.values(ownFolders).flatMap((folder) => {
  const built = folder.replaceAll('\\', '/');
  return [built, built.replace(/\/dist\/(\w+\/)$/, '/$1')];
});

function isOurs(line: string): boolean {
  const path = line.replaceAll('\\', '/');
  return ours.some((folder) => path.includes(folder));
}

function isForeign(line: string): boolean {
  return line.includes('node:') || line.endsWith('(<anonymous>)');
}

function linesOf(site: Site): string[] {
  const lines = (site.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line.startsWith('at ') && !isForeign(line)).map((line) => line.slice(3));
}

/** The caller's frames, innermost first: `handler (/app/main.ts:12:5)`. In a program's bundle all frames, should nothing else be left. */
export function framesOf(site: Site): string[] {
  const lines = linesOf(site);
  const callers = lines.filter((line) => !isOurs(line));
  return (callers.length > 0 || !amongOthers ? callers : lines).slice(0, site.depth);
}

/** The frames as a text block, for reports. */
export function textOf(site: Site): string {
  return framesOf(site)
    .map((frame) => `    at ${frame}`)
    .join('\n');
}

/** The innermost line of the caller, in full: `/app/main.ts:12:5`. */
export function placeOf(site: Site): string | undefined {
  const [frame] = framesOf(site);
  return frame === undefined ? undefined : (/\(([^()]*)\)$/.exec(frame)?.[1] ?? frame).replace(/^async /, '');
}

/** The same in short, good for a name: `main.ts:12`. */
export function shortPlaceOf(site: Site): string | undefined {
  return /([^/\\]+:\d+):\d+$/.exec(placeOf(site) ?? '')?.[1];
}

/** Which of our functions was called: the outermost of our frames above the caller's first. */
export function calledIn(site: Site): string | undefined {
  const lines = linesOf(site);
  const end = lines.findIndex((line) => !isOurs(line));
  const [name] = /^(?:async )?(?:new )?[\w$.#<>]+/.exec(lines[end - 1] ?? '') ?? [];
  return name?.replace(/^async /, '');
}
