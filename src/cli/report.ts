/** `offloop report lag.ndjson`: what a log says, as text, JSON or a page. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { htmlReport, reportFromLog } from '../report/html.ts';
import { LogVersionError, readLog } from '../report/read.ts';
import type { Log } from '../report/read.ts';
import { exitCodes, failure, usageError } from './command-error.ts';
import { checkOperands } from './command.ts';
import type { Command } from './command.ts';
import { readChunks } from './log-file.ts';
import { rank } from './ranking.ts';
import { reportText } from './report-text.ts';

export const report: Command = {
  name: 'report',
  usage: 'lag.ndjson [--html [lag.html] | --json]',
  summary: 'what a log says: the lines that blocked most, then each block',
  details: `The log is what offloop run --log, or the option log of a LoopMonitor, writes. A - reads it from stdin. Lines that cannot be
used are left out, which is told on stderr.`,
  options: {
    html: { value: 'file', implied: 'lag.html', help: 'write a page instead (default lag.html)' },
    json: { help: 'the same as JSON' },
  },
  run(input, console) {
    checkOperands(report, input, 1, 1);
    const html = input.values.get('html');
    if (html !== undefined && input.values.has('json')) throw usageError('report: --html or --json, not both');
    const name = input.operands[0]!;
    const log = load(name);
    for (const { message } of log.problems) console.note(message);
    if (log.lines.length === 0) throw failure(emptyText(name, log));
    if (html !== undefined) {
      save(html, htmlReport(reportFromLog(log)));
      console.print(`${html} is written: open it in a browser`);
    } else if (input.values.has('json')) console.printJson({ v: 1, ...rank(log.lines), problems: log.problems });
    else console.print(reportText(rank(log.lines), console.paint));
    return exitCodes.ok;
  },
};

function load(name: string): Log {
  try {
    return readLog(readChunks(name));
  } catch (error) {
    if (error instanceof LogVersionError) throw failure(`${name}: ${error.message}`, error);
    throw error;
  }
}

function emptyText(name: string, { problems }: Log): string {
  if (problems.length > 0) return `${name} is not a lag log: nothing in it can be used`;
  return `${name} is empty: nothing has been written to it yet`;
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw failure(`cannot write ${resolve(path)}: ${(error as Error).message}`, error);
  }
}
