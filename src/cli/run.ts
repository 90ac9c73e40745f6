/** `offloop run app.ts`: a program with the lag monitor, without a change of it. */
import { pathToFileURL } from 'node:url';
import { libraryFile } from '../base/worker-file.ts';
import { exitCodes, failure, usageError } from './command-error.ts';
import { numberOf } from './command.ts';
import type { Command, Input } from './command.ts';
import { loaderFor, findScript } from './loader.ts';
import { monitorVariable } from './monitor-variable.ts';
import { runProgram } from './run-program.ts';

export const run: Command = {
  name: 'run',
  usage: '[options] app.ts [arguments…]',
  summary: 'run a program with the lag monitor, without a change of it',
  details: `What follows the program's name is the program's. It gets the terminal, the signals and the environment of this
command, which ends as the program does: with its exit code, or by its signal.

The monitor prints to stderr, or writes to a log. .ts files run on Node 22.18 and later, on older ones (and .tsx files) with
tsx, if that is installed. Flags for Node itself go into NODE_OPTIONS.`,
  options: {
    debug: { help: 'see blocks of 20 ms, with a CPU profile; debug mode of tasks' },
    threshold: { value: 'ms', help: 'report blocks from here on (default 100, with --debug 20)' },
    log: { value: 'file', implied: 'lag.ndjson', help: 'write reports there as JSON lines instead of to stderr\n(default lag.ndjson)' },
    report: { value: 'file', implied: 'lag.html', help: 'write an HTML report when the program ends (default lag.html)' },
    profile: { help: 'find lines by a rolling CPU profile too (on with --debug)' },
  },
  passesOn: true,
  async run(input, console) {
    const [script, ...args] = input.operands;
    if (script === undefined) throw usageError('run: which program? Usage: offloop run [options] app.ts [arguments…]');
    const { env } = console.streams;
    const variable = monitorVariable(env['OFFLOOP_MONITOR'], settingsOf(input));
    const file = findScript(script, process.cwd());
    const debug = input.values.has('debug') ? { OFFLOOP_DEBUG: '1' } : {};
    const flags = [...loaderFor(file), '--import', preload()];
    const ended = await runProgram([...flags, script, ...args], { ...env, ...debug, OFFLOOP_MONITOR: variable });
    if ('error' in ended) throw failure(`cannot start ${process.execPath}: ${ended.error.message}`, ended.error);
    return ended.code ?? exitCodes.failed;
  },
};

function settingsOf(input: Input): Record<string, string> {
  const settings: Record<string, string> = {};
  const debug = input.values.has('debug');
  if (debug) settings['mode'] = 'debug';
  const threshold = numberOf(input, 'threshold', { least: debug ? 10 : 20 });
  if (threshold !== undefined) settings['threshold'] = String(threshold);
  if (input.values.has('profile')) settings['profile'] = debug ? '5' : '10';
  for (const name of ['log', 'report']) {
    const path = input.values.get(name);
    if (path !== undefined) settings[name] = path;
  }
  return settings;
}

/** Our own, by its address: the program need not have offloop installed. */
function preload(): string {
  return pathToFileURL(libraryFile('monitor/preload')).href;
}
