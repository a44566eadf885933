import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { StandInProvider } from '../contract/stand-in-provider.ts';
import { startServer, systemClock, systemRandom, type RunningServer } from '../server/running-server.ts';
import { CommandLine } from './command-line.ts';

describe('account topup at a server that has a provider', () => {
  let cli: CommandLine;
  let running: RunningServer;
  let ledger: LedgerService;
  let provider: StandInProvider;
  let env: Record<string, string>;
  let account: Account;
  let names = 0;
  beforeAll(async () => {
    cli = await CommandLine.make();
    provider = new StandInProvider();
    running = await startServer({ providers: [provider], housekeepingMs: 86_400_000 });
    ledger = new LedgerService({ store: running.store, clock: systemClock, random: systemRandom, actor: { kind: 'local' }, providers: [provider] });
    env = { LATCHKEY_SERVER: running.url, LATCHKEY_TOKEN: (await running.enroll('admin')).secret };
  });
  afterAll(async () => {
    await cli.close();
    await running.stop();
  });
  beforeEach(async () => {
    provider.error = undefined;
    account = await ledger.open({ name: `Anna ${(names += 1)}`, currency: 'EUR' });
  });

  const topUp = (...args: string[]) => cli.run(['account', 'topup', ...args], { env });
  const begin = async (...args: string[]) => JSON.parse((await topUp(account.name, '5.00EUR', '--provider', 'stripe', '--json', ...args)).stdout).topup as Record<string, string>;
  const errorIn = (stderr: string) => JSON.parse(stderr.trim().split('\n').at(-1)!) as Record<string, unknown>;

  test('gives the payer’s secret to scripts, and to people who ask for it', async () => {
    const { topup_id: id, client_secret: secret } = await begin();
    expect(secret).toBe(`pi_${id}_secret`);
    const hidden = await topUp('--resume', id!);
    expect(hidden).toMatchObject({ code: 0, stderr: '' });
    expect(hidden.stdout).toMatch(/state: +pending\n/);
    expect(hidden.stdout).toMatch(/client secret: +\(hidden, see --reveal\)/);
    expect(hidden.stdout).not.toContain(secret);
    expect((await topUp('--resume', id!, '--reveal')).stdout).toContain(secret);
  });

  test('says that it is posted when it is gone on with after it was paid', async () => {
    const { topup_id: id, reference } = await begin();
    provider.becomes(reference!, { state: 'succeeded' });
    const { code, stdout } = await topUp('--resume', id!, '--json');
    expect({ code, result: JSON.parse(stdout) }).toMatchObject({ code: 0, result: { account: { balance: '500' }, topup: { state: 'posted' } } });
  });

  test('the same key begins the same top-up', async () => {
    const [first, second] = [await begin('--idempotency-key', 'order-1'), await begin('--idempotency-key', 'order-1')];
    expect(second).toEqual(first);
  });

  test.each([
    ['remote_unreachable', 6],
    ['timed_out', 8],
    ['provider_refused', 6],
  ] as const)('of a provider that fails with %s, what is pending is printed, and how to go on', async (error, exit) => {
    provider.error = new LatchkeyError(error);
    const json = await topUp(account.name, '5.00EUR', '--provider', 'stripe', '--json');
    const { topup } = JSON.parse(json.stdout) as { topup: { topup_id: string } };
    expect(json.code).toBe(exit);
    expect(topup).toMatchObject({ state: 'pending', reason: error });
    expect(errorIn(json.stderr)).toMatchObject({ code: error, exit, message: expect.stringContaining(topup.topup_id), hint: expect.stringContaining(`--resume ${topup.topup_id}`) });
    const plain = await topUp('--resume', topup.topup_id);
    expect(plain.code).toBe(exit);
    expect(plain.stdout).toContain(topup.topup_id);
    provider.error = undefined;
    expect((await topUp('--resume', topup.topup_id)).code).toBe(0);
  });

  test('what has failed and what is to be given back have their own exit codes', async () => {
    const failed = await begin();
    provider.becomes(failed['reference']!, { state: 'failed', reason: 'abandoned' });
    const over = await topUp('--resume', failed['topup_id']!, '--json');
    expect({ code: over.code, error: errorIn(over.stderr) }).toMatchObject({ code: 4, error: { code: 'topup_failed', message: expect.stringContaining('stripe: abandoned') } });

    const odd = await begin();
    provider.becomes(odd['reference']!, { state: 'succeeded', amount: { minor: 400n, currency: 'EUR' } });
    const due = await topUp('--resume', odd['topup_id']!, '--json');
    expect({ code: due.code, error: errorIn(due.stderr) }).toMatchObject({ code: 5, error: { code: 'topup_not_posted' } });
    const { stdout } = await cli.run(['account', 'topups', '--state', 'refund_due'], { env });
    expect(stdout).toContain(odd['topup_id']);
    expect(stdout).toContain('give it back at the provider');
    expect((await ledger.account(account.id)).balance).toBe(0n);
  });

  test('--dry-run begins nothing', async () => {
    const { code, stdout } = await topUp(account.name, '5.00EUR', '--provider', 'stripe', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).not.toHaveProperty('topup');
    expect((await ledger.topUps({ accountId: account.id }, { limit: 10 })).items).toEqual([]);
  });

  test.each([
    ['no account', [], 'missing_input'],
    ['no amount', ['Anna'], 'missing_input'],
    ['an account to go on with', ['Anna', '5.00EUR', '--resume', 'top_1'], 'invalid_input'],
    ['a provider to go on with', ['--resume', 'top_1', '--provider', 'stripe'], 'invalid_input'],
    ['a provider that is none', ['Anna', '5.00EUR', '--provider', 'shells'], 'invalid_input'],
    ['no amount of money', ['Anna', '5,00EUR'], 'amount_malformed'],
    ['less than nothing', ['Anna', '-5.00EUR'], 'amount_not_positive'],
  ])('%s is a usage error', async (_, args, code) => {
    const { code: exit, stdout, stderr } = await topUp(...args, '--json');
    expect({ exit, stdout, code: errorIn(stderr)['code'] }).toEqual({ exit: 2, stdout: '', code });
  });
});

