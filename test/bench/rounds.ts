import { loadCore } from './cores.ts';
import type { LoadResult, WindowOptions } from './load-window.ts';
import { answerOf, type PinnedProcess } from './pinned-process.ts';
import { median } from './statistics.ts';

/** A server that answers, and the program that asks it. */
export interface Contender {
  readonly name: string;
  readonly server: PinnedProcess;
  readonly load: URL;
  /** What that program is told beside its window. */
  readonly asked: object;
  /** It waits for nothing but its CPU: a run in which it did not have a core does not count. */
  readonly cpuBound: boolean;
  stop(): Promise<void>;
}

/** Those of one bench; they stop with it. */
export class Contenders implements AsyncDisposable {
  readonly all: Contender[] = [];

  add(contender: Contender): void {
    this.all.push(contender);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((contender) => contender.stop()));
  }
}

export interface RoundSizes extends Omit<WindowOptions, 'serverPid'> {
  readonly rounds: number;
}

export type Results = ReadonlyMap<string, readonly LoadResult[]>;

const leastBusy = 0.95;
/** A round in which others had the server's core is measured again, so often for each that counts. */
const triesPerRound = 3;

/** Each contender once a round, so that what disturbs the machine disturbs all alike. */
export async function measureInRounds(figure: string, contenders: readonly Contender[], { rounds, warmUpMs, windowMs }: RoundSizes): Promise<Results> {
  const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  let tries = triesPerRound * rounds;
  let counted = 0;
  for (; counted < rounds && tries > 0; tries -= 1) {
    const found: [Contender, LoadResult][] = [];
    for (const contender of contenders) {
      const { asked, server, load } = contender;
      found.push([contender, await answerOf<LoadResult>(loadCore, load, { ...asked, serverPid: server.pid, warmUpMs, windowMs })]);
    }
    const idle = found.filter(([{ cpuBound }, { serverBusy }]) => cpuBound && serverBusy < leastBusy);
    console.error(`${figure}, round ${counted + 1}: ${found.map(([{ name }, result]) => `${name} ${shortly(result)}`).join(', ')}`);
    if (idle.length === 0) {
      found.forEach(([{ name }, result]) => results.get(name)!.push(result));
      counted += 1;
    }
  }
  if (counted === 0) {
    throw new Error('There was no round in which every server had its core: this machine has other work.');
  }
  return results;
}

/** The median of how many times as many answers one gave in a round as the other. */
export function medianRatio(ours: readonly LoadResult[], others: readonly LoadResult[]): number {
  return median(ours.map((result, round) => result.perSecond / others[round]!.perSecond));
}

/** How much of its core the server had at least, in percent. */
export function leastBusyPercent(results: readonly LoadResult[]): number {
  return Math.floor(Math.min(...results.map(({ serverBusy }) => serverBusy)) * 100);
}

export function summary(results: readonly LoadResult[]): string {
  const of = (pick: (result: LoadResult) => number) => median(results.map(pick));
  return `${Math.round(of(({ perSecond }) => perSecond)).toLocaleString('en')}/s, ${of(({ cpuMicros }) => cpuMicros).toFixed(0)} µs CPU, p50 ${of(({ p50Ms }) => p50Ms).toFixed(1)} ms, p99 ${of(({ p99Ms }) => p99Ms).toFixed(1)} ms`;
}

function shortly({ perSecond, cpuMicros, serverBusy }: LoadResult): string {
  return `${Math.round(perSecond)}/s ${cpuMicros.toFixed(0)} µs (${Math.round(serverBusy * 100)} %)`;
}
