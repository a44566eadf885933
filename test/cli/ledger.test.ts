import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { AccountWire } from '../../src/api/accounts.ts';
import { decimalText } from '../../src/domain/money.ts';
import { asSentence } from '../../src/domain/shown-text.ts';
import { fieldsOf } from '../../src/formats/rows.ts';
import { requires } from '../requirements.ts';
import { CommandLine } from './command-line.ts';
import { Site, ways } from './site.ts';
import { Till } from './till.ts';

/** The same, with and without --json. */
async function refusal(site: Site, ...args: string[]): Promise<Record<string, any>> {
  const all = [...args, ...site.flags];
  const [json, plain] = await Promise.all([site.cli.run([...all, '--json'], { env: site.env }), site.cli.run(all, { env: site.env })]);
  const error = JSON.parse(json.stderr) as Record<string, any>;
  expect({ codes: [json.code, plain.code], out: [json.stdout, plain.stdout] }).toEqual({ codes: [error['exit'], error['exit']], out: ['', ''] });
  expect(plain.stderr).toBe(`Error: ${asSentence(error['message'] as string)}\n  ${error['hint']}\n`);
  return error;
}

describe.each(ways)('money, %s', (way) => {
  let site: Site;
  let till: Till;
  beforeAll(async () => {
    site = await Site.make(way);
    till = await site.till();
  });
  afterAll(() => site.close());

  const balance = async (id: string) => ((await site.json('account', 'show', id)) as AccountWire).balance;

  test.each([
    ['1,5EUR', 'amount_malformed', 'AMOUNT: "1,5EUR" is not an amount such as 12.50EUR.'],
    ['1e3EUR', 'amount_malformed', 'AMOUNT: "1e3EUR" is not an amount such as 12.50EUR.'],
    ['NaNEUR', 'amount_malformed', 'AMOUNT: "NaNEUR" is not an amount such as 12.50EUR.'],
    ['-1.00EUR', 'amount_not_positive', 'AMOUNT: An amount of money is more than nothing'],
    ['0EUR', 'amount_not_positive', 'AMOUNT: An amount of money is more than nothing'],
    ['0.001EUR', 'amount_too_fine', 'AMOUNT: EUR has 2 decimals, and this amount has 3.'],
    ['10000000000.00EUR', 'amount_too_large', 'AMOUNT: At most 9999999999.99EUR are moved at once.'],
    ['1.00XYZ', 'currency_unknown', 'AMOUNT: "XYZ" is no currency of ISO 4217.'],
  ])('%s is %s', async (amount, code, message) => {
    expect(await refusal(site, 'account', 'payout', 'nobody', amount)).toMatchObject({ code, exit: 2, message, hint: expect.stringMatching(/./) });
  });

  test('an amount that is wrong is so in a flag, too', async () => {
    for (const [amount, code] of [['-1.00EUR', 'amount_not_positive'], ['1,5EUR', 'amount_malformed']] as const) {
      expect(await refusal(site, 'payment', 'refund', 'pay_none', '--amount', amount)).toMatchObject({ code, exit: 2, message: expect.stringMatching(/^--amount: /) });
    }
  });

  test('each way in which money does not move has its own code', async () => {
    const funded = await till.account('5.00EUR');
    const closed = await till.empty();
    await site.json('account', 'close', closed.id, '--yes');
    expect(await refusal(site, 'account', 'payout', 'nobody', '1.00EUR')).toMatchObject({ code: 'account_not_found', exit: 3, message: 'There is no account nobody.' });
    expect(await refusal(site, 'account', 'payout', funded.name, '1JPY')).toMatchObject({ code: 'currency_mismatch', exit: 5, message: 'JPY is not EUR.' });
    expect(await refusal(site, 'account', 'payout', closed.id, '1.00EUR')).toMatchObject({ code: 'account_closed', exit: 5, message: `Account ${closed.id} is closed.` });
    expect(await refusal(site, 'account', 'payout', funded.name, '5.01EUR')).toMatchObject({ code: 'insufficient_funds', exit: 4 });
    expect(await refusal(site, 'account', 'close', funded.name, '--yes')).toMatchObject({ code: 'account_not_empty', exit: 5, message: expect.stringContaining('5.00EUR is on it') });
    expect(await refusal(site, 'account', 'close', funded.name)).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringContaining('--yes') });
    expect(await refusal(site, 'account', 'open', funded.name, '--currency', 'EUR')).toMatchObject({ code: 'account_exists', exit: 5 });
    expect(await refusal(site, 'account', 'open', 'Euro', '--currency', 'EURO')).toMatchObject({ code: 'currency_unknown', exit: 2, message: '--currency: "EURO" is no currency of ISO 4217.' });
    expect(await balance(funded.id)).toBe('500');
  });

  test('what could not be closed cannot be under --dry-run either', async () => {
    const { id } = await till.account('1.00EUR');
    expect(await refusal(site, 'account', 'close', id, '--yes', '--dry-run')).toMatchObject({ code: 'account_not_empty' });
    await site.json('account', 'payout', id, '1.00EUR');
    expect(await site.json('account', 'close', id, '--yes', '--dry-run')).not.toHaveProperty('closed_at');
  });

  test('--dry-run says what the credit would be, or why it cannot', async () => {
    const { id } = await till.account('1.00EUR');
    const set = (amount: string) => ['account', 'credit', 'set', id, amount, '--dry-run'];
    expect(await site.json(...set('5.00EUR'))).toMatchObject({ credit: '500' });
    expect(await refusal(site, ...set('5JPY'))).toMatchObject({ code: 'currency_mismatch' });
    expect(await site.json('account', 'list')).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ account_id: id, credit: '0' })]) });
    await site.json('account', 'payout', id, '1.00EUR');
    await site.json('account', 'close', id, '--yes');
    expect(await refusal(site, ...set('5.00EUR'))).toMatchObject({ code: 'account_closed' });
  });

  test('what could not be paid out cannot be under --dry-run either, and what could is not', async () => {
    const funded = await till.account('5.00EUR');
    const payout = (amount: string, account = funded.id) => ['account', 'payout', account, amount, '--dry-run'];
    expect(await refusal(site, ...payout('5.01EUR'))).toMatchObject({ code: 'insufficient_funds' });
    expect(await refusal(site, ...payout('1JPY'))).toMatchObject({ code: 'currency_mismatch' });
    expect(await refusal(site, ...payout('1.00EUR', 'out_EUR'))).toMatchObject({ code: 'account_not_found' });
    expect(await site.json(...payout('5.00EUR'))).toEqual({ account: expect.objectContaining({ balance: '500' }) });
    expect(await balance(funded.id)).toBe('500');
  });

  test('the number of a card is refused wherever an account is named, and not repeated', async () => {
    const number = '4111 1111 1111 1111';
    for (const args of [
      ['account', 'open', number, '--currency', 'EUR'],
      ['account', 'open', 'Anna', '--currency', 'EUR', '--card-reference', number],
      ['account', 'show', number],
      ['account', 'payout', number, '1.00EUR'],
      ['payment', 'list', '--account', number],
    ]) {
      const error = await refusal(site, ...args);
      expect(error).toMatchObject({ code: 'card_number_refused', exit: 2 });
      expect(JSON.stringify(error)).not.toContain('1111');
    }
  });

  test('names of any kind are found by what they are', async () => {
    for (const name of ['..', 'a/b?c=%2F#d', '灯 "quoted" ü', '=1+2']) {
      const opened = await site.json('account', 'open', name, '--currency', 'EUR');
      expect(await site.json('account', 'show', name)).toEqual(opened);
    }
  });

  test('the same key pays out once', async () => {
    const funded = await till.account('5.00EUR');
    const payout = () => site.json('account', 'payout', funded.name, '2.00EUR', '--idempotency-key', `till-${way}`);
    const first = await payout();
    expect(await payout()).toEqual(first);
    expect(first).toMatchObject({ account: { balance: '300' }, posting: { kind: 'payout', amount: { minor: '200', currency: 'EUR' } } });
    expect(await refusal(site, 'account', 'payout', funded.name, '3.00EUR', '--idempotency-key', `till-${way}`)).toMatchObject({ code: 'idempotency_mismatch', exit: 5 });
  });

  test('a payment is held, taken in part, given back in part, and found by either of its accounts', async () => {
    const { id, payer, payee } = await till.payment('6.00EUR', { holdMs: 600_000 });
    expect(await site.json('account', 'show', payer.id)).toMatchObject({ balance: '1200', held: '600' });
    expect(await site.json('payment', 'capture', id, '--dry-run')).toMatchObject({ state: 'held' });
    expect(await site.json('payment', 'capture', id, '--amount', '4.00EUR')).toMatchObject({ state: 'paid', captured: '400' });
    const refund = () => site.json('payment', 'refund', id, '--amount', '1.50EUR', '--idempotency-key', `back-${way}`);
    expect(await refund()).toEqual(await refund());
    expect(await refusal(site, 'payment', 'refund', id, '--amount', '2.51EUR')).toMatchObject({ code: 'refund_too_large', exit: 5 });
    for (const by of [['--account', payer.name], ['--payee', payee.id], ['--payee', payee.name, '--state', 'paid']]) {
      expect(await site.json('payment', 'list', ...by)).toMatchObject({ items: [{ payment_id: id, refunded: '150' }] });
    }
    expect(await site.json('payment', 'list', '--account', payee.id)).toEqual({ items: [] });
    expect(await site.json('account', 'statement', payer.id, '--limit', '2')).toMatchObject({ items: [{ change: '150', balance: '950' }, { change: '-400', balance: '800' }] });
  });
});