describe('server start with Stripe', () => {
  let cli: CommandLine;
  beforeAll(async () => {
    cli = await CommandLine.make();
    await cli.json(['server', 'init']);
  });
  afterAll(() => cli.close());

  const start = ['server', 'start', '--listen', '127.0.0.1:0', '--json'];
  const key = 'sk_test_ofNobody';
  const webhookSecret = 'whsec_ofNobody';

  /** The status of a notice without a signature. */
  async function unsigned(args: readonly string[], options: Parameters<CommandLine['start']>[1]): Promise<{ status: number; printed: string }> {
    const running = cli.start([...start, ...args], options);
    const { url } = await running.line((line) => JSON.parse(line) as { url: string });
    const { status } = await fetch(`${url}/v1/webhooks/stripe`, { method: 'POST', body: '{}' });
    running.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(0);
    return { status, printed: stdout + stderr };
  }

  test('takes the key and the signing secret from files, standard input or variables, and prints neither', async () => {
    const files = ['--stripe-key-file', cli.file('key', `${key}\n`), '--stripe-webhook-secret-file', cli.file('whsec', `${webhookSecret}\n`)];
    const runs = [
      await unsigned(files, {}),
      await unsigned(['--stripe-key-file', '-'], { input: key, env: { LATCHKEY_STRIPE_WEBHOOK_SECRET: webhookSecret, LATCHKEY_LOG: 'trace' } }),
      await unsigned([], { env: { LATCHKEY_STRIPE_KEY: key, LATCHKEY_STRIPE_WEBHOOK_SECRET: webhookSecret } }),
    ];
    expect(runs.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(runs.map(({ printed }) => printed).join()).not.toContain('ofNobody');
  });

  test('takes no notices without a signing secret, and knows nothing of Stripe without a key', async () => {
    expect((await unsigned([], { env: { LATCHKEY_STRIPE_KEY: key } })).status).toBe(404);
    expect((await unsigned([], {})).status).toBe(404);
  });

  test.each([
    ['a key of another kind', { LATCHKEY_STRIPE_KEY: 'pk_test_ofNobody' }, 'invalid_input'],
    ['a signing secret of another kind', { LATCHKEY_STRIPE_KEY: key, LATCHKEY_STRIPE_WEBHOOK_SECRET: key }, 'invalid_input'],
    ['a signing secret without a key', { LATCHKEY_STRIPE_WEBHOOK_SECRET: webhookSecret }, 'missing_input'],
  ])('%s is refused and not repeated', async (_, env, code) => {
    const { code: exit, stderr } = await cli.run(start, { env });
    expect({ exit, error: JSON.parse(stderr) }).toMatchObject({ exit: 2, error: { code } });
    expect(stderr).not.toContain('ofNobody');
  });
});
