import { Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { HttpClient } from '../../src/client/http-client.ts';
import { WalletClient } from '../../src/client/wallet-client.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import type { Store } from '../../src/roles/store.ts';
import type { VerificationSender } from '../../src/roles/wallet/ports.ts';
import { WalletService } from '../../src/roles/wallet/service.ts';
import { VerificationPost } from '../../src/roles/wallet/verification-post.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { codeOf, Outbox, TestClock } from '../contract/roles.harness.ts';
import { testSealer } from '../storage/sealer.ts';
import { ask } from './raw-http.ts';
import { enrollIn, startServer, systemClock, systemRandom } from './running-server.ts';

/** A registry in memory with Anna's account, and her codes as a server has them that ended before it sent any. */
async function registry(clock = systemClock) {
  const store = await openMemoryStore(testSealer());
  await new LedgerService({ store, clock, random: systemRandom, actor: { kind: 'local' } }).open({ name: 'Anna', currency: 'EUR', contact: 'anna@example.org' });
  const { secret, token } = await enrollIn(store, 'terminal', {}, clock);
  const wallet = new WalletService({ store, clock, random: systemRandom, actor: { kind: 'token', token }, sendCode: async () => {} });
  return { store, secret, leave: (key: string) => wallet.requestVerification({ key, account: 'Anna', name: 'Anna' }) };
}

/** A server over it that sends its codes by a sender. */
async function serving({ store, secret }: { store: Store; secret: string }, verificationSender: VerificationSender) {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line));
      done();
    },
  });
  const running = await startServer({ store, verificationSender, log: { level: 'error', stream } });
  const http = new HttpClient({ url: running.url, token: secret });
  const wallet = new WalletClient(http);
  return {
    lines,
    port: running.port,
    request: (name: string, key = `key-${name}`) => wallet.requestVerification({ key, account: 'Anna', name }),
    async [Symbol.asyncDispose]() {
      await http.close();
      await running.stop();
    },
  };
}

test('the answer waits for no sender', async () => {
  let send = () => {};
  const sending = new Promise<void>((resolve) => {
    send = resolve;
  });
  const outbox = new Outbox();
  await using server = await serving(await registry(), {
    async send(message) {
      await sending;
      await outbox.send(message);
    },
  });
  const [right, wrong] = [await server.request('Anna'), await server.request('Berta')];
  expect(Object.keys(right)).toEqual(Object.keys(wrong));
  expect(outbox.sent).toEqual([]);
  send();
  await outbox.until(() => outbox.sent.length === 1);
});

test('a sender that fails is the admin’s to see, once for a code, and no terminal’s', async () => {
  const outbox = new Outbox();
  outbox.fails = true;
  const { store, secret } = await registry();
  await using server = await serving({ store, secret }, outbox);
  expect(await codeOf(server.request('Anna'))).toBeUndefined();
  expect(await codeOf(server.request('Berta'))).toBeUndefined();
  await outbox.until(() => outbox.failed === 1);
  await server.request('Anna');
  await outbox.until(() => outbox.failed === 2);
  outbox.fails = false;
  await server.request('Anna');
  await outbox.until(() => outbox.sent.length === 1);

  expect(server.lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ message: 'a verification code was not sent', account_id: expect.stringMatching(/^acc_/) }]);
  expect(server.lines.join('')).not.toContain(outbox.sent[0]!.code);
  expect((await ask(server.port, 'GET', '/metrics')).body).toContain('latchkey_background_failures_total{task="verifications"} 2');
  const audited = async () => (await store.audit.list({ action: 'account.code_unsent' }, { limit: 100 })).items;
  await vi.waitFor(async () => expect(await audited()).toMatchObject([{ detail: { account_id: expect.stringMatching(/^acc_/) } }]), 5_000);
});

test('one that goes on failing is not sent as often as it is asked for', async () => {
  const outbox = new Outbox();
  outbox.fails = true;
  await using server = await serving(await registry(), outbox);
  for (let times = 1; times <= 5; times += 1) {
    await server.request('Anna');
    await outbox.until(() => outbox.failed === times);
  }
  for (let times = 0; times < 5; times += 1) await server.request('Anna');
  // Another code is sent after all that was asked for before it.
  await server.request('Anna', 'another');
  await outbox.until(() => outbox.failed === 6);
  expect(outbox.failed).toBe(6);
});

test('what a server made and did not send is sent by the next, once', async () => {
  const here = await registry();
  const { verificationId } = await here.leave('left');
  const outbox = new Outbox();
  await using server = await serving(here, outbox);
  await outbox.until(() => outbox.sent.length === 1);
  expect(outbox.sent).toMatchObject([{ contact: 'anna@example.org', accountName: 'Anna' }]);
  expect((await server.request('Anna', 'left')).verificationId).toBe(verificationId);
  await server.request('Anna', 'another');
  await outbox.until(() => outbox.sent.length === 2);
  expect(outbox.sent[0]!.code).toBe((await here.store.verifications.find(verificationId))!.code);
});

test('what cannot be sent is tried again each minute, as long as it is good', async () => {
  const clock = new TestClock();
  const outbox = new Outbox();
  const { store, leave } = await registry(clock);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  const troubles: string[] = [];
  const post = new VerificationPost({ store, clock, sender: outbox, onTrouble: ({ key }, _error, isFirst) => troubles.push(isFirst ? key : `${key} again`) });
  outbox.fails = true;
  await leave('first');
  await post.sendLeft();
  // A server that made it may be sending it.
  await leave('second');
  await post.sendLeft();
  expect(troubles).toEqual(['first']);
  clock.pass(60_000);
  await post.sendLeft();
  expect(troubles).toEqual(['first', 'first again', 'second']);
  outbox.fails = false;
  await post.sendLeft();
  await post.sendLeft();
  expect(outbox.sent).toHaveLength(2);

  await leave('late');
  clock.pass(600_000);
  await post.sendLeft();
  expect(outbox.sent).toHaveLength(2);
});
