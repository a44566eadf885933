import { randomBytes, randomInt } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { PaymentFile } from '../../src/cli/wallet/payment-file.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Payment } from '../../src/domain/payment.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { CommandLine } from '../cli/command-line.ts';
import { startPostgres } from '../postgres.ts';
import { LongRunning, makeHome } from '../program.ts';
import { requires } from '../requirements.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { Registry } from './registry.ts';

const terminals = 16;
const kills = 10;
const paymentsEach = 4;
const identityCode = '2468';

/** A terminal in a home of its own, and what it was told. */
interface Terminal {
  readonly cli: CommandLine;
  readonly env: Record<string, string>;
  readonly accountId: string;
  readonly told: { paid: number; refused: number; unknown: number; cancelled: number };
}

const story = `${terminals} terminals pay through a proxy that cuts connections, of a server killed ${kills} times: journals and ledger agree`;
const timeout = 300_000;

test(`${story} (SQLite)`, { timeout }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  await payAndKill(home, `sqlite:${path.join(home.folder, 'registry.db')}`);
});

requires('postgresql')('at PostgreSQL', () => {
  test(story, { timeout }, async () => {
    const home = await makeHome();
    onTestFinished(() => home.remove());
    const postgres = await startPostgres();
    onTestFinished(() => postgres.stop());
    await payAndKill(home, (await postgres.createDatabase()).url);
  });
});

async function payAndKill(home: Awaited<ReturnType<typeof makeHome>>, database: string): Promise<void> {
  const registry = await Registry.open(database, home.key);
  onTestFinished(() => registry.close());
  const proxy = await CuttingProxy.open();
  onTestFinished(() => proxy.close());
  const ledger = new LedgerService(registry.context());
  const cafe = await ledger.open({ name: 'Café', currency: 'EUR' });
  const payers = await Promise.all(Array.from({ length: terminals }, (_, at) => terminal(registry, ledger, proxy.url, at)));

  let remaining = terminals;
  const paying = payers.map((one) => payAll(one, cafe.id).finally(() => { remaining -= 1; }));
  paying.forEach((one) => void one.catch(() => {}));
  let killed = 0;
  while (remaining > 0 || killed < kills) {
    const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0', '--database', database], home.env);
    onTestFinished(() => server.end('SIGKILL'));
    proxy.port = Number(new URL(String(server.ready['url'])).port);
    if (killed < kills) {
      const before = (await ledger.payments({}, { limit: 1000 })).items.length;
      // In the middle of the work, if there still is any.
      await until(async () => remaining === 0 || (await ledger.payments({}, { limit: 1000 })).items.length > before + randomInt(6));
      proxy.port = undefined;
      await server.end('SIGKILL');
      killed += 1;
    } else {
      await Promise.all(paying);
    }
  }
  await Promise.all(paying);

  proxy.on = false;
  const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0', '--database', database], home.env);
  onTestFinished(() => server.end('SIGKILL'));
  proxy.port = Number(new URL(String(server.ready['url'])).port);
  await Promise.all(payers.map(giveUp));

  const total = { paid: 0, cancelled: 0, unknown: 0 };
  for (const { cli, accountId, told } of payers) {
    const journal = new PaymentFile(path.join(pathsFrom(cli.env, process.platform, cli.folder).state, 'wallet')).payments(accountId);
    const payments = await allOf(ledger, accountId);
    const paid = payments.filter(({ state }) => state === 'paid');
    const own = journal.filter(({ end }) => end?.kind === 'accepted');
    expect(new Set(own.map(({ begun }) => begun.request.key)), accountId).toEqual(new Set(paid.map(({ key }) => key)));
    for (const { begun, end } of own) {
      const payment = paid.find(({ key }) => key === begun.request.key)!;
      expect(payment).toMatchObject({ id: end?.kind === 'accepted' ? end.reply.paymentId : '', amount: begun.request.amount, payeeId: cafe.id, memo: begun.request.memo });
    }
    expect(journal.filter(({ end }) => end === undefined)).toEqual([]);
    const spent = paid.reduce((sum, { amount }) => sum + amount.minor, 0n);
    expect((await ledger.account(accountId)).balance).toBe(100_000n - spent);
    total.paid += paid.length;
    total.cancelled += journal.filter(({ end }) => end?.kind === 'cancelled').length;
    total.unknown += told.unknown;
  }
  expect((await ledger.verify()).findings).toEqual([]);
  expect(killed).toBe(kills);
  expect(Math.min(proxy.cut.requests, proxy.cut.replies)).toBeGreaterThan(10);
  expect(total.paid).toBeGreaterThanOrEqual(terminals * paymentsEach);
  console.info(`${total.paid} payments, ${total.cancelled} given up, ${total.unknown} runs that did not know; cut: ${proxy.cut.requests} requests, ${proxy.cut.replies} replies`);
}

async function terminal(registry: Registry, ledger: LedgerService, url: string, at: number): Promise<Terminal> {
  const cli = await CommandLine.make();
  onTestFinished(() => cli.close());
  const { secret, token } = await registry.token('terminal', `phone ${at}`);
  const account = await ledger.open({ name: `payer ${at}`, currency: 'EUR' });
  await ledger.topUp(account.id, parseAmount('1000.00EUR'));
  const code = randomBytes(32);
  await registry.store.bindings.put({
    accountId: account.id, terminalId: token.id, algorithm: 'hmac-sha256', codeNumber: 1, code, identityCode,
    wrong: 0, lockedUntil: undefined, supersededAt: undefined, boundAt: new Date(),
  }, undefined);
  await cli.run(['secret', 'set', `wallet/${account.id}/temporary-code`, '--value-file', '-'], { input: `1 hmac-sha256 ${code.toString('base64url')}` });
  return { cli, env: { LATCHKEY_SERVER: url, LATCHKEY_TOKEN: secret }, accountId: account.id, told: { paid: 0, refused: 0, unknown: 0, cancelled: 0 } };
}

/** Pays until it was told so often that it has paid; now and then it gives up what it does not know of. */
async function payAll({ cli, env, told }: Terminal, payeeId: string): Promise<void> {
  for (let at = 1; told.paid < paymentsEach; at += 1) {
    const args = ['pay', '--to', payeeId, '--amount', `${1 + randomInt(9)}.${10 + randomInt(90)}EUR`, '--memo', `cup ${at}`, '--identity-code-file', '-', '--yes', '--timeout', '4s', '--json'];
    const { code, stderr } = await cli.run(args, { input: identityCode, env });
    if (code === 0) {
      told.paid += 1;
    } else {
      expect([6, 8], stderr).toContain(code);
      told.unknown += 1;
      if (randomInt(3) === 0 && (await cli.run(['pay', '--cancel', '--timeout', '4s', '--json'], { env })).code === 0) {
        told.cancelled += 1;
      }
    }
  }
}

async function giveUp({ cli, env }: Terminal): Promise<void> {
  const { code, stderr } = await cli.run(['pay', '--cancel', '--json'], { env });
  expect([0, 3], stderr).toContain(code);
}

async function allOf(ledger: LedgerService, accountId: string): Promise<readonly Payment[]> {
  return (await ledger.payments({ accountIds: [accountId] }, { limit: 1000 })).items;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(20);
}
