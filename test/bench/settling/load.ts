/**
 * A cash register that settles over HTTP what it accepted: a batch, and the next when it has the answer. All of them are
 * made before the window begins; in a batch every receipt is of another code. A program of its own: `load.ts '{"port": …, …}'`.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest, Agent } from 'node:http';
import { signReceipt } from '../../../src/protocol/code-receipt.ts';
import { joinCode, signProof } from '../../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../../src/protocol/ed25519.ts';
import { LoadWindow, type WindowOptions } from '../load-window.ts';
import type { SeededCodes } from './seeded-codes.ts';

export interface LoadOptions extends WindowOptions {
  readonly port: number;
  /** A file with `SeededCodes`. */
  readonly seeded: string;
  /** The first counter that no earlier window has used. */
  readonly firstCounter: number;
  readonly batch: number;
  /** How many batches at most; more than any server settles in the window. */
  readonly batches: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const { port, batch, batches, firstCounter } = options;
const { codes, registerToken, registerId, payeeId, receiptSeed } = JSON.parse(readFileSync(options.seeded, 'utf8')) as SeededCodes;
const receiptKey = newEd25519(Buffer.from(receiptSeed, 'base64url')).privateKey;
const holders = codes.map(({ id, signed, seed }) => ({ id, signed: Buffer.from(signed, 'base64url'), key: newEd25519(Buffer.from(seed, 'base64url')).privateKey }));
const at = new Date();

function accepted(number: number): { code: string; receipt: string } {
  const { id, signed, key } = holders[number % holders.length]!;
  const counter = firstCounter + Math.floor(number / holders.length);
  const code = joinCode(signed, signProof({ counter, at, amount: 125n, payeeId }, signed, key));
  const receipt = signReceipt({ registerId, payeeId, tokenId: id, counter, amount: { minor: 125n, currency: 'EUR' }, at, trustAsOf: at, codeHash: hash('sha256', code, 'buffer') }, receiptKey);
  return { code: Buffer.from(code).toString('base64url'), receipt: Buffer.from(receipt).toString('base64url') };
}

const bodies = Array.from({ length: batches }, (_, index) => JSON.stringify({ accepted: Array.from({ length: batch }, (_of, place) => accepted(index * batch + place)) }));
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function settle(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'authorization': `Bearer ${registerToken}`, 'content-type': 'application/json', 'content-length': body.length };
    const call = httpRequest({ agent, host: '127.0.0.1', port, method: 'POST', path: '/v1/code-settlements', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(text)).on('error', reject);
    });
    call.on('error', reject).end(body);
  });
}

const load = new LoadWindow();
let over = false;
const settling = (async () => {
  for (const body of bodies) {
    if (over) return;
    const askedAt = performance.now();
    const reply = await settle(body);
    const settled = reply.split('"outcome":"settled"').length - 1;
    if (settled !== batch) {
      throw new Error(`these are not all settled: ${reply.slice(0, 500)}`);
    }
    for (let count = 0; count < batch; count += 1) load.add(askedAt);
  }
  throw new Error('there were too few batches for the window');
})();
const result = await Promise.race([load.measure(options), settling]);
over = true;
await settling;
agent.destroy();
console.log(JSON.stringify(result));
