/**
 * Sixteen terminals that pay over HTTP, each its next payment when it has the answer to the last, with the code that
 * follows from it. A program of its own: `load.ts '{"port": …, …}'`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { nextCode, transactionPassword } from '../../../src/protocol/transaction-password.ts';
import { LoadWindow, type WindowOptions } from '../load-window.ts';
import { identityCode, type SeededTerminal } from './seeded-ledger.ts';

export interface LoadOptions extends WindowOptions {
  readonly port: number;
  readonly payeeId: string;
  readonly terminals: readonly SeededTerminal[];
  /** Where each terminal left off in an earlier window: the bench's own file. */
  readonly codes: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const load = new LoadWindow();
const held = new Map<string, { number: number; code: string }>(
  existsSync(options.codes) ? (JSON.parse(readFileSync(options.codes, 'utf8')) as [string, { number: number; code: string }][]) : [],
);
const run = Date.now().toString(36);
let over = false;

function pay(terminal: SeededTerminal, at: number): Promise<Socket> {
  const { accountId, token } = terminal;
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  let received = '';
  let askedAt = 0;
  let count = 0;
  const ask = () => {
    const { number, code } = held.get(accountId) ?? { number: 1, code: terminal.code };
    const key = `${run}-${at}-${(count += 1)}`;
    const amount = { minor: 125n, currency: 'EUR' };
    const password = transactionPassword('hmac-sha256', Buffer.from(code, 'base64url'), identityCode, { accountId, amount, payeeId: options.payeeId, idempotencyKey: key });
    const body = JSON.stringify({ account_id: accountId, code_number: number, payee_id: options.payeeId, amount: { minor: '125', currency: 'EUR' }, password });
    askedAt = performance.now();
    socket.write(
      `POST /v1/payments HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1');
  };
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
    const bodyStart = received.indexOf('\r\n\r\n') + 4;
    if (bodyStart < 4) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1]);
    if (Buffer.byteLength(received.slice(bodyStart)) < length) return;
    const rotation = /"rotation":"([A-Za-z0-9_-]{43})"/.exec(received)?.[1];
    if (!received.startsWith('HTTP/1.1 201 ') || rotation === undefined) {
      throw new Error(`this is no payment: ${received}`);
    }
    const { number, code } = held.get(accountId) ?? { number: 1, code: terminal.code };
    const next = nextCode(Buffer.from(code, 'base64url'), Buffer.from(rotation, 'base64url'), accountId);
    held.set(accountId, { number: number + 1, code: next.toString('base64url') });
    load.add(askedAt);
    received = '';
    if (over) {
      socket.end();
    } else {
      ask();
    }
  });
  socket.on('error', (error) => {
    throw error;
  });
  return new Promise((resolve) => socket.on('connect', () => { ask(); resolve(socket); }));
}

const sockets = await Promise.all(options.terminals.map(pay));
const result = await load.measure(options);
over = true;
await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve))));
writeFileSync(options.codes, JSON.stringify([...held]));
console.log(JSON.stringify(result));
