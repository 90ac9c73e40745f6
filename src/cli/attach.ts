/**
 * A connection to the inspector of a running process: the one that is open, or one that SIGUSR1 has Node open, also while the
 * event loop is blocked. What was opened here is closed again; what was found open is left as it was.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { unreachable } from './command-error.ts';
import { connect } from './inspector.ts';
import type { Connection, InspectorSession } from './inspector.ts';
import { listenersOf, ownerOf } from './listeners.ts';
import type { Listener } from './listeners.ts';
import { isAsleep, unreachableCall } from './native.ts';
import type { NativeCall } from './native.ts';
import { childrenOf, commandOf } from './proc.ts';
import type { ProcessFacts } from './proc.ts';
import { quietMoment } from './quiet-moment.ts';
import { identify, whyNotSignal } from './suitable.ts';
import type { Address } from './websocket.ts';

export interface Attachment {
  /** Of the process that is asked. */
  readonly pid: number;
  readonly session: InspectorSession;
  readonly facts: ProcessFacts | null;
  readonly address: Address;
  /** By us; else it was open before. */
  readonly opened: boolean;
  /** Closes the connection, and the inspector if we opened it or `close` says so. Resolves to whether it is closed now. */
  release(close?: boolean): Promise<boolean>;
}

const POLL = 5;
const SHORT = 500;
/** Another dump may just be using the port. */
const PORT_PATIENCE = 1000;
const DEFAULT_PORT = 9229;

/** `patience`: milliseconds until a process that does not answer is given up. Throws CommandErrors. */
export async function attach(pid: number, patience: number): Promise<Attachment> {
  const facts = identify(pid);
  if (facts === null) return attachBlindly(pid, patience);
  const program = programOf(facts);
  if (program !== undefined) return attach(program, patience);
  const before = listenersOf(pid);
  const found = await knock(
    before.filter(({ port }) => mayBeInspector(facts, port)),
    patience,
  );
  if (found !== undefined) return attached(found, { pid, facts, opened: false, patience });
  const wrong = whyNotSignal(facts);
  if (wrong !== null) throw unreachable(wrong);
  const asleep = await unreachableCall(pid);
  if (asleep !== undefined) throw unreachable(`${nativeText(pid, asleep)}; nothing was sent`);
  await awaitFreePort(facts);
  const opened = await open(facts, before, patience);
  if (opened !== undefined) return attached(opened, { pid, facts, opened: true, patience });
  // The program may have opened one by itself (`inspector.open()`), on any of its ports.
  const own = await knock(before, SHORT);
  if (own !== undefined) return attached(own, { pid, facts, opened: false, patience });
  const asleepNow = await unreachableCall(pid);
  throw unreachable(asleepNow === undefined ? silentText(pid, patience) : nativeText(pid, asleepNow));
}

interface Open {
  readonly address: Address;
  readonly connection: Connection;
}

/** The first of these listeners that is an inspector. */
async function knock(listeners: readonly Listener[], patience: number): Promise<Open | undefined> {
  for (const address of listeners) {
    const connection = await connect(address, patience).catch(() => undefined);
    if (connection !== undefined) return { address, connection };
  }
  return undefined;
}

/** `offloop run` is a Node process too, and so is the npm or npx that started it; whoever has their id means the program that they run. */
export function programOf({ pid, command }: ProcessFacts): number | undefined {
  if (!runsAnother(command)) return undefined;
  const child = onlyChildOf(pid);
  return child !== undefined && /(?:^|[\\/])(?:sh|bash|dash|ash|zsh)$/.test(commandOf(child)[0] ?? '') ? onlyChildOf(child) : child; // npm puts a shell in between
}

function runsAnother(command: readonly string[]): boolean {
  const at = command.findIndex((word) => /(?:[\\/]cli[\\/]main\.[jt]s|[\\/]offloop)$/.test(word));
  const isNpm = /^npm (?:exec|run|run-script|start|test)\b/.test(command[0] ?? ''); // it writes what it does over its command line
  return isNpm || (at >= 0 && command[at + 1] === 'run');
}

function onlyChildOf(pid: number): number | undefined {
  const children = childrenOf(pid);
  return children.length === 1 ? children[0] : undefined;
}

