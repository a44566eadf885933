import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { Account } from '../../src/domain/account.ts';
import { CommandLine } from './command-line.ts';
import { Counter } from './counter.ts';
import { plantCode } from './planted-code.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { Till } from './till.ts';

type Result = Record<string, any>;

const cardsOf = ({ env, folder }: CommandLine) => join(pathsFrom(env, process.platform, folder).state, 'cards.sqlite');
const daily = (atMost: string) => ({ id: 'daily', type: 'total', per: 'day', at_most: atMost });
const large = (atMost: string) => ({ id: 'large', type: 'largest_amount', at_most: atMost, on_fail: 'ask' });
const [cafe, kiosk] = ['acc_AAAAAAAAAAAAAAAAAAAAAA', 'acc_BBBBBBBBBBBBBBBBBBBBBA'] as const;

async function add(cli: CommandLine, guard: string, parameters: readonly object[], more: object = {}): Promise<void> {
  const application = { name: 'spending', version: 1, kind: 'payment', guards: [guard], parameters, ...more };
  const { code, stderr } = await cli.run(['card', 'app', 'add', cli.file('application.json', JSON.stringify(application)), '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

async function refusal(cli: CommandLine, args: readonly string[], input = ''): Promise<Result> {
  const { code, stderr } = await cli.run([...args, '--json'], { input });
  const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Result;
  expect(error['exit']).toBe(code);
  return error;
}

async function log(cli: CommandLine): Promise<Result[]> {
  return ((await cli.json(['card', 'log'])) as { services: Result[] }).services;
}

async function states(cli: CommandLine): Promise<string[]> {
  return (await log(cli)).map(({ state }) => state as string).reverse();
}

describe('the showings of a wallet, with no server', () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await CommandLine.make();
  });
  afterEach(() => cli.close());
  const show = (...args: string[]) => cli.json<Result>(['code', 'show', ...args]);

  test('are held to the security check by what they may cost, and what is taken back gives its room back', async () => {
    const { token: { id } } = await plantCode(cli, { maxTotal: 5000n, uses: 10 });
    await add(cli, 'code', [daily('12.00EUR')]);
    await show();
    await show();
    expect(await refusal(cli, ['code', 'show'])).toMatchObject({ code: 'service_terminated', exit: 4, message: expect.stringContaining('15.00EUR, limit 12.00EUR') });
    expect(await show('--amount', '2.00EUR')).toMatchObject({ counter: 3, uses_left: 7 });
    expect((await refusal(cli, ['code', 'show', '--amount', '0.01EUR']))['code']).toBe('service_terminated');
    await cli.json(['code', 'take-back', id, '1', '--yes']);
    expect(await show()).toMatchObject({ counter: 4 });
    expect(await states(cli)).toEqual(['reversed', 'counted', 'terminated', 'counted', 'terminated', 'counted']);
    expect((await log(cli))[0]).toMatchObject({ guard: 'code', service: { kind: 'payment', amount: 500, currency: 'EUR' } });
  });

  test('a use that was refused is judged anew, once it may go on', async () => {
    await plantCode(cli);
    await add(cli, 'code', [{ id: 'shop', type: 'payees', allow: [cafe] }]);
    expect((await refusal(cli, ['code', 'show']))['code']).toBe('service_terminated');
    expect((await refusal(cli, ['code', 'show', '--payee', kiosk]))['code']).toBe('service_terminated');
    expect(await show('--payee', cafe)).toMatchObject({ counter: 1 });
  });

  test('what asks is answered at the terminal, and nothing is counted before', async () => {
    await plantCode(cli);
    await add(cli, 'code', [large('3.00EUR')]);
    expect(await refusal(cli, ['code', 'show', '--text'])).toMatchObject({ code: 'answer_needed', exit: 10, message: expect.stringContaining('Show a code for 5.00EUR all the same?') });
    const no = atTerminal(cli, ['code', 'show', '--once']);
    await no.shows('all the same?');
    no.type('n\r');
    expect(await no.code).toBe(130);
    const yes = atTerminal(cli, ['code', 'show']);
    await yes.shows('all the same?');
    yes.type('y\r');
    await yes.shows('Showing 1');
    yes.type('q');
    await yes.shows('Was it accepted?');
    yes.type('n\r');
    await yes.shows('Take it back?');
    yes.type('y\r');
    expect(await yes.code).toBe(0);
    expect(await states(cli)).toEqual(['reversed']);
    expect(await show('--amount', '3.00EUR')).toMatchObject({ counter: 2, uses_left: 4 });
  });

  test('where the check cannot be read nothing is shown', async () => {
    await plantCode(cli);
    await add(cli, 'code', [daily('12.00EUR')]);
    writeFileSync(cardsOf(cli), 'nonsense, and long enough to be looked at as a database of some kind or other. '.repeat(20));
    expect((await refusal(cli, ['code', 'show']))['code']).toBe('storage_corrupt');
    expect((await cli.json<Result>(['code', 'list', '--profile', 'local']))['codes'][0]).toMatchObject({ uses_left: 5 });
  });
});

