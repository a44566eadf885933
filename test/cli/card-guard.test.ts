import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { Account } from '../../src/domain/account.ts';
import { jsonWith, type CommandLine } from './command-line.ts';
import { Counter, newUid, shopPassword } from './counter.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { Till } from './till.ts';

const cardsOf = ({ env, folder }: CommandLine) => join(pathsFrom(env, process.platform, folder).state, 'cards.sqlite');
const alter = (cli: CommandLine, sql: string) => {
  const database = new DatabaseSync(cardsOf(cli));
  database.exec(sql);
  database.close();
};
const daily = (atMost: string) => ({ id: 'daily', type: 'total', per: 'day', at_most: atMost });
const large = (atMost: string) => ({ id: 'large', type: 'largest_amount', at_most: atMost, on_fail: 'ask', reason: 'Much.' });

describe.each(ways)('the security check of a machine, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let counter: Counter;
  let cafe: Account;
  let account: Account;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse, counter] = [await site.till(), await site.purse(), await Counter.make(site, { here: true })];
    [cafe, account] = [await till.shop(), await till.account('500.00EUR')];
    await purse.bind(account);
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });
  afterEach(() => {
    for (const { cli } of [purse, counter]) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${cardsOf(cli)}${suffix}`, { force: true });
    }
  });

  async function add(cli: CommandLine, parameters: readonly object[], more: object = {}): Promise<void> {
    const file = cli.file('application.json', JSON.stringify({ name: 'spending', version: 1, kind: 'payment', guards: ['pay'], parameters, ...more }));
    await cli.json(['card', 'app', 'add', file, '--yes']);
  }
  const pay = (amount: string, ...args: string[]) => ['pay', '--account', account.id, '--to', cafe.name, '--amount', amount, '--identity-code-file', '-', ...args];
  const paid = (amount: string, ...args: string[]) => purse.json(pay(amount, ...args), identityCode);
  async function refusal(args: readonly string[], { input = identityCode, cli = purse.cli, env = purse.env }: { input?: string; cli?: CommandLine; env?: Record<string, string> } = {}): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await cli.run([...args, '--json'], { input, env });
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }
  const balance = async () => BigInt(((await site.json('account', 'show', account.id)) as { balance: string }).balance);
  const log = async (...args: string[]) => ((await purse.cli.json(['card', 'log', ...args])) as { services: Record<string, any>[] }).services;
  async function serve() {
    const serving = counter.cli.start(['pos', 'serve', '--no-reader', '--json', '--listen', '127.0.0.1:0']);
    onTestFinished(async () => {
      serving.kill('SIGTERM');
      await serving.ended;
    });
    const { url } = (await serving.line(jsonWith('event', 'listening'))) as { url: string };
    return { serving, url };
  }
  const terminated = async () => ((await site.json('audit', 'list', '--action', 'service.terminated', '--limit', '500')) as { items: { detail: Record<string, any>; actor: string }[] }).items;

  test('without an application nothing is opened, and a payment is a payment', async () => {
    await paid('1.00EUR');
    expect(existsSync(cardsOf(purse.cli))).toBe(false);
    expect(await log()).toEqual([]);
    expect(existsSync(cardsOf(purse.cli))).toBe(false);
  });

  test('of two payments at once under a daily limit one passes, and nothing of the other was sent', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    const before = await balance();
    const [one, other] = await Promise.all([purse.run([...pay('6.00EUR'), '--json'], identityCode), purse.run([...pay('6.00EUR'), '--json'], identityCode)]);
    const [good, bad] = one.code === 0 ? [one, other] : [other, one];
    expect([good.code, bad.code]).toEqual([0, 4]);
    expect(JSON.parse(bad.stderr)).toMatchObject({ code: 'service_terminated', message: expect.stringContaining('daily (spending): total with this service 12.00EUR, limit 10.00EUR') });
    expect(before - (await balance())).toBe(600n);
    expect((await log()).map(({ state, outcome }) => [state, outcome])).toEqual([['terminated', 'terminate'], ['counted', 'allow']]);
    expect((await log('--outcome', 'allow'))[0]).toMatchObject({ settled_at: expect.any(String), guard: 'pay', service: { amount: 600, currency: 'EUR', payee: { id: cafe.id } }, decisions: [{ application: 'spending', version: 1, checks: [{ id: 'kind' }, { id: 'daily', status: 'passed' }] }] });
  });

  test('with a key of its own it counts once, and has the same answer', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    const first = await paid('6.00EUR', '--idempotency-key', `card-${way}-1`);
    expect(await paid('6.00EUR', '--idempotency-key', `card-${way}-1`)).toEqual(first);
    expect(await refusal(pay('5.00EUR', '--idempotency-key', `card-${way}-2`))).toMatchObject({ code: 'service_terminated' });
    expect(await refusal(pay('5.00EUR', '--idempotency-key', `card-${way}-2`))).toMatchObject({ code: 'service_terminated' });
    expect(await log()).toHaveLength(2);
    await paid('4.00EUR');
  });

  test('what is refused or cancelled, what never left, and what is reversed by hand gives its room back', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    expect(await refusal(pay('9.00EUR'), { input: 'wrong code' })).toMatchObject({ code: 'password_wrong' });
    expect((await log())[0]).toMatchObject({ state: 'reversed', reason: expect.stringContaining('password') });
    expect(await refusal(pay('9.00EUR').filter((arg) => arg !== '--identity-code-file' && arg !== '-'), { input: '' })).toMatchObject({ code: 'missing_input' });
    expect((await log())[0]).toMatchObject({ state: 'reversed', reason: 'Nothing was sent.' });
    await paid('9.00EUR');
    expect(await refusal(pay('9.00EUR'))).toMatchObject({ code: 'service_terminated' });
    const [, last] = await log();
    expect(await refusal(['card', 'reverse', last!['service_id']])).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringContaining('has taken place') });
    expect(await refusal(pay('9.00EUR'))).toMatchObject({ code: 'service_terminated' });
    expect(await purse.cli.json(['card', 'reverse', last!['service_id'], '--reason', 'refunded', '--yes'])).toMatchObject({ state: 'reversed', reason: 'refunded' });
    await paid('9.00EUR');
    const [newest] = await log('--outcome', 'terminate');
    expect(await refusal(['card', 'reverse', newest!['service_id']])).toMatchObject({ code: 'service_not_counted', exit: 5 });
  });

  test('what a process that was killed between the check and its journal left behind is found by a later run', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    await paid('9.00EUR');
    alter(purse.cli, `update services set key = 'of which nobody knows', settled_at = null`);
    expect((await log()).map(({ state }) => state)).toEqual(['counted']);
    const more = purse.cli.file('more.json', JSON.stringify({ service: { kind: 'payment', at: new Date().toISOString(), amount: 900, currency: 'EUR' } }));
    expect((await purse.cli.run(['card', 'check', '--app', 'spending', '--data', more])).code).toBe(4);
    expect(await refusal(['pay', '--cancel', '--account', account.id])).toMatchObject({ code: 'nothing_pending' });
    expect((await log())[0]).toMatchObject({ state: 'reversed', reason: 'Nothing was sent.' });
    await paid('9.00EUR');
  });

  test('what asks is answered at a terminal, and by nothing else', async () => {
    await add(purse.cli, [large('5.00EUR')]);
    const before = await balance();
    expect(await refusal(pay('7.00EUR', '--yes'))).toMatchObject({ code: 'answer_needed', exit: 10, message: expect.stringMatching(/large \(spending\): amount 7\.00EUR, limit 5\.00EUR – Much\. Pay 7\.00EUR to .* all the same\?$/), hint: expect.stringContaining('no flag does that') });
    const args = pay('7.00EUR').filter((arg) => arg !== '--identity-code-file' && arg !== '-');
    const no = atTerminal(purse.cli, args, purse.env);
    await no.shows('all the same?');
    no.type('n\r');
    expect(await no.code).toBe(130);
    expect(await balance()).toBe(before);
    const yes = atTerminal(purse.cli, args, purse.env);
    await yes.shows('all the same?');
    yes.type('y\r');
    await yes.shows('Identity code:');
    yes.type(`${identityCode}\r`);
    await yes.shows('paid');
    expect(await yes.code).toBe(0);
    expect(before - (await balance())).toBe(700n);
    expect((await log()).map(({ state }) => state)).toEqual(['counted', 'asked', 'asked']);
  });

  test('nothing fails open: damaged, of a newer program, or no database at all', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    const before = await balance();
    alter(purse.cli, `update applications set json = replace(json, '10.00EUR', '99.00EUR')`);
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'service_terminated', message: expect.stringContaining('damaged') });
    expect(await purse.cli.json(['card', 'app', 'list'])).toMatchObject({ applications: [{ name: 'spending', damaged: true }] });
    const data = purse.cli.file('service.json', JSON.stringify({ service: { kind: 'payment', at: '2026-11-30T12:00:00Z' } }));
    expect(await refusal(['card', 'check', '--app', 'spending', '--data', data])).toMatchObject({ code: 'card_application_damaged', exit: 11 });
    alter(purse.cli, 'pragma user_version = 99');
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'storage_too_new', exit: 11 });
    writeFileSync(cardsOf(purse.cli), 'nonsense, and long enough to be looked at as a database of some kind or other. '.repeat(20));
    for (const suffix of ['-wal', '-shm']) rmSync(`${cardsOf(purse.cli)}${suffix}`, { force: true });
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'storage_corrupt', exit: 11 });
    rmSync(cardsOf(purse.cli));
    execFileSync('mkfifo', [cardsOf(purse.cli)]);
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'storage_unavailable', exit: 11, message: expect.stringContaining('is no file') });
    expect(await balance()).toBe(before);
  });

  test('what is known of the machine goes along, and what is wrong with that lets nothing through', async () => {
    await add(purse.cli, [{ id: 'town', type: 'places', inside: [{ circle: { lat: 52.52, lon: 13.4, radius_m: 20_000 } }] }]);
    const data = purse.cli.file('data.json', JSON.stringify({ place: { lat: 52.5, lon: 13.38 } }));
    const env = (path: string) => ({ ...purse.env, LATCHKEY_CARD_DATA: path });
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'service_terminated', message: expect.stringContaining('service.place is missing') });
    expect((await purse.cli.run(pay('1.00EUR'), { input: identityCode, env: env(data) })).code).toBe(0);
    writeFileSync(data, JSON.stringify({ place: { lat: 52.5, lon: 13.38 }, confirmed: true }));
    expect(await refusal(pay('1.00EUR'), { env: env(data) })).toMatchObject({ code: 'invalid_input' });
    expect(await refusal(pay('1.00EUR'), { env: env(`${data}.none`) })).toMatchObject({ code: 'file_not_found' });
    execFileSync('mkfifo', [`${data}.pipe`]);
    expect(await refusal(pay('1.00EUR'), { env: env(`${data}.pipe`) })).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('is no file') });
  });

  test('of whom a payee is, only the machine’s own file knows the category', async () => {
    await add(purse.cli, [{ id: 'food', type: 'categories', allow: ['restaurant'] }]);
    const data = purse.cli.file('data.json', JSON.stringify({ payee_categories: { [cafe.id]: 'restaurant' } }));
    expect((await purse.cli.run(pay('1.00EUR'), { input: identityCode, env: { ...purse.env, LATCHKEY_CARD_DATA: data } })).code).toBe(0);
    expect(await refusal(pay('1.00EUR'))).toMatchObject({ code: 'service_terminated', message: expect.stringContaining('food') });
  });

  test('of attributes so many go along that all can be read again', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    const key = ['--idempotency-key', `attributes-${way}`];
    const env = (count: number) => ({
      ...purse.env, LATCHKEY_CARD_DATA: purse.cli.file('data.json', JSON.stringify({ attributes: Object.fromEntries(Array.from({ length: count }, (_, at) => [`of_${at}`, at])) })),
    });
    expect(await refusal(pay('1.00EUR', ...key), { env: env(57) })).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('LATCHKEY_CARD_DATA'), errors: [{ pointer: '/attributes', detail: expect.any(String) }] });
    expect((await purse.cli.run(pay('1.00EUR', ...key), { input: identityCode, env: env(56) })).code).toBe(0);
    expect(await log()).toMatchObject([{ state: 'counted' }]);
  });

  test('the server hears of what was terminated, and no more of it; what it could not hear it hears later', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    const before = (await terminated()).length;
    await refusal(pay('11.00EUR', '--idempotency-key', `told-${way}`));
    const told = (await terminated()).at(-1);
    expect(await terminated()).toHaveLength(before + 1);
    expect(told!.detail).toEqual({ application: 'spending', version: 1, policy_hash: expect.any(String), kind: 'payment', failed: 'daily', service_at: expect.any(String), key: `told-${way}` });
    alter(purse.cli, 'update decisions set told_at = null');
    await paid('1.00EUR');
    // It knows what it was told before.
    expect(await terminated()).toHaveLength(before + 1);
  });

  test('other parameters are tried on what was judged', async () => {
    await add(purse.cli, [daily('10.00EUR')]);
    await paid('6.00EUR');
    await refusal(pay('6.00EUR'));
    const wider = purse.cli.file('wider.json', JSON.stringify({ name: 'spending', version: 2, kind: 'payment', guards: ['pay'], parameters: [daily('5.00EUR')] }));
    expect(await purse.cli.json(['card', 'shadow', '--app', 'spending', '--policy', wider])).toMatchObject({
      services: 2, unchanged: 1, changed: [{ before: 'allow', after: 'terminate', count: 1 }], changes: [{ before: 'allow', after: 'terminate', failed: [{ id: 'daily' }] }],
    });
  });

  describe('of a cash register', () => {
    const charge = (amount: string, ...args: string[]) => ['pos', 'charge', '--amount', amount, '--tender', 'cash', ...args];
    const here = () => ({ cli: counter.cli, env: {} });

    test('charges and what they come to are held to it', async () => {
      await add(counter.cli, [daily('10.00EUR')], { guards: ['register-charge'] });
      await counter.json(...charge('6.00EUR', '--idempotency-key', `till-${way}`));
      await counter.json(...charge('6.00EUR', '--idempotency-key', `till-${way}`));
      expect(await refusal(charge('5.00EUR'), here())).toMatchObject({ code: 'service_terminated', exit: 4 });
      expect(await refusal(['pos', 'charge', '--amount', '3.00EUR', '--mandate', '--uid', newUid()], here())).toMatchObject({ code: 'mandate_missing' });
      await counter.json(...charge('4.00EUR'));
      expect(await terminated()).toEqual(expect.arrayContaining([expect.objectContaining({ detail: expect.objectContaining({ application: 'spending', failed: 'daily' }) })]));
    });

    test('so is who is let in, and it counts only who is', async () => {
      const { receipt } = await counter.sold('1.00EUR', newUid());
      const uid = newUid();
      await counter.sold('1.00EUR', uid);
      await add(counter.cli, [{ id: 'door', type: 'count', per: 'day', at_most: 1 }], { name: 'door', kind: 'door', guards: ['register-access'] });
      expect(receipt).toHaveProperty('grant');
      expect(await refusal(['pos', 'tap', '--uid', newUid()], here())).toMatchObject({ code: 'not_permitted' });
      expect(await counter.json('pos', 'tap', '--uid', uid)).toMatchObject({ credential: { password: shopPassword } });
      expect(await refusal(['pos', 'tap', '--uid', uid], here())).toMatchObject({ code: 'service_terminated' });
    });

    test('what a process left behind that was killed before it charged is free again after a while', async () => {
      await add(counter.cli, [daily('10.00EUR')], { guards: ['register-charge'] });
      await counter.json(...charge('6.00EUR'));
      alter(counter.cli, `update services set key = 'of which nobody knows', settled_at = null`);
      expect(await refusal(charge('5.00EUR'), here())).toMatchObject({ code: 'service_terminated' });
      alter(counter.cli, `update services set at = at - 660000`);
      await counter.json(...charge('5.00EUR'));
      expect(await counter.json('card', 'log')).toMatchObject({ services: [{ state: 'counted' }, { state: 'terminated' }, { state: 'reversed', reason: 'It was not charged.' }] });
    });

    test('what is reached while a charge is open refuses the phone that pays it, whose wallet does not pay it later', async () => {
      await add(counter.cli, [daily('3.00EUR')], { guards: ['register-charge'] });
      const { serving, url } = await serve();
      const open = counter.cli.start(['pos', 'charge', '--amount', '2.00EUR', '--tap', '--json']);
      await serving.line(jsonWith('event', 'opened'));
      await counter.json(...charge('2.00EUR'));
      const before = await balance();
      expect(await refusal(['wallet', 'tap', '--pos', url, '--account', account.id, '--identity-code-file', '-', '--yes'])).toMatchObject({ code: 'service_terminated' });
      expect(await refusal(['pay', '--cancel', '--account', account.id])).toMatchObject({ code: 'nothing_pending' });
      expect(await balance()).toBe(before);
      open.kill('SIGINT');
      await open.ended;
    });

    test('a wallet’s word that a register refuses takes up nothing', async () => {
      await add(purse.cli, [{ id: 'once', type: 'count', per: 'day', at_most: 1 }], { name: 'doors', kind: 'door', guards: ['access'] });
      await add(counter.cli, [], { name: 'shut', kind: 'door', guards: ['register-access'], rules: [{ id: 'shut', when: 'service.attributes.by != "nobody"', then: 'terminate' }] });
      const { url } = await serve();
      expect(await refusal(['wallet', 'tap', '--access', '--pos', url, '--account', account.id])).toMatchObject({ code: 'service_terminated' });
      expect((await log()).filter(({ guard }) => guard === 'access')).toMatchObject([{ state: 'reversed', reason: 'Nobody was let in.' }]);
    });

    test('what is paid already is answered, whatever was added since', async () => {
      const { serving, url } = await serve();
      const once = ['pos', 'charge', '--amount', '2.00EUR', '--tap', '--idempotency-key', `once-${way}`];
      const charging = counter.cli.start([...once, '--json']);
      await serving.line(jsonWith('event', 'opened'));
      await purse.json(['wallet', 'tap', '--pos', url, '--account', account.id, '--identity-code-file', '-', '--yes'], identityCode);
      expect((await charging.ended).code).toBe(0);
      await add(counter.cli, [{ id: 'small', type: 'largest_amount', at_most: '1.00EUR' }], { guards: ['register-charge'] });
      expect(await counter.json(...once)).toMatchObject({ sale: { amount: { minor: '200' } } });
    });

    test('a charge that phones pay is judged before it is opened, and counted when it is paid', async () => {
      await add(counter.cli, [daily('3.00EUR')], { guards: ['register-charge'], rules: [{ id: 'by', require: 'service.attributes.tender == "wallet"', then: 'terminate' }] });
      const { serving, url } = await serve();
      expect(await refusal(['pos', 'charge', '--amount', '1.00EUR', '--tap', '--mandate-ok'], here())).toMatchObject({ code: 'service_terminated', message: expect.stringContaining('by (spending)') });
      const tap = ['wallet', 'tap', '--pos', url, '--account', account.id, '--identity-code-file', '-', '--yes'];
      expect(await refusal(['pos', 'charge', '--amount', '4.00EUR', '--tap'], here())).toMatchObject({ code: 'service_terminated' });
      const withdrawn = counter.cli.start(['pos', 'charge', '--amount', '2.00EUR', '--tap', '--json']);
      await serving.line(jsonWith('event', 'opened'));
      withdrawn.kill('SIGINT');
      await withdrawn.ended;
      await serving.line(jsonWith('event', 'withdrawn'));
      const charging = counter.cli.start(['pos', 'charge', '--amount', '2.00EUR', '--tap', '--json']);
      expect((await purse.json(tap, identityCode))['payment']).toMatchObject({ state: 'paid' });
      expect((await charging.ended).code).toBe(0);
      expect(await refusal(['pos', 'charge', '--amount', '2.00EUR', '--tap'], here())).toMatchObject({ code: 'service_terminated' });
    });
  });

  test('a wallet that a phone plays holds what a register asks for to it, too', async () => {
    const { serving, url } = await serve();
    await add(purse.cli, [daily('3.00EUR')], { guards: ['pay', 'charge'] });
    const charging = counter.cli.start(['pos', 'charge', '--amount', '2.00EUR', '--tap', '--json']);
    const tap = ['wallet', 'tap', '--pos', url, '--account', account.id, '--identity-code-file', '-', '--yes'];
    await paid('2.00EUR');
    const before = await balance();
    expect(await refusal(tap)).toMatchObject({ code: 'service_terminated', exit: 4 });
    expect(await balance()).toBe(before);
    expect(await serving.line(jsonWith('event', 'refused'))).toMatchObject({ by: 'phone', error_code: 'service_terminated' });
    await purse.cli.json(['card', 'app', 'remove', 'spending', '--yes']);
    expect(await purse.json(tap, identityCode)).toMatchObject({ payment: { state: 'paid' } });
    const { code, stderr } = await charging.ended;
    expect([code, JSON.parse(stderr)]).toEqual([0, { warning: 'The phone’s own security check terminated the service. Nothing came of it. Its holder’s screen says which check: take another phone, or another way to pay.' }]);
  });
});