describe('for people', () => {
  let site: Site;
  let till: Till;
  beforeAll(async () => {
    site = await Site.make('embedded');
    till = await site.till();
  });
  afterAll(() => site.close());

  test('money has its decimals and ends below each other, and no name moves the cursor', async () => {
    const anna = await till.account('1234.50EUR', 'Anna \u202e\u2028');
    await till.account('7JPY', 'Yen');
    const { stdout } = await site.cli.run(['account', 'list']);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    const end = head!.indexOf('BALANCE') + 'BALANCE'.length;
    expect(lines.map((line) => line.slice(0, end).trimEnd().split('  ').at(-1)!.trim()).sort()).toEqual(['-1234.50 EUR', '-7 JPY', '1234.50 EUR', '7 JPY']);
    expect(stdout).toContain('Anna \\u202e\\u2028');
    const { stdout: statement } = await site.cli.run(['account', 'statement', anna.id]);
    expect(statement).toMatch(/CHANGE +BALANCE/);
    expect(statement).toContain('+1234.50 EUR  1234.50 EUR  out_EUR');
  });

  test('a payment shows what of it was taken and went back', async () => {
    const { id } = await till.payment('6.00EUR', { holdMs: 600_000, memo: 'lunch' });
    expect((await site.cli.run(['payment', 'show', id])).stdout).toMatch(/held until: +2/);
    await site.json('payment', 'capture', id, '--amount', '4.00EUR');
    await site.json('payment', 'refund', id, '--amount', '1.00EUR');
    const { stdout } = await site.cli.run(['payment', 'show', id]);
    expect(stdout).toMatch(/amount: +6\.00 EUR\ntaken: +4\.00 EUR\nrefunded: +1\.00 EUR\n/);
    expect(stdout).toMatch(/memo: +lunch\n/);
    const { holder } = await till.code();
    expect((await site.cli.run(['payment', 'show', holder.issued.paymentId])).stdout).toMatch(new RegExp(`for code: +${holder.id}\n`));
  });
});

