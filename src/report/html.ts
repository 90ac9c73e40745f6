/** A log as one self-contained HTML page: no network, no file beside it. */
import { buildPageModel } from './build-page-model.ts';
import type { PageModelOptions } from './build-page-model.ts';
import type { PageModel } from './page-model.ts';
import type { Log } from './read.ts';

/** What a page shows of a log. Reads the source files that the log names, as far as they are there. */
export function reportFromLog(log: Pick<Log, 'lines'> & Partial<Log>, options?: PageModelOptions): PageModel {
  return buildPageModel(
    log.lines,
    (log.problems ?? []).map(({ message }) => message),
    options,
  );
}

/** The page. Pure: the same model gives the same text. */
export function htmlReport(model: PageModel): string {
  return `<!doctype html><title>offloop lag report</title><script type="application/json">${embed(model)}</script>`;
}

/** JSON that cannot end the element it stands in, nor open a comment in it. */
export function embed(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
