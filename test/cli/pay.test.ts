import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import type { Till } from './till.ts';

describe.each(ways)('paying, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let cafe: Account;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse] = [await site.till(), await site.purse()];
    cafe = await till.shop();
  });
  afterAll(() => site.close());

  /** Somebody with 20.00EUR whose terminal this is. */
  async function payer(): Promise<Account> {
    const account = await till.account('20.00EUR');
    await purse.bind(account);
    return account;
  }
  const pay = (account: Account, ...args: string[]) => ['pay', '--account', account.id, '--to', cafe.name, '--identity-code-file', '-', ...args];
  const balanceOf = async ({ id }: Account) => ((await site.json('account', 'show', id)) as { balance: string }).balance;
  async function refusal(args: readonly string[], input = identityCode): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await purse.run([...args, '--json'], input);
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }

  test('a payment is paid, shown and on the accounts of both', async () => {
    const account = await payer();
    const order = await purse.json(pay(account, '--amount', '12.50EUR', '--memo', 'breakfast'), identityCode);
    expect(order).toMatchObject({ state: 'paid', account_id: account.id, payee: { account_id: cafe.id }, amount: { minor: '1250', currency: 'EUR' }, memo: 'breakfast' });
    expect(await balanceOf(account)).toBe('750');
    const { code, stdout } = await purse.run(pay(account, '--amount', '1.00EUR'), identityCode);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/state: +paid\namount: +1\.00 EUR\n/)]);
    expect(await site.json('payment', 'show', order['payment_id'] as string)).toMatchObject({ state: 'paid', captured: '1250', memo: 'breakfast' });
  });

  test('with a key of its own it pays once, however often it is run', async () => {
    const account = await payer();
    const once = pay(account, '--amount', '3.00EUR', '--idempotency-key', `order-${way}`);
    const first = await purse.json(once, identityCode);
    // What it came to is known here: nobody is asked for the identity code again.
    expect(await purse.json(once)).toEqual(first);
    expect(await balanceOf(account)).toBe('1700');
    expect(await refusal(pay(account, '--amount', '4.00EUR', '--idempotency-key', `order-${way}`))).toMatchObject({ code: 'idempotency_mismatch', exit: 5 });
  });

  test('while the server is away, nothing was paid, and that is said', async () => {
    const account = await payer();
    const away = async (...args: string[]) => {
      const { code, stderr } = await purse.cli.run([...args, '--json', '--server', 'http://127.0.0.1:1'], { env: { ...purse.env, LATCHKEY_TOKEN: `lk_terminal_${'A'.repeat(22)}` } });
      return [code, JSON.parse(stderr)] as const;
    };
    const said = (outcome: string) => [6, expect.objectContaining({ code: 'remote_unreachable', message: expect.stringMatching(new RegExp(`${outcome}$`)), hint: expect.stringContaining('Run it again') })];
    expect(await away('pay', '--account', account.id, '--to', cafe.name, '--amount', '1.00EUR')).toEqual(said('Nothing was paid\\.'));
    expect(await away('pay', '--account', account.id, '--cancel')).toEqual(said('No payment of this terminal is open\\.'));
    expect(await away('account', 'status')).toEqual(said('No payment of this terminal is open\\.'));
  });

  test('a hold is shown as held, and its payee takes it', async () => {
    const account = await payer();
    const order = await purse.json(pay(account, '--amount', '5.00EUR', '--hold', '10m'), identityCode);
    expect(order).toMatchObject({ state: 'held', expires_at: expect.any(String) });
    expect(await purse.json(['account', 'status'])).toMatchObject({ accounts: expect.arrayContaining([expect.objectContaining({ account_id: account.id, available: '1500', held: '500' })]) });
    await site.json('payment', 'capture', order['payment_id'] as string, '--amount', '4.00EUR');
    expect(await balanceOf(account)).toBe('1600');
  });

  test('what is refused has its own code, and nothing is left pending', async () => {
    const account = await payer();
    expect(await refusal(pay(account, '--amount', '20.01EUR'))).toMatchObject({ code: 'insufficient_funds', exit: 4 });
    expect(await refusal(pay(account, '--amount', '1.00EUR'), 'wrong code')).toMatchObject({ code: 'password_wrong', exit: 4 });
    expect(await refusal(['pay', '--account', account.id, '--to', account.name, '--amount', '1.00EUR', '--identity-code-file', '-'])).toMatchObject({ code: 'payee_is_payer', exit: 2 });
    expect(await refusal(['pay', '--account', account.id, '--to', 'nobody', '--amount', '1.00EUR', '--identity-code-file', '-'])).toMatchObject({ code: 'account_not_found', exit: 3 });
    expect(await refusal(pay(account, '--amount', '100JPY'))).toMatchObject({ code: 'currency_mismatch', exit: 5 });
    for (const memo of ['m'.repeat(65), 'tab\tbed', '']) {
      // Before anything is asked or written down: the code would be wrong, too.
      expect(await refusal(pay(account, '--amount', '1.00EUR', '--memo', memo), 'wrong code')).toMatchObject({ code: 'invalid_input', exit: 2, message: expect.stringMatching(/^--memo: A memo has 1 to 64 characters/) });
    }
    expect(await refusal(pay(account, '--amount', '1,5EUR'))).toMatchObject({ code: 'amount_malformed', exit: 2 });
    expect(await refusal(['pay', '--account', 'nobody', '--to', cafe.name, '--amount', '1.00EUR', '--identity-code-file', '-'])).toMatchObject({ code: 'not_bound', exit: 4 });
    expect(await refusal(['pay', '--cancel', '--account', account.id])).toMatchObject({ code: 'nothing_pending', exit: 3 });
    expect(await balanceOf(account)).toBe('2000');
    expect(await purse.json(pay(account, '--amount', '1.00EUR'), identityCode)).toMatchObject({ state: 'paid' });
  });

  test('after five wrong codes there is a wait, which an admin ends', async () => {
    const account = await payer();
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await refusal(pay(account, '--amount', '1.00EUR'), 'wrong code')).toMatchObject({ code: 'password_wrong' });
    }
    expect(await refusal(pay(account, '--amount', '1.00EUR'))).toMatchObject({ code: 'account_locked', exit: 4, retry_after: expect.any(Number) });
    const { accounts } = await purse.json(['account', 'status']);
    const [status] = (accounts as { account_id: string; locked_until?: string; pending?: unknown }[]).filter((one) => one.account_id === account.id);
    expect([typeof status!.locked_until, status!.pending]).toEqual(['string', undefined]);
    expect((await site.cli.run(['account', 'unlock', account.id, ...site.flags], { env: site.env })).stdout).toMatch(/^unlocked: +1 terminal, which may pay again at once\naccount: +acc_/);
    expect(await site.json('account', 'unlock', account.id)).toMatchObject({ account_id: account.id, unlocked_terminals: 0 });
    expect(await purse.json(pay(account, '--amount', '1.00EUR'), identityCode)).toMatchObject({ state: 'paid' });
    expect(await balanceOf(account)).toBe('1900');
  });

  test('a terminal is bound anew, and its old code is good for nothing', async () => {
    const account = await payer();
    const { verification, codeFile } = await purse.requested(['account', 'rebind', account.id]);
    const bound = await purse.json(['account', 'rebind', '--verification', verification, '--verification-code-file', codeFile, '--identity-code-file', '-'], 'another code');
    expect(bound).toMatchObject({ account_id: account.id, code_number: 2 });
    expect(JSON.stringify(bound)).not.toMatch(/temporary/);
    expect(await purse.json(pay(account, '--amount', '1.00EUR'), 'another code')).toMatchObject({ state: 'paid' });
  });

  test('a wrong verification code is said to be so; without anybody to ask it says what to do', async () => {
    const account = await till.account('1.00EUR');
    const { verification, codeFile } = await purse.requested(['account', 'bind', '--account', account.id, '--name', account.name]);
    const wrong = purse.cli.file('wrong.code', readFileSync(codeFile, 'utf8') === '000000' ? '000001' : '000000');
    const bind = (file: string) => ['account', 'bind', '--verification', verification, '--verification-code-file', file, '--identity-code-file', '-'];
    expect(await refusal(bind(wrong))).toMatchObject({ code: 'verification_code_wrong', exit: 4 });
    expect(await refusal(bind(codeFile), '123')).toMatchObject({ code: 'invalid_input', exit: 2 });
    expect(await refusal(['account', 'bind', '--account', account.id, '--name', account.name])).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringContaining('--request-code') });
    await purse.json(bind(codeFile), identityCode);
  });

  test('no secret is where it does not belong: not in the journal’s folder readable to others, no code in any output', async () => {
    const account = await payer();
    await purse.json(pay(account, '--amount', '1.00EUR'), identityCode);
    const folder = join(pathsFrom(purse.cli.env, process.platform, purse.cli.folder).state, 'wallet');
    const journal = join(folder, readdirSync(folder).find((name) => name.startsWith(account.id) && name.endsWith('.ndjson'))!);
    expect(statSync(journal).mode & 0o077).toBe(0);
    const text = readFileSync(journal, 'utf8');
    expect(text).not.toContain(identityCode);
    expect(text).not.toMatch(/rotation|next_code/);
  });
});