describe('the ledger as a whole', () => {
  let cli: CommandLine;
  let till: Till;
  beforeAll(async () => {
    cli = await CommandLine.make();
    await cli.json(['server', 'init']);
    till = await Till.open(cli);
    const odd = await till.account('100.00EUR', 'Büro; a:b, type:Q  | (x) 灯');
    await till.topUp(odd, '0.05EUR', 'date:nonsense; semi, tag:v | = [2020-01-01] \u2028 ü');
    await till.topUp(odd, '9999999999.99EUR', '=HYPERLINK("https://bad.example"), "quoted"');
    await till.account('1234JPY', '=Yen');
    const dinar = await till.account('1.234KWD', '-Dinar');
    await cli.json(['account', 'payout', dinar.id, '0.004KWD', '--memo', '* ! (code) done']);
    const captured = await till.payment('6.00EUR', { holdMs: 600_000, memo: 'dinner; two' });
    await cli.json(['payment', 'capture', captured.id, '--amount', '4.00EUR']);
    const refunded = await till.payment('900JPY');
    await cli.json(['payment', 'refund', refunded.id, '--amount', '250JPY', '--memo', ' leading, and trailing ']);
    await till.payment('2.00EUR', { holdMs: 600_000 });
    const { id } = await till.account('1.00CHF', 'Closed later');
    await cli.json(['account', 'payout', id, '1.00CHF']);
    await cli.json(['account', 'close', id, '--yes']);
  });
  afterAll(async () => {
    await till.close();
    await cli.close();
  });

  test('adds up', async () => {
    expect(await cli.json(['ledger', 'verify'])).toMatchObject({ ok: true, findings: [] });
    expect((await cli.run(['ledger', 'verify'])).stdout).toMatch(/^result: +everything adds up\n/);
  });

  test('exports the same again, to a file that is not overwritten or to standard output', async () => {
    const file = join(cli.folder, `${randomUUID()}.csv`);
    const { postings } = await cli.json(['ledger', 'verify']);
    expect(await cli.json(['ledger', 'export', '--format', 'csv', '--out', file])).toEqual({ format: 'csv', file, postings });
    const { code, stdout, stderr } = await cli.run(['ledger', 'export', '--format', 'csv']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: readFileSync(file, 'utf8'), stderr: '' });
    const again = await cli.run(['ledger', 'export', '--format', 'csv', '--out', file, '--json']);
    expect([again.code, JSON.parse(again.stderr).code]).toEqual([5, 'file_exists']);
    const both = await cli.run(['ledger', 'export', '--format', 'csv', '--json']);
    expect([both.code, JSON.parse(both.stderr).code, both.stdout]).toEqual([2, 'invalid_input', '']);
    const nowhere = join(cli.folder, 'none', 'a.csv');
    expect((await cli.run(['ledger', 'export', '--format', 'csv', '--out', nowhere])).code).toBe(3);
    expect(existsSync(nowhere)).toBe(false);
  });

  test('its CSV adds up to the balances', async () => {
    const { stdout } = await cli.run(['ledger', 'export', '--format', 'csv']);
    const [head, ...lines] = stdout.trimEnd().split('\r\n').map((line) => fieldsOf(line)!);
    const rows = lines.map((fields) => Object.fromEntries(fields.map((field, at) => [head![at]!, field])));
    const sums = new Map<string, bigint>();
    for (const { debit_id: debit, credit_id: credit, minor } of rows) {
      sums.set(debit!, (sums.get(debit!) ?? 0n) - BigInt(minor!));
      sums.set(credit!, (sums.get(credit!) ?? 0n) + BigInt(minor!));
    }
    const { items } = (await cli.json(['account', 'list', '--limit', '1000'])) as { items: AccountWire[] };
    expect(Object.fromEntries([...sums].map(([id, sum]) => [id, sum.toString()]))).toEqual(
      Object.fromEntries(items.filter(({ account_id }) => sums.has(account_id)).map(({ account_id, balance }) => [account_id, balance])),
    );
    expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).sort());
    expect(rows.map(({ memo }) => memo)).toContain('\'=HYPERLINK("https://bad.example"), "quoted"');
  });

  requires('hledger')('read by hledger', () => {
    const hledger = (journal: string, ...args: string[]) =>
      execFileSync('hledger', ['-f', '-', ...args], { input: journal, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', HOME: cli.folder } });

    test('is a journal in which everything is declared, and has the balances of the accounts', async () => {
      const { stdout: journal } = await cli.run(['ledger', 'export', '--format', 'hledger']);
      hledger(journal, 'check', '--strict', 'ordereddates');
      const lines = hledger(journal, 'balance', '--flat', '--empty', '--no-total', '--output-format=csv', '--layout=bare').trim().split('\n').slice(1);
      const balances = lines.map((line) => fieldsOf(line)!).map(([account, ...balance]) => [account, balance.join(' ')] as const);
      const { items } = (await cli.json(['account', 'list', '--limit', '1000'])) as { items: AccountWire[] };
      const posted = new Set(journal.match(/(?<=:)[^\s:]+(?=  -?\d)/g));
      const moved = items.filter(({ account_id: id, currency }) => posted.has(id.startsWith('out_') ? currency : id));
      const expected = moved.map(({ account_id: id, currency, balance }) => [
        id.startsWith('out_') ? `assets:outside:${currency}` : `liabilities:accounts:${id}`,
        `${currency} ${balance === '0' ? '0' : decimalText({ minor: -BigInt(balance), currency })}`,
      ] as const);
      expect(new Map(balances)).toEqual(new Map(expected));
      expect(balances).toHaveLength(expected.length);
    });

    test('keeps memos and names whole, and takes none of them for a tag', async () => {
      const { stdout: journal } = await cli.run(['ledger', 'export', '--format', 'hledger']);
      expect(hledger(journal, 'tags').trim().split('\n').sort()).toEqual(['actor', 'at', 'name', 'payment']);
      const descriptions = hledger(journal, 'descriptions');
      expect(descriptions).toContain('topup | date:nonsense\\x3b semi, tag:v | = [2020-01-01] \\u2028 ü');
      expect(descriptions).toContain('payout | * ! (code) done');
      expect(hledger(journal, 'tags', 'name', '--values')).toContain('Büro; a:b\\x2c type:Q  | (x) 灯');
    });
  });
});

