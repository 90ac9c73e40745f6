/** A log as one self-contained HTML page: no network, no file beside it. */
import { builtin } from '../base/late.ts';
import { assets } from './assets.ts';
import { buildPageModel } from './build-page-model.ts';
import type { PageModelOptions } from './build-page-model.ts';
import { headline, worstRun } from './headline.ts';
import { pack } from './pack.ts';
import type { PageModel } from './page-model.ts';
import type { Log } from './read.ts';

/** What a page shows of a log. Reads the source files that the log names, as far as they are there. */
export function reportFromLog(log: Pick<Log, 'lines'> & Partial<Log>, options?: PageModelOptions): PageModel {
  const problems = (log.problems ?? []).map(({ message }) => message);
  return buildPageModel(log.lines, problems, options);
}

/** The page. Pure: the same model gives the same text. */
export function htmlReport(model: PageModel): string {
  const { script, style, markup } = assets();
  const { text } = headline(model, model.runs[worstRun(model.runs)]);
  const words: Readonly<Record<string, string>> = {
    headline: escape(text),
    about: '',
    problems: model.problems.map((problem) => `<li>${escape(problem)}</li>`).join(''),
    made: escape(`Made by offloop on ${new Date(model.made).toUTCString()}. Everything is in this file: it loads nothing from anywhere.`),
  };
  // Whatever a name or a source line contains, only what was built ahead runs.
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(text)} – offloop lag report</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    markup.replace(/\{\{(\w+)\}\}/g, (_, name: string) => words[name] ?? ''),
    `<script type="application/json" id="data">${embed(pack(model))}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const hash = (text: string): string => `sha256-${builtin('node:crypto').createHash('sha256').update(text).digest('base64')}`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c]!);

/** JSON that cannot end the element it stands in, nor open a comment in it. */
export function embed(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