/** Started with --inspect, it may be any of its ports; else the one that SIGUSR1 would open. No other port is knocked at. */
function mayBeInspector(facts: ProcessFacts, port: number): boolean {
  const words = wordsOf(facts);
  const usual = inspectorPort(facts);
  return usual === 0 || usual === port || words.some((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(word));
}

const wordsOf = ({ command, nodeOptions }: ProcessFacts): string[] => [...command, ...nodeOptions.split(/\s+/)];

/** 0: any. The last word counts, and the command line before NODE_OPTIONS. */
export function inspectorPort(facts: ProcessFacts): number {
  for (const words of [facts.command, facts.nodeOptions.split(/\s+/)]) {
    for (const [i, word] of [...words.entries()].reverse()) {
      const [, given] = /^--(?:inspect(?:-brk|-wait|-port)?|debug-port)(?:=(.*))?$/.exec(word) ?? [];
      const text = given ?? (/^--(?:inspect|debug)-port$/.test(word) ? words[i + 1] : undefined);
      const port = /(?:^|:)(\d+)$/.exec(text ?? '')?.[1];
      if (port !== undefined) return Number(port);
    }
  }
  return DEFAULT_PORT;
}

async function awaitFreePort(facts: ProcessFacts): Promise<void> {
  const port = inspectorPort(facts);
  if (port === 0) return; // any will do
  const deadline = performance.now() + PORT_PATIENCE;
  for (let owner = ownerOf(port, facts.pid); owner !== undefined; owner = ownerOf(port, facts.pid)) {
    if (performance.now() > deadline) {
      const who = owner === null ? 'another user’s process' : `process ${owner} (${commandOf(owner).join(' ')})`;
      throw unreachable(
        `process ${facts.pid} cannot open its inspector: port ${port} is taken by ${who}. ` +
          'End that, or start the program with NODE_OPTIONS=--inspect-port=0; nothing was sent',
      );
    }
    await delay(50);
  }
}

async function open(facts: ProcessFacts, before: readonly Listener[], patience: number): Promise<Open | undefined> {
  const { pid } = facts;
  const known = new Set(before.map(({ inode }) => inode));
  await quietMoment(pid);
  send(pid);
  for (const deadline = performance.now() + patience; performance.now() < deadline; await delay(POLL)) {
    identify(pid); // it may have ended meanwhile
    const fresh = listenersOf(pid).filter(({ inode }) => !known.has(inode));
    const opened = await knock(fresh, patience);
    if (opened !== undefined) return opened;
    for (const { inode } of fresh) known.add(inode); // a server that the program has just started
  }
  return undefined;
}

function silentText(pid: number, patience: number): string {
  const head = `process ${pid} has caught SIGUSR1, but no inspector came within ${patience} ms`;
  const asleep = isAsleep(pid);
  const ownHandler = 'it listens for SIGUSR1 itself, which leaves no way in: start it with --inspect';
  const computes =
    'its main thread computes in a native call (crypto, zlib, JSON), or the machine is very busy. Its inspector opens when that is over: ' +
    'try again with a longer --timeout, and with --close to close it';
  if (asleep === undefined) return `${head}: ${ownHandler}; or ${computes}`;
  return `${head}: ${asleep ? ownHandler : computes}`;
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR1');
  } catch {
    throw unreachable(`process ${pid} has just ended`);
  }
}

function nativeText(pid: number, { name, file, children }: NativeCall): string {
  const what =
    children === undefined
      ? `sleeps in the native call ${name}${file === undefined ? '' : ` on ${file}`}`
      : `waits in a synchronous call (execSync, spawnSync) for ${children.map((c) => `process ${c.pid} (${c.command.join(' ')})`).join(', ')}`;
  return `the main thread of process ${pid} ${what}: no JavaScript is reached until that returns`;
}

/** Without /proc: which port opens is a guess, and whether the process catches SIGUSR1 is unknown. */
async function attachBlindly(pid: number, patience: number): Promise<Attachment> {
  const address = { host: '127.0.0.1', port: DEFAULT_PORT };
  const found = await connect(address, patience).catch(() => undefined);
  if (found === undefined) send(pid);
  const deadline = performance.now() + patience;
  let connection = found;
  while (connection === undefined && performance.now() < deadline) {
    await delay(4 * POLL);
    connection = await connect(address, patience).catch(() => undefined);
  }
  if (connection === undefined) throw unreachable(`process ${pid} did not open an inspector on port ${DEFAULT_PORT} within ${patience} ms`);
  const attachment = await attached({ address, connection }, { pid, facts: null, opened: found === undefined, patience });
  const owner = await attachment.session.call(() => process.pid, [], patience);
  if (owner === pid) return attachment;
  connection.close();
  throw unreachable(`process ${pid} cannot open its inspector: port ${DEFAULT_PORT} is taken by process ${owner}`);
}

interface About extends Pick<Attachment, 'pid' | 'facts' | 'opened'> {
  readonly patience: number;
}

async function attached({ address, connection }: Open, { pid, facts, opened, patience }: About): Promise<Attachment> {
  const { session } = connection;
  // Node does not exit while somebody is connected, unless that one hears of it and goes.
  session.onEvent = (method) => {
    if (method === 'NodeRuntime.waitingForDisconnect') connection.close();
  };
  await session.post('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }, patience).catch(() => {}); // Node 12 and older
  const release = async (close = false): Promise<boolean> => {
    if ((opened || close) && !session.gone) {
      // The inspector ends while it answers: the connection breaks, and that is the answer.
      await session.call(endInspector, [], patience).catch(() => {});
    }
    connection.close();
    return facts === null ? opened || close : isGone(pid, address, patience);
  };
  return { pid, session, facts, address, opened, release };
}

/** Runs over there. */
function endInspector(): void {
  (process as unknown as Record<'_debugEnd', () => void>)['_debugEnd']();
}

async function isGone(pid: number, { port }: Address, patience: number): Promise<boolean> {
  for (const deadline = performance.now() + Math.min(patience, PORT_PATIENCE); ; await delay(POLL)) {
    const gone = !listenersOf(pid).some((l) => l.port === port);
    if (gone || performance.now() > deadline) return gone;
  }
}