test('a ledger that does not add up is exit 12, with what is wrong', async () => {
  const cli = await CommandLine.make();
  await cli.json(['server', 'init']);
  const till = await Till.open(cli);
  const { id } = await till.account('5.00EUR');
  await till.close();
  const database = new DatabaseSync(join(pathsFrom(cli.env, process.platform, cli.folder).data, 'latchkey.db'));
  database.prepare('update accounts set balance = 600 where id = ?').run(id);
  database.close();
  const [json, plain] = await Promise.all([cli.run(['ledger', 'verify', '--json']), cli.run(['ledger', 'verify'])]);
  expect([json.code, plain.code]).toEqual([12, 12]);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, findings: [{ of: 'balance', id, kept: '600', computed: '500' }, { of: 'sum', id: 'EUR', kept: '100', computed: '0' }] });
  expect(JSON.parse(json.stderr)).toMatchObject({ code: 'check_failed', exit: 12 });
  expect(plain.stdout).toMatch(new RegExp(`balance of an account +${id} +600 +500\\nall accounts of a currency +EUR +1\\.00 EUR +0\\.00 EUR`));
  await cli.close();
});

test('a top-up that says another amount than its posting is found', async () => {
  const cli = await CommandLine.make();
  await cli.json(['server', 'init']);
  const till = await Till.open(cli);
  const account = await till.account('5.00EUR');
  const { postingId } = await till.topUp(account, '1.00EUR');
  await till.close();
  const database = new DatabaseSync(join(pathsFrom(cli.env, process.platform, cli.folder).data, 'latchkey.db'));
  database.prepare('update topups set minor = 200 where posting_id = ?').run(postingId!);
  database.close();
  const { code, stdout } = await cli.run(['ledger', 'verify', '--json']);
  expect({ code, result: JSON.parse(stdout) }).toMatchObject({ code: 12, result: { ok: false, findings: [{ of: 'topup', id: postingId, kept: '200', computed: '100' }] } });
  await cli.close();
});
