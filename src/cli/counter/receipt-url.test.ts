import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Register } from '../../domain/sale.ts';
import { counterSocket } from '../agent-files.ts';
import { receiptUrlOf } from './receipt-url.ts';

const register: Register = { id: 'pos_1', name: 'Till 1', payeeId: 'acc_1', apId: 'ap_1', tariff: undefined, jwk: undefined, receiptKey: undefined };
const url = () => receiptUrlOf({ register }, '7K2M-9QXA');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-'));
  vi.stubEnv('LATCHKEY_STATE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** What the register’s agent answers. */
async function agent(body: string): Promise<AsyncDisposable> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(body));
  await new Promise<void>((resolve) => server.listen(counterSocket(register.id), resolve));
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test('the code is behind the address of the page, in what is sent to nobody', async () => {
  await using _agent = await agent('{"phone_url":"https://till.example:8443/"}');
  expect(await url()).toBe('https://till.example:8443/#7K2M-9QXA');
});

test('there is none without an agent, nor where phones do not reach it', async () => {
  expect(await url()).toBeUndefined();
  await using _agent = await agent('{}');
  expect(await url()).toBeUndefined();
});

test.each(['nonsense', '{"phone_url":7}'])('an agent that answers %s is not one that does not run', async (body) => {
  await using _agent = await agent(body);
  await expect(url()).rejects.toMatchObject({ code: 'bad_reply' });
});
