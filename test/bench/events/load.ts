/** Terminals that listen, and what they hear: one answer with all delays, in milliseconds. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { median, quantile } from '../statistics.ts';

export interface LoadOptions {
  readonly port: number;
  readonly tellPort: number;
  /** Of each terminal. */
  readonly tokens: readonly string[];
  readonly rounds: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadAnswer {
  /** An event to all at once. */
  readonly all: Delays;
  /** To one after the other, at a rate. */
  readonly each: Delays;
  /** How long the calls that told took. */
  readonly allCalls: Delays;
  readonly eachCalls: Delays;
}

const { port, tellPort, tokens, rounds, perSecond, seconds } = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const sent = '"sent":"';
let delays: number[] = [];
let heard = () => {};

async function listen(token: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' }).setNoDelay();
  const begun = Promise.withResolvers<void>();
  socket.on('data', (piece) => {
    const now = process.hrtime.bigint();
    for (let at = piece.indexOf(sent); at >= 0; at = piece.indexOf(sent, at + 1)) {
      const from = at + sent.length;
      delays.push(Number(now - BigInt(piece.toString('latin1', from, from + 20))) / 1e6);
      heard();
    }
    if (piece.includes('id: ')) begun.resolve();
  });
  socket.on('close', () => begun.reject(new Error('the stream ended')));
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await begun.promise;
}

/** Has it told, and waits until so many were heard; how long the calls took. */
async function told(path: string, count: number): Promise<number[]> {
  const before = delays.length;
  const all = new Promise<void>((resolve) => {
    heard = () => {
      if (delays.length - before === count) resolve();
    };
  });
  const response = await fetch(`http://127.0.0.1:${tellPort}${path}`);
  const calls = (await response.json()) as number[];
  await all;
  return calls;
}

const of = (values: readonly number[]): Delays => ({ p50Ms: median(values), p99Ms: quantile(values, 0.99) });

for (const token of tokens) await listen(token);
const run = async (path: string, count: number, times: number): Promise<{ delays: Delays; calls: Delays }> => {
  await told(path, count);
  delays = [];
  const calls: number[] = [];
  for (let round = 0; round < times; round += 1) {
    calls.push(...(await told(path, count)));
    await delay(50);
  }
  return { delays: of(delays), calls: of(calls) };
};
const all = await run('/all', tokens.length, rounds);
const count = perSecond * seconds;
const each = await run(`/each?perSecond=${perSecond}&count=${count}`, count, 1);
const answer: LoadAnswer = { all: all.delays, each: each.delays, allCalls: all.calls, eachCalls: each.calls };
console.log(JSON.stringify(answer));