describe.each(ways)('codes at their security checks, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let counter: Counter;
  let account: Account;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse, counter] = [await site.till(), await site.purse(), await Counter.make(site, { here: true })];
    account = await till.account('100.00EUR');
    await purse.bind(account);
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });
  afterEach(async () => {
    for (const { cli } of [purse, counter]) {
      const { applications } = await cli.json<{ applications: Result[] }>(['card', 'app', 'list']);
      for (const { name } of applications) await cli.json(['card', 'app', 'remove', name as string, '--yes']);
    }
  });

  const accept = (amount: string, ...more: string[]) => ['code', 'accept', '--amount', amount, ...more];
  const terminated = async (name: string) =>
    ((await site.json('audit', 'list', '--action', 'service.terminated', '--limit', '500')) as { items: { detail: Result }[] }).items.filter(({ detail }) => detail['application'] === name);

  test('a cash register holds what it accepts to its own, and what is refused otherwise takes up no room', async () => {
    const shown = await till.code({ maxEach: 500n, uses: 9 });
    await counter.json('code', 'trust', 'sync');
    await add(counter.cli, 'register-code', [daily('6.00EUR')], { name: `till-${way}` });
    const first = shown.shows(1);
    const { checks } = await counter.cli.json<Result>(accept('4.00EUR'), { input: first });
    expect(checks).toContainEqual({ check: 'security_check', outcome: 'passed' });
    expect((await refusal(counter.cli, accept('4.00EUR'), first))['code']).toBe('code_used');
    const { stdout } = await counter.cli.run([...accept('3.00EUR'), '--json'], { input: shown.shows(2) });
    expect(JSON.parse(stdout)).toMatchObject({ accepted: false, error_code: 'service_terminated', message: expect.stringMatching(/7\.00EUR, limit 6\.00EUR\. The trust list is .* old\.$/) });
    expect(JSON.parse(stdout).checks.slice(-2)).toEqual([{ check: 'security_check', outcome: 'failed' }, { check: 'journal', outcome: 'not_reached' }]);
    await counter.cli.json(accept('2.00EUR', '--idempotency-key', `order-${way}`), { input: shown.shows(2) });
    expect((await log(counter.cli)).map(({ guard, state }) => [guard, state]).reverse()).toEqual([['register-code', 'counted'], ['register-code', 'terminated'], ['register-code', 'counted']]);
    expect(await terminated(`till-${way}`)).toEqual([]);
    await counter.json('code', 'settle');
    expect((await terminated(`till-${way}`)).map(({ detail }) => detail['failed'] as string)).toEqual(['daily']);
    await counter.json('code', 'trust', 'sync');
    expect(await terminated(`till-${way}`)).toHaveLength(1);
  });

  test('what asks is answered where the code was scanned', async () => {
    const shown = await till.code({ maxEach: 500n });
    await counter.json('code', 'trust', 'sync');
    await add(counter.cli, 'register-code', [large('3.00EUR')], { name: `asking-${way}` });
    expect(await refusal(counter.cli, accept('4.00EUR'), shown.shows(1))).toMatchObject({ code: 'answer_needed', exit: 10 });
    for (const [key, exit] of [['n', 130], ['y', 0]] as const) {
      const terminal = atTerminal(counter.cli, accept('4.00EUR'));
      await terminal.shows('Scan the code.');
      terminal.type(`${shown.shows(1)}\r`);
      await terminal.shows('all the same?');
      terminal.type(`${key}\r`);
      if (exit === 0) await terminal.shows('accepted (provisional) 4.00 EUR');
      expect(await terminal.code).toBe(exit);
    }
  });

  test('a wallet’s showing counts as what was paid once the server says so, and then the server hears what was terminated', async () => {
    const issued = await purse.json(['code', 'issue', '--account', account.id, '--limit', '20.00EUR', '--max-each', '5.00EUR', '--uses', '4', '--valid', '1h', '--identity-code-file', '-'], identityCode);
    await add(purse.cli, 'code', [daily('6.00EUR')], { name: `purse-${way}` });
    const id = issued['code_id'] as string;
    const { text } = await purse.json(['code', 'show', id]);
    expect((await refusal(purse.cli, ['code', 'show', id]))['code']).toBe('service_terminated');
    expect(await terminated(`purse-${way}`)).toEqual([]);
    await counter.json('code', 'trust', 'sync');
    await counter.cli.json(accept('1.00EUR'), { input: text as string });
    await counter.json('code', 'settle');
    expect(await purse.json(['code', 'list'])).toMatchObject({ corrected: true });
    expect((await terminated(`purse-${way}`)).map(({ detail }) => detail['failed'] as string)).toEqual(['daily']);
    expect(await purse.json(['code', 'show', id])).toMatchObject({ counter: 2 });
    expect((await log(purse.cli)).slice(0, 3).map(({ state, service, paid }) => [state, service['amount'] as number, paid])).toEqual([['counted', 500, undefined], ['terminated', 500, undefined], ['counted', 500, 100]]);
  });
});
