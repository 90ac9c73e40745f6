/**
 * What watching costs: CPU time of the watched thread per request and per await, all contestants' processes alive and taking
 * turns, and what an idle process burns.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.ts';

export interface Cost {
  readonly contestant: string;
  /** Microseconds of the thread's CPU. */
  readonly perRequest: number;
  readonly requests: readonly number[];
  /** Nanoseconds. */
  readonly perAwait: number;
  readonly awaits: readonly number[];
  /** Percent of one core, all threads; megabytes. */
  readonly idle: number;
  readonly rss: number;
  /** Reports of a process that did nothing. */
  readonly falseAlarms: number;
}

interface Mark {
  readonly thread: number;
  readonly all: NodeJS.CpuUsage;
  readonly at: number;
  readonly rss: number;
  readonly reports: number;
}

class Victim {
  readonly contestant: string;
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly requests: number[] = [];
  readonly awaits: number[] = [];

  private constructor(contestant: string, child: ChildProcess, port: number) {
    this.contestant = contestant;
    this.#child = child;
    this.#port = port;
  }

  static async start(contestant: string): Promise<Victim> {
    const threshold = contestant === 'debug' ? '20' : '100';
    // To nobody: the port is closed.
    const env = { ...process.env, SENTRY_DSN: 'http://key@127.0.0.1:9/1' };
    const child = fork(fileURLToPath(new URL('./victim.mjs', import.meta.url)), [contestant, threshold], { env, execArgv: [] });
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return new Victim(contestant, child, port);
  }

  async #tell<T>(...order: unknown[]): Promise<T> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    return ((await answer) as [T])[0];
  }

  mark(): Promise<Mark> {
    return this.#tell<Mark>('mark');
  }

  /** As many requests as can be answered in that time. */
  async serve(ms: number, counts = true): Promise<void> {
    const before = await this.mark();
    const answered = await load(this.#port, ms);
    const after = await this.mark();
    if (counts) this.requests.push((after.thread - before.thread) / 1000 / answered);
  }

  async await(n: number, counts = true): Promise<void> {
    const { nanoseconds } = await this.#tell<{ nanoseconds: number }>('awaits', n);
    if (counts) this.awaits.push(nanoseconds);
  }

  stop(): void {
    this.#child.disconnect();
  }
}

const CONNECTIONS = 32;
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Bare sockets with one request each under way: the server is the bottleneck, not its client. */
async function load(port: number, ms: number): Promise<number> {
  let answered = 0;
  const until = performance.now() + ms;
  const one = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (data: Buffer) => {
      if (!data.subarray(-2).equals(Buffer.from(']}')) && !data.subarray(-5).equals(Buffer.from('0\r\n\r\n'))) return;
      answered++;
      if (performance.now() < until) socket.write(REQUEST);
      else socket.end();
    });
    socket.write(REQUEST);
    await once(socket, 'close');
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return answered;
}

export interface Effort {
  /** Times that all processes are started afresh: what the compiler of one has made of the server, it keeps, for better or worse. */
  readonly generations: number;
  readonly rounds: number;
  /** Milliseconds of load per round, and awaits. */
  readonly serve: number;
  readonly awaits: number;
  /** Milliseconds. */
  readonly idle: number;
}

export async function costs(contestants: readonly string[], effort: Effort): Promise<Cost[]> {
  const idle = await idleCosts(contestants, effort.idle);
  const generations: Victim[][] = [];
  for (let i = 0; i < effort.generations; i++) generations.push(await priced(contestants, effort));
  return contestants.map((contestant, i) => {
    const requests = generations.flatMap((victims) => victims[i]!.requests);
    const awaits = generations.flatMap((victims) => victims[i]!.awaits);
    return { contestant, perRequest: median(requests), requests, perAwait: median(awaits), awaits, ...idle[i]! };
  });
}

/** All of them in processes of their own, which take turns. */
async function priced(contestants: readonly string[], { rounds, serve, awaits }: Effort): Promise<Victim[]> {
  const victims: Victim[] = [];
  for (const contestant of contestants) victims.push(await Victim.start(contestant));
  for (const victim of victims) {
    await victim.serve(serve, false);
    await victim.await(awaits / 4, false);
  }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? victims : [...victims].reverse();
    for (const victim of order) await victim.serve(serve);
    for (const victim of order) await victim.await(awaits);
  }
  for (const victim of victims) victim.stop();
  return victims;
}

/** Side by side: they do nothing. */
async function idleCosts(contestants: readonly string[], ms: number): Promise<Pick<Cost, 'idle' | 'rss' | 'falseAlarms'>[]> {
  const victims = await Promise.all(contestants.map((contestant) => Victim.start(contestant)));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = await Promise.all(victims.map((victim) => victim.mark()));
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = await Promise.all(victims.map((victim) => victim.mark()));
  for (const victim of victims) victim.stop();
  return after.map((mark, i) => {
    const { all, at, reports } = before[i]!;
    const burnt = (mark.all.user + mark.all.system - all.user - all.system) / 1000;
    return { idle: (100 * burnt) / (mark.at - at), rss: mark.rss / 1e6, falseAlarms: mark.reports - reports };
  });
}
