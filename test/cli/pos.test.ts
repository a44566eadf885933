import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import { asSentence } from '../../src/domain/shown-text.ts';
import { parsePublicJwk, sealAccessCode } from '../../src/protocol/access-code.ts';
import { readWifiTag } from '../formats/read-wifi-tag.ts';
import { readWifiUri } from '../formats/read-wifi-uri.ts';
import { requires } from '../requirements.ts';
import { jsonWith, type CommandLine } from './command-line.ts';
import { Counter, newUid, shopPassword } from './counter.ts';
import { Site, ways } from './site.ts';
import type { Till } from './till.ts';

/** The same, with and without --json. */
async function refusal(cli: CommandLine, args: readonly string[], env: Record<string, string> = {}): Promise<Record<string, any>> {
  const [json, plain] = await Promise.all([cli.run([...args, '--json'], { env }), cli.run(args, { env })]);
  const error = JSON.parse(json.stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
  expect({ codes: [json.code, plain.code], out: [json.stdout, plain.stdout] }).toEqual({ codes: [error['exit'], error['exit']], out: ['', ''] });
  expect(plain.stderr).toContain(`Error: ${asSentence(error['message'] as string)}\n`);
  return error;
}

const minute = 60_000;
const shop = { ssid: 'cafe-guests', password: shopPassword, security: 'wpa2-psk' };

describe.each(ways)('a cash register, %s', (way) => {
  let site: Site;
  let counter: Counter;
  beforeAll(async () => {
    site = await Site.make(way);
    counter = await Counter.make(site, { here: true });
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });

  const charge = (amount: string, ...more: string[]) => ['pos', 'charge', '--amount', amount, ...more];
  const tap = (uid: string, ...more: string[]) => ['pos', 'tap', '--uid', uid, ...more];

  test.each([
    [['pos', 'charge', '--amount', '1,5EUR', '--tender', 'cash'], 'amount_malformed', 2],
    [['pos', 'charge', '--amount', '-1.00EUR', '--tender', 'cash'], 'amount_not_positive', 2],
    [['pos', 'charge', '--amount', '0.001EUR', '--tender', 'cash'], 'amount_too_fine', 2],
    [['pos', 'charge', '--amount', '1.00EUR'], 'missing_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--mandate'], 'missing_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--mandate', '--tender', 'cash'], 'invalid_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--tender', 'gold'], 'invalid_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash', '--uid', '08:11:22:33'], 'random_identifier', 4],
    [['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash', '--uid', '04xy'], 'invalid_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--mandate', '--uid', '04112233445566'], 'mandate_missing', 4],
    [['pos', 'tap', '--uid', '04112233445566', '--write-tag'], 'invalid_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--tap', '--tender', 'cash'], 'invalid_input', 2],
    [['pos', 'charge', '--amount', '1.00EUR', '--mandate-ok'], 'missing_input', 2],
    [['pos', 'tap', '--uid', '04112233445566', '--receipt', '7K2M-9QXA'], 'invalid_input', 2],
    [['pos', 'tap', '--uid', '04112233445566'], 'not_permitted', 4],
    [['pos', 'tap', '--receipt', '7K2M-9QXA'], 'missing_input', 2],
    [['pos', 'tap', '--receipt', '7K2M-9QXA', '--phone-token-file', 'phone.txt'], 'receipt_code_invalid', 4],
    [['pos', 'tap', '--receipt', '????'], 'receipt_code_invalid', 4],
    [['pos', 'tap', '--receipt', '7K2M-9QXA', '--phone-token-file', 'none/phone.txt'], 'file_not_found', 3],
    [['pos', 'tap', '--phone-token-file', 'none.txt'], 'file_not_found', 3],
    [['pos', 'tariff', 'set'], 'missing_input', 2],
    [['pos', 'tariff', 'set', '--unlimited', '--fixed', '1h'], 'invalid_input', 2],
    [['pos', 'tariff', 'set', '--fixed', '1h', '--minimum', '1.00EUR'], 'invalid_input', 2],
    [['pos', 'tariff', 'set', '--step', '1,00EUR=10min'], 'amount_malformed', 2],
    [['pos', 'tariff', 'set', '--step', '1.00XYZ=10min'], 'currency_unknown', 2],
    [['pos', 'tariff', 'set', '--step', '1.00EUR=soon'], 'invalid_input', 2],
    [['pos', 'tariff', 'set', '--step', '1.00EUR=500MB'], 'metric_mismatch', 5],
    [['pos', 'tariff', 'set', '--file', 'none.json'], 'file_not_found', 3],
    [['pos', 'tariff', 'test', '0.50EUR'], 'amount_below_minimum', 4],
    [['pos', 'tariff', 'test', '1USD'], 'currency_mismatch', 5],
    [['pos', 'tariff', 'test', '1.00EUR', '--at', 'now'], 'invalid_input', 2],
    [['pos', 'report', '--day', '2026-02-30'], 'invalid_input', 2],
    [['pos', 'report', '--zone', 'Europe/Nowhere'], 'invalid_input', 2],
    [['pos', 'network', 'set', '--ssid', 'x', '--password-file', 'none.txt'], 'file_not_found', 3],
    [['grant', 'refund', 'grt_none'], 'grant_not_found', 3],
    [['grant', 'move', 'grt_none', '--to-uid', '08112233'], 'random_identifier', 4],
  ] as const)('%j is %s', async (args, code, exit) => {
    expect(await refusal(counter.cli, args)).toMatchObject({ code, exit, hint: expect.stringMatching(/./) });
  });

  test('a memo that no charge may have is said of its flag, and no charge is begun', async () => {
    const charging = ['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash', '--memo', 'm'.repeat(65)];
    expect(await refusal(counter.cli, charging)).toMatchObject({ code: 'invalid_input', exit: 2, message: '--memo: A memo has 1 to 64 characters and no control characters.' });
    expect((await counter.json('pos', 'status'))['open_charges']).toEqual([]);
  });

  test('what is wrong with a tariff is said of its flag, and nothing is changed', async () => {
    const before = await counter.json('pos', 'tariff', 'show');
    const set = (...flags: string[]) => refusal(counter.cli, ['pos', 'tariff', 'set', ...flags]);
    const step = ['--step', '1.00EUR=10min'];
    expect((await set(...step, '--tier', '10.00EUR:1.00EUR=5min'))['message']).toBe('--tier: A tier is not dearer than what is before it.');
    expect((await set(...step, '--tier', '10.00USD:1.00EUR=15min'))['message']).toBe('--tier: USD is not EUR.');
    expect((await set(...step, '--happy-hour', 'Mon-Fri 14:00-16:00 x2'))['message']).toBe('--zone: It is missing.');
    expect((await set(...step, '--happy-hour', 'Mon-Fri 14-16 x2'))['message']).toMatch(/^--happy-hour: "Mon-Fri 14-16 x2" is not a happy hour/);
    expect((await set(...step, '--zone', 'Europe/Berlin'))['message']).toBe('--zone goes with --happy-hour alone.');
    expect((await set(...step, '--largest', '0.50EUR'))['message']).toMatch(/^--largest: The largest amount is not less/);
    expect((await set('--unlimited', '--refund', 'unused'))['message']).toMatch(/^--refund unused does not go with --unlimited/);
    const file = counter.cli.file('tariff.json', '{"kind": "steps", "step": "1.00EUR=10min", "colour": "red"}');
    expect(await set('--file', file)).toMatchObject({ code: 'invalid_input', errors: [{ pointer: '/colour', detail: 'It is not known here.' }] });
    expect((await set('--file', counter.cli.file('no.json', 'kind: steps')))['message']).toBe('--file: this is no JSON.');
    expect(await counter.json('pos', 'tariff', 'show')).toEqual(before);
  });

  test('a tariff is set in flags or from what was shown, and its result is explained', async () => {
    const before = JSON.stringify(await counter.json('pos', 'tariff', 'show'));
    const flags = ['--step', '1.00EUR=10min', '--tier', '10.00EUR:1.00EUR=15min', '--tier', '20.00EUR:1.00EUR=20min', '--rounding', 'exact', '--largest', '50.00EUR', '--longest', '24h', '--happy-hour', 'Mon-Fri 14:00-16:00 x2', '--zone', 'Europe/Berlin', '--free', '5min'];
    const wanted = {
      kind: 'steps', step: '1.00EUR=10min', tiers: ['10.00EUR:1.00EUR=15min', '20.00EUR:1.00EUR=20min'], rounding: 'exact', largest_amount: '50.00EUR',
      largest_quantity: '1d', happy_hours: ['Mon-Fri 14:00-16:00 x2'], zone: 'Europe/Berlin', free: '5min', pausable: false, refund: 'none',
    };
    expect(await counter.json('pos', 'tariff', 'set', ...flags, '--dry-run')).toEqual(wanted);
    expect(JSON.stringify(await counter.json('pos', 'tariff', 'show'))).toBe(before);
    expect(await counter.json('pos', 'tariff', 'set', ...flags)).toEqual(wanted);
    expect((await counter.run('pos', 'tariff', 'show')).stdout).toMatch(/tier: +20\.00EUR:1\.00EUR=20min\n/);

    const explained = await counter.json('pos', 'tariff', 'test', '7.30EUR', '--at', '2026-11-30T14:30:00+01:00', '--first');
    expect(explained).toMatchObject({ quantity: '2h31min', bought: '2h26min', used: { minor: '730', currency: 'EUR' }, first: true });
    expect(explained['because'].map(({ kind }: { kind: string }) => kind)).toEqual(['happy_hour', 'step', 'counted', 'multiplied', 'free']);
    const { stdout } = await counter.run('pos', 'tariff', 'test', '60.00EUR', '--at', '2026-11-29T14:30:00+01:00');
    expect(stdout).toMatch(/^1\. No more than 50\.00 EUR is reckoned with.*\n2\. 1\.00 EUR buys 20 min, for it is 20\.00 EUR or more\.\n3\. That makes 50 steps, 16 h 40 min; .*\n4\. 10\.00 EUR of it buys nothing\.\n\npaid: +60\.00 EUR\n/);

    await counter.json('pos', 'tariff', 'clear');
    expect(await refusal(counter.cli, ['pos', 'tariff', 'show'])).toMatchObject({ code: 'tariff_not_found', exit: 3 });
    const nothing = await counter.json(...charge('2.00EUR', '--tender', 'cash'));
    expect(Object.keys(nothing)).toEqual(['sale', 'no_time']);
    expect(nothing['no_time']).toEqual({ kind: 'no_tariff', text: 'this cash register sells none' });
    expect(await counter.cli.json(['pos', 'tariff', 'set', '--file', '-'], { input: before })).toEqual(JSON.parse(before));
  });

  test('who paid is on the list, is handed the password as often as they come, and for no longer than they paid for', async () => {
    const uid = newUid();
    const receipt = await counter.json(...charge('2.50EUR', '--tender', 'cash', '--uid', uid, '--memo', 'two coffees', '--credential'));
    expect(receipt).toMatchObject({
      sale: { tender: 'cash', amount: { minor: '250', currency: 'EUR' }, memo: 'two coffees', quantity: '20min', used: '200', payee_id: counter.account.id },
      grant: { source: 'payment', state: 'active', allowed_ms: 20 * minute },
      credential: { ...shop, wifi_uri: 'WIFI:T:WPA;S:cafe-guests;P:coffee and cake;;' },
    });
    expect(receipt['receipt_code']).toBeUndefined();
    expect(receipt['left_ms']).toBeGreaterThan(19 * minute);
    expect(await counter.json(...tap(uid))).toMatchObject({ grant: { grant_id: receipt['grant'].grant_id }, credential: shop });
    const { stdout } = await counter.run(...tap(uid.toUpperCase().replace(/..(?!$)/g, '$&:')));
    expect(stdout).toMatch(/^for: +nfc .{6}…\nleft: +19 min \d+ s\nuntil: .*\nnetwork: +cafe-guests\npassword: +coffee and cake\n$/);
    expect((await counter.run(...tap(uid, '--format', 'wifi-qr', '--wpa3'))).stdout).toBe('WIFI:T:WPA;S:cafe-guests;P:coffee%20and%20cake;;\n');
    const hex = (await counter.run(...tap(uid, '--format', 'ndef-hex'))).stdout.trim();
    expect(readWifiTag(Buffer.from(hex, 'hex'))).toEqual(shop);
    expect((await counter.run(...tap(uid, '--qr'))).stdout).toMatch(/\n\n[ ▀▄█\n]+$/);
  });

  test('who has no number has a receipt code, which is good once, and then a token', async () => {
    const receipt = await counter.json(...charge('1.00EUR', '--tender', 'card'));
    const code = receipt['receipt_code'] as string;
    expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    const token = join(counter.cli.folder, `phone-${way}.txt`);
    const redeem = ['pos', 'tap', '--receipt', code.toLowerCase(), '--phone-token-file', token];
    expect(await counter.json(...redeem)).toMatchObject({ grant: { subject: { kind: 'phone' } }, credential: shop });
    expect([readFileSync(token, 'utf8'), statSync(token).mode & 0o777]).toEqual([expect.stringMatching(/^[\w-]{22}\n$/), 0o600]);
    for (const again of [redeem, ['pos', 'tap', '--phone-token-file', token]]) {
      expect(await counter.json(...again)).toMatchObject({ grant: { grant_id: receipt['grant'].grant_id }, credential: shop });
    }
    expect(await refusal(counter.cli, ['pos', 'tap', '--receipt', code, '--phone-token-file', `${token}.other`])).toMatchObject({ code: 'receipt_code_invalid' });

    const [own, other] = [randomBytes(16).toString('base64url'), await counter.json(...charge('2.00EUR', '--tender', 'cash'))];
    const redeemOther = ['pos', 'tap', '--receipt', other['receipt_code'] as string];
    expect(await refusal(counter.cli, [...redeemOther, '--phone-token-file', counter.cli.file('malformed.txt', 'mine')])).toMatchObject({ code: 'invalid_input', exit: 2 });
    for (const brought of [{ input: own, flags: ['--phone-token-file', '-'] }, { env: { LATCHKEY_PHONE_TOKEN: own }, flags: [] }]) {
      const { flags, ...rest } = brought;
      expect(await counter.cli.json([...redeemOther, ...flags], rest)).toMatchObject({ grant: { grant_id: other['grant'].grant_id }, credential: shop });
    }
    const { stdout } = await counter.run(...charge('1.00EUR', '--tender', 'card', '--qr'));
    expect(stdout).toMatch(/receipt code: +[0-9A-Z]{4}-[0-9A-Z]{4}\n\n[ ▀▄█\n]+$/);
  });

  test('what buys no time is charged, and says why', async () => {
    const args = charge('0.50EUR', '--tender', 'cash', '--uid', newUid(), '--idempotency-key', `little-${way}`);
    const receipt = await counter.json(...args);
    expect(receipt).toMatchObject({
      sale: { amount: { minor: '50' } },
      no_time: { kind: 'below_least', text: 'below the least amount, 1.00 EUR', least: { minor: '100', currency: 'EUR' }, in_happy_hours: false },
    });
    expect(receipt).not.toHaveProperty('grant');
    const { stdout } = await counter.run(...args);
    expect(stdout).toMatch(/^bought: +no time: below the least amount, 1\.00 EUR$/m);
    expect(await counter.json(...charge('1.00EUR', '--tender', 'cash', '--uid', newUid()))).not.toHaveProperty('no_time');
  });

  test('while the server is away nothing is charged, and that is said; what is open is none', async () => {
    const away = async (...args: string[]) => {
      const { code, stdout, stderr } = await counter.cli.run([...args, '--json', '--server', 'http://127.0.0.1:1'], { env: { LATCHKEY_TOKEN: `lk_pos_${'A'.repeat(22)}` } });
      return { code, stdout, error: JSON.parse(stderr) as object };
    };
    for (const args of [charge('1.00EUR', '--tender', 'cash'), charge('1.00EUR', '--tap')]) {
      expect(await away(...args)).toMatchObject({
        code: 6, stdout: '', error: { code: 'remote_unreachable', message: expect.stringMatching(/Nothing was charged by this command\.$/), hint: expect.stringContaining('pos status') },
      });
    }
    const { code, stdout } = await away('pos', 'status');
    expect([code, JSON.parse(stdout)]).toEqual([6, { reachable: false, open_charges: [] }]);
  });

  test('the same key charges once', async () => {
    const once = charge('3.00EUR', '--tender', 'cash', '--uid', newUid(), '--idempotency-key', `order-${way}`);
    const receipt = await counter.json(...once);
    expect((await counter.json(...once))['sale']).toEqual(receipt['sale']);
    expect(await refusal(counter.cli, charge('4.00EUR', '--tender', 'cash', '--idempotency-key', `order-${way}`))).toMatchObject({ code: 'idempotency_mismatch', exit: 5 });
  });

  test('a tap takes what its payer allows', async () => {
    const [purse, till] = [await site.purse(), await site.till()];
    const payer = await till.account('50.00EUR');
    await purse.bind(payer);
    const uid = newUid();
    const set = ['account', 'mandate', 'set', '--account', payer.id, '--uid', uid];
    const mandate = await purse.json(set);
    expect(mandate).toMatchObject({ account_id: payer.id, currency: 'EUR', per_tap: '1000', per_day: '3000' });
    expect(await purse.json([...set, '--per-tap', '4.00EUR', '--per-day', '6.00EUR'])).toMatchObject({ subject_id: mandate['subject_id'], per_tap: '400', per_day: '600' });
    expect(await refusal(purse.cli, [...set, '--per-tap', '4USD'], purse.env)).toMatchObject({ code: 'currency_mismatch' });
    const receipt = await counter.json(...charge('4.00EUR', '--mandate', '--uid', uid));
    expect(receipt).toMatchObject({ sale: { tender: 'mandate', payment_id: expect.stringMatching(/^pay_/) }, grant: { subject: { kind: 'nfc', id: mandate['subject_id'] } } });
    expect(await refusal(counter.cli, charge('4.01EUR', '--mandate', '--uid', uid))).toMatchObject({ code: 'mandate_exceeded', exit: 4 });
    expect(await refusal(counter.cli, charge('3.00EUR', '--mandate', '--uid', uid))).toMatchObject({ code: 'mandate_exceeded' });
    expect((await purse.run(['account', 'mandate', 'list'])).stdout).toMatch(/SUBJECT .*\n[^]*4\.00 EUR +6\.00 EUR/);
    await purse.json(['account', 'mandate', 'end', mandate['subject_id'] as string]);
    expect(await refusal(counter.cli, charge('1.00EUR', '--mandate', '--uid', uid))).toMatchObject({ code: 'mandate_missing', exit: 4 });
    expect(await refusal(purse.cli, ['account', 'mandate', 'end', 'nothing'], purse.env)).toMatchObject({ code: 'mandate_not_found', exit: 3 });
  });

  test('a picture of the receipt code that cannot be written is said as that, and the code is on the receipt', async () => {
    const png = counter.cli.file(`${randomUUID()}.png`, 'somebody’s');
    const charged = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--png', png, '--json'));
    expect([charged.code, JSON.parse(charged.stderr)]).toEqual([0, { warning: expect.stringMatching(/^It is charged, but the picture of the receipt code could not be written\. .* is there already, .*\. The code is on the receipt/) }]);
    expect(JSON.parse(charged.stdout)).toMatchObject({ sale: { tender: 'cash' }, receipt_code: expect.any(String) });
    expect(readFileSync(png, 'utf8')).toBe('somebody’s');
  });

  test('an agent that makes no sense does not undo a charge', async () => {
    const { register_id: id } = await counter.json('pos', 'show');
    const agent = createServer((_request, response) => response.end('nonsense'));
    const { state } = pathsFrom(counter.cli.env, process.platform, counter.cli.folder);
    await new Promise<void>((resolve) => agent.listen(join(state, `pos-${id}.sock`), resolve));
    const charged = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--json'));
    await new Promise((resolve) => agent.close(resolve));
    expect([charged.code, JSON.parse(charged.stderr)]).toEqual([0, { warning: expect.stringMatching(/^It is charged, but the address of the page .* could not be had\. The agent’s reply is not JSON\. /) }]);
    expect(JSON.parse(charged.stdout)).toMatchObject({ sale: { tender: 'cash' }, receipt_code: expect.any(String) });
  });

  test('the time is moved, kept, gone on with and given back', async () => {
    const [from, to] = [newUid(), newUid()];
    const { grantId } = await counter.sold('6.00EUR', from);
    expect(await counter.json('grant', 'move', grantId, '--to-uid', to, '--dry-run')).toMatchObject({ grant_id: grantId });
    expect(await counter.json(...tap(from))).toMatchObject({ credential: shop });
    await counter.json('grant', 'move', grantId, '--to-uid', to);
    expect(await refusal(counter.cli, tap(from))).toMatchObject({ code: 'not_permitted', exit: 4 });
    expect(await counter.json('grant', 'pause', grantId)).toMatchObject({ state: 'paused', waiting_ms: expect.any(Number) });
    expect(await refusal(counter.cli, tap(to))).toMatchObject({ code: 'grant_paused', exit: 4 });
    expect(await refusal(counter.cli, ['grant', 'show', grantId, '--qr'])).toMatchObject({ code: 'grant_paused', exit: 4 });
    expect((await counter.run('grant', 'show', grantId)).stdout).toMatch(/until: +paused with 59 min \d+ s left\nallowed: +1 h\nleft: +59 min \d+ s\n/);
    expect(await counter.json('grant', 'resume', grantId)).toMatchObject({ state: 'active' });
    const offered = await counter.json('grant', 'refund', grantId, '--dry-run');
    expect(offered).toMatchObject({ grant: { state: 'active' }, in_ledger: [], by_hand: [{ currency: 'EUR' }] });
    const { stdout } = await counter.run('grant', 'refund', grantId);
    expect(stdout).toMatch(/^grant: +grt_.*\nstate: +revoked\nto be handed back: +5\.9\d EUR\nof sal_.*: +5\.9\d EUR of 6\.00 EUR \(cash\)\n$/);
    expect(await refusal(counter.cli, ['grant', 'refund', grantId])).toMatchObject({ code: 'grant_over', exit: 5 });
    expect(await refusal(counter.cli, ['grant', 'show', grantId, '--qr'])).toMatchObject({ code: 'grant_over', exit: 5 });
    expect(await refusal(counter.cli, tap(to))).toMatchObject({ code: 'not_permitted' });
  });

  test('what cannot be paused is not', async () => {
    const before = JSON.stringify(await counter.json('pos', 'tariff', 'show'));
    await counter.json('pos', 'tariff', 'set', '--fixed', '1h');
    const { grantId } = await counter.sold('1.00EUR', newUid());
    expect(await refusal(counter.cli, ['grant', 'pause', grantId])).toMatchObject({ code: 'grant_not_pausable', exit: 4 });
    await counter.cli.json(['pos', 'tariff', 'set', '--file', '-'], { input: before });
  });

  test('the permission list shows who is on it only so far, what is left, and that nothing enforces it', async () => {
    const { grantId, receipt } = await counter.sold('2.00EUR', newUid());
    const subject = receipt['grant'].subject.id as string;
    const { code, stdout, stderr } = await counter.run('grant', 'list', '--source', 'payment', '--limit', '1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GRANT +STATE +FOR +NETWORK +ENTRY +ALLOWED +USED +LEFT\n/);
    expect(stdout).toContain(`${grantId}  active  nfc ${subject.slice(4, 10)}…`);
    expect(stdout).toMatch(/ 20 min +\d+ s +19 min \d+ s\n/);
    expect(stdout).not.toContain(subject);
    expect(stderr).toBe('Warning: On "cafe-guests" the list cannot be enforced: no agent does it, and who knows the password stays on when their time is over.\n');
    const json = await counter.run('grant', 'list', '--source', 'payment', '--subject', subject, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ items: [{ grant_id: grantId, allowed_ms: 20 * minute, subject: { id: subject } }] });
    expect(JSON.parse(json.stderr)).toEqual({ warning: expect.stringContaining('cannot be enforced') });
  });

  test('the password is handed over again in pictures and for tags, to files that nobody else reads', async () => {
    const { grantId } = await counter.sold('1.00EUR', newUid());
    const [png, svg, ndef] = ['png', 'svg', 'ndef'].map((kind) => join(counter.cli.folder, `${randomUUID()}.${kind}`)) as [string, string, string];
    const files = await counter.run('grant', 'show', grantId, '--png', png, '--svg', svg, '--ndef', ndef, '--json');
    expect(JSON.parse(files.stdout)).toMatchObject({ grant_id: grantId, written: [png, svg, ndef] });
    expect(files.stdout).not.toContain(shopPassword);
    const shown = await counter.json('grant', 'show', grantId, '--qr');
    expect(shown).toMatchObject({ grant_id: grantId, credential: shop });
    expect([png, svg, ndef].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    expect(readFileSync(ndef).toString('hex')).toBe(shown['credential'].ndef);
    expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
    expect(await refusal(counter.cli, ['grant', 'show', grantId, '--png', png, '--wpa3'])).toMatchObject({ code: 'file_exists', exit: 5 });
    expect((await counter.run('grant', 'show', grantId, '--format', 'wifi-qr')).stdout).toBe(`${shown['credential'].wifi_uri}\n`);
    const qr = (await counter.run('grant', 'show', grantId, '--qr')).stdout;
    expect(qr).toMatch(/password: +\(hidden, see --reveal\)\n[^]*\n\n[ ▀▄█\n]+$/);
    expect(qr).not.toContain(shopPassword);
    expect((await counter.run('grant', 'show', grantId, '--qr', '--reveal')).stdout).toMatch(/password: +coffee and cake\n[^]*\n\n[ ▀▄█\n]+$/);
    expect((await counter.run('grant', 'show', grantId)).stdout).not.toContain(shopPassword);
  });

  test('the password behind a grant is shown to who asks for it, and to nobody else', async () => {
    const { grantId } = await counter.sold('1.00EUR', newUid());
    expect(await counter.json('grant', 'show', grantId)).not.toHaveProperty('password');
    expect((await counter.run('grant', 'show', grantId)).stdout).toMatch(/password: +\(hidden, see --reveal\)\n/);
    expect(await counter.json('grant', 'show', grantId, '--reveal')).toMatchObject({ grant_id: grantId, password: shopPassword });
    expect((await counter.run('grant', 'show', grantId, '--reveal')).stdout).toMatch(/password: +coffee and cake\n/);
    await counter.json('grant', 'refund', grantId);
    expect(await counter.json('grant', 'show', grantId, '--reveal')).not.toHaveProperty('password');
  });

  test('a password that is to be in a file is not on the screen as well, unless that is asked for', async () => {
    const uid = newUid();
    const picture = () => join(counter.cli.folder, `${randomUUID()}.png`);
    const [one, two, three, four, five] = Array.from({ length: 5 }, picture) as [string, string, string, string, string];
    const charged = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--uid', uid, '--png', one));
    expect(charged.stdout).toContain(`written:  ${one}\n`);
    const shown = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--uid', uid, '--png', two, '--credential'));
    const tapped = await counter.run(...tap(uid, '--png', three, '--json'));
    expect(JSON.parse(tapped.stdout)).toMatchObject({ written: [three] });
    const both = await counter.run(...tap(uid, '--png', four, '--qr', '--json'));
    expect(JSON.parse(both.stdout)).toMatchObject({ credential: shop, written: [four] });
    const json = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--uid', uid, '--svg', five, '--json'));
    expect([charged, shown, tapped, both, json].map(({ stdout }) => stdout.includes(shopPassword))).toEqual([false, true, false, true, false]);
    expect([one, two, three, four, five].map((path) => statSync(path).mode & 0o777)).toEqual(Array.from({ length: 5 }, () => 0o600));
  });

  test('its secrets are shown to who asks for them, and the shop’s password may change', async () => {
    const show = await counter.run('pos', 'show');
    expect(show.stdout).toMatch(/network: +cafe-guests\n[^]*enforcement: +none: who knows the network’s password stays on it\npassword: +\(hidden, see --reveal\)\ntariff: +1\.00EUR=10min\nthumbprint: +[\w-]{43}\n$/);
    expect(await counter.json('pos', 'show')).not.toHaveProperty('network_password');
    expect(await counter.json('pos', 'show', '--reveal')).toMatchObject({ network_password: shopPassword, key_is_here: true, payee_id: counter.account.id });
    await counter.cli.json(['pos', 'network', 'set', '--ssid', 'cafe-two', '--password-file', '-'], { input: 'tea & biscuits' });
    const uid = newUid();
    await counter.sold('1.00EUR', uid);
    expect(await counter.json(...tap(uid))).toMatchObject({ credential: { ssid: 'cafe-two', password: 'tea & biscuits' } });
    await counter.cli.json(['pos', 'network', 'set', '--ssid', 'cafe-three', '--security', 'wpa3-sae', '--password-file', '-'], { input: 'tea & biscuits' });
    expect(await refusal(counter.cli, tap(uid, '--format', 'ndef-hex'))).toMatchObject({ code: 'invalid_input', exit: 2 });
    expect((await counter.run(...tap(uid, '--format', 'wifi-qr', '--wpa3', '--sae'))).stdout).toBe('WIFI:T:SAE;S:cafe-three;P:tea%20%26%20biscuits;;\n');
    await counter.cli.json(['pos', 'network', 'set', '--ssid', shop.ssid, '--password-file', '-'], { input: shopPassword });
  });

  requires('zbar-tools', 'librsvg2-bin')('read by zbarimg', () => {
    const read = (file: string) => execFileSync('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'utf8' });

    test('PNG and SVG are the network’s, in both dialects', async () => {
      const uid = newUid();
      await counter.sold('1.00EUR', uid);
      for (const dialect of ['classic', 'wpa3'] as const) {
        const file = join(counter.cli.folder, randomUUID());
        await counter.json(...tap(uid, '--png', `${file}.png`, '--svg', `${file}.svg`, ...(dialect === 'wpa3' ? ['--wpa3'] : [])));
        execFileSync('rsvg-convert', ['--output', `${file}.drawn.png`, '--zoom', '2', `${file}.svg`]);
        for (const picture of [`${file}.png`, `${file}.drawn.png`]) {
          expect(readWifiUri(read(picture), dialect).credential).toEqual(shop);
        }
      }
    });
  });

  requires('zbar-tools')('a receipt code, read by zbarimg', () => {
    const read = (file: string) => execFileSync('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', file], { encoding: 'utf8' }).trim();

    test('is the picture of who has no number, and the password is where that is asked for', async () => {
      const [png, wifi] = [join(counter.cli.folder, `${randomUUID()}.png`), join(counter.cli.folder, `${randomUUID()}.png`)];
      const receipt = await counter.json(...charge('1.00EUR', '--tender', 'cash', '--png', png));
      expect(receipt).toMatchObject({ written: [png], receipt_code: read(png) });
      expect([receipt['credential'], receipt['receipt_url'], statSync(png).mode & 0o777]).toEqual([undefined, undefined, 0o600]);
      await counter.json(...charge('1.00EUR', '--tender', 'cash', '--png', wifi, '--credential'));
      expect(readWifiUri(read(wifi), 'classic').credential).toEqual(shop);
    });

    test('is the address of the counter’s page, where phones can reach that', async () => {
      await using stack = new AsyncDisposableStack();
      const [png, ndef] = ['png', 'ndef'].map((kind) => join(counter.cli.folder, `${randomUUID()}.${kind}`)) as [string, string];
      const serve = async (...more: string[]) => {
        const serving = counter.cli.start(['pos', 'serve', '--no-reader', '--listen', '127.0.0.1:0', '--json', ...more]);
        await serving.line(jsonWith('event', 'listening'));
        return async () => {
          serving.kill('SIGTERM');
          await serving.ended;
        };
      };
      const stop = await serve();
      expect(await counter.json(...charge('1.00EUR', '--tender', 'cash'))).not.toHaveProperty('receipt_url');
      await stop();
      stack.defer(await serve('--phone-url', 'https://wifi.cafe.example'));
      const receipt = await counter.json(...charge('1.00EUR', '--tender', 'cash', '--png', png, '--ndef', ndef));
      const page = `https://wifi.cafe.example/#${receipt['receipt_code'] as string}`;
      expect(receipt).toMatchObject({ receipt_url: page, written: [png, ndef] });
      expect(read(png)).toBe(page);
      expect(readWifiTag(readFileSync(ndef))).toMatchObject({ ssid: shop.ssid, password: shopPassword });
      const { stdout } = await counter.run(...charge('1.00EUR', '--tender', 'cash', '--qr'));
      expect(stdout).toMatch(/^for the phone: +https:\/\/wifi\.cafe\.example\/#[0-9A-Z]{4}-[0-9A-Z]{4}\n\n[ ▀▄█\n]+$/m);
    });
  });

  test('a day is added up by tender, and compared with the ledger', async () => {
    const zone = ['--zone', 'UTC'];
    const before = await counter.json('pos', 'report', ...zone);
    const sums = ({ takings }: Record<string, any>, tender: string) => takings.find((each: { tender: string }) => each.tender === tender) ?? { charges: 0, minor: '0', refunded: '0' };
    await counter.json(...charge('2.00EUR', '--tender', 'card'));
    const { grantId } = await counter.sold('3.00EUR', newUid());
    await counter.json('grant', 'refund', grantId);
    const after = await counter.json('pos', 'report', ...zone);
    expect(sums(after, 'card').minor - sums(before, 'card').minor).toBe(200);
    expect([sums(after, 'cash').charges - sums(before, 'cash').charges, sums(after, 'cash').minor - sums(before, 'cash').minor]).toEqual([1, 300]);
    expect(sums(after, 'cash').refunded - sums(before, 'cash').refunded).toBeGreaterThan(280);
    expect(after['times'].sold - before['times'].sold).toBe(2);
    expect(after).toMatchObject({ day: new Date().toISOString().slice(0, 10), zone: 'UTC', differences: [], ok: true, payee_id: counter.account.id });
    expect((await counter.run('pos', 'report', ...zone)).stdout).toMatch(/TENDER +CHARGES +AMOUNT +REFUNDED +LEFT\n[^]*difference to the ledger: +none\n$/);
    expect(await counter.json('pos', 'report', '--day', '2020-01-01', ...zone)).toMatchObject({ takings: [], from: '2020-01-01T00:00:00.000Z', to: '2020-01-02T00:00:00.000Z', ok: true });
    expect((await counter.run('pos', 'report', '--day', '2020-01-01')).stdout).toContain('No charges.');
  });

  test('what went back beside the register is known to it, what was paid beside it is told, and what the ledger has otherwise is a difference', async () => {
    const [purse, till] = [await site.purse(), await site.till()];
    const payer = await till.account('50.00EUR');
    await purse.bind(payer);
    const uid = newUid();
    await purse.json(['account', 'mandate', 'set', '--account', payer.id, '--uid', uid]);
    const { sale } = await counter.json(...charge('5.00EUR', '--mandate', '--uid', uid));
    const terminal = await till.terminal(payer);
    await terminal.pay(terminal.request(counter.account.id, { minor: 125n, currency: 'EUR' }));
    const report = ['pos', 'report', '--zone', 'UTC'];
    await site.json('payment', 'refund', sale.payment_id as string, '--amount', '1.50EUR');
    const inStep = await counter.json(...report);
    expect(inStep).toMatchObject({ ok: true, elsewhere: [{ currency: 'EUR', payments: 1, minor: '125' }] });
    expect(inStep['takings']).toContainEqual(expect.objectContaining({ tender: 'mandate', refunded: '150' }));

    site.alterDatabase('update sales set refunded = 0 where id = ?', sale.sale_id as string);
    const { code, stdout, stderr } = await counter.run(...report);
    expect([code, stderr]).toEqual([12, expect.stringContaining('The register differs from the ledger.')]);
    expect(stdout).toMatch(/difference to the ledger: +1\n\n[^]*what went back +0\.00 EUR +1\.50 EUR\n$/);
    const json = await counter.run(...report, '--json');
    expect([json.code, JSON.parse(json.stdout)]).toEqual([12, expect.objectContaining({ ok: false, differences: [expect.objectContaining({ of: 'refunded', at_register: '0', in_ledger: '150' })] })]);
  });
});

describe('a cash register beside an agent', () => {
  let site: Site;
  let cli: CommandLine;
  let ap: Awaited<ReturnType<Till['accessPoint']>>;
  beforeAll(async () => {
    site = await Site.make('server');
    const till = await site.till();
    const account = await till.empty();
    [cli, ap] = [site.apCli, await till.accessPoint('cafe')];
    const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'pos', '--match', `account=${account.id}`, '--match', `ap=${ap.token.apId}`);
    const enrolled = await cli.json(['pos', 'enroll', '--server', site.server!.url, '--ca', cli.file('pos.pem', site.server!.ca), '--enroll-code-file', '-'], { input: code });
    expect(enrolled).toMatchObject({ network: { ap_id: ap.token.apId, ssid: 'cafe', enforcement: 'per-grant' }, key_is_here: true, has_network_password: false });
    await cli.json(['pos', 'tariff', 'set', '--step', '1.00EUR=10min']);
  });
  afterAll(() => site.close());

  /** Brings the password for a grant, again and again, for who asks for it meanwhile. */
  async function bringing<T>(grantId: string, password: string, work: Promise<T>): Promise<T> {
    const [register] = await ap.ap.registers();
    const sealed = await sealAccessCode({ ssid: 'cafe', password, security: 'wpa2-psk' }, parsePublicJwk(register!.jwk!), grantId);
    let isOver = false;
    void work.finally(() => (isOver = true)).catch(() => {});
    while (!isOver) {
      await ap.ap.putAccessCode(grantId, register!.id, sealed);
      await setTimeout(20);
    }
    return work;
  }

  test('each payer’s own password comes sealed for the register, which keeps none; who waits for the radio is told', async () => {
    const uid = newUid();
    const receipt = await cli.json(['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash', '--uid', uid]);
    const grantId = receipt['grant'].grant_id as string;
    expect(receipt).toMatchObject({ grant: { waiting_ms: 10 * minute }, left_ms: 10 * minute });
    expect(await cli.json(['pos', 'status'])).toMatchObject({ enforced: true, waiting: [{ grant_id: grantId, waiting_ms: 10 * minute, since: receipt['grant'].starts_at }], last_sale: { sale_id: receipt['sale'].sale_id } });
    expect((await cli.run(['pos', 'status'])).stdout).toMatch(/waiting: +1 paid, and the radio could not be told yet; their time has not begun\n\nGRANT +FOR +TIME +SINCE\ngrt_/);
    expect((await cli.run(['grant', 'list', '--source', 'payment', '--profile', 'pos'])).stderr).toBe('');

    expect(await bringing(grantId, 'of this payer alone', cli.json(['pos', 'tap', '--uid', uid]))).toMatchObject({ credential: { ssid: 'cafe', password: 'of this payer alone' } });
    const stored = await cli.json<{ items: { name: string }[] }>(['secret', 'list']);
    expect(JSON.stringify(stored)).not.toContain('network-password');
    const again = cli.run(['grant', 'show', grantId, '--profile', 'pos', '--format', 'wifi-qr']);
    const revealed = cli.json(['grant', 'show', grantId, '--profile', 'pos', '--reveal']);
    expect(await bringing(grantId, 'of this payer alone', revealed)).toMatchObject({ grant_id: grantId, password: 'of this payer alone' });
    expect(await bringing(grantId, 'of this payer alone', again)).toMatchObject({ code: 0, stdout: 'WIFI:T:WPA;S:cafe;P:of this payer alone;;\n' });

    const grant = await cli.json(['grant', 'show', grantId, '--profile', 'pos']);
    await ap.ap.reportGrants([{ grantId, usage: { bytesIn: 0n, bytesOut: 0n, seconds: 0 }, ended: undefined, begun: { at: new Date(), revision: grant['revision'] as number } }]);
    expect(await cli.json(['pos', 'status'])).toMatchObject({ waiting: [] });
  });

  test('a tap that is killed after it has redeemed a receipt code, and before it says so, is made again', async () => {
    const { grant, receipt_code: receipt } = await cli.json(['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash']);
    const grantId = grant.grant_id as string;
    const token = join(cli.folder, 'killed-phone.txt');
    const tap = ['pos', 'tap', '--receipt', receipt as string, '--phone-token-file', token];
    const killed = cli.start([...tap, '--json']);
    await cli.until<{ subject: { kind: string } }>(['grant', 'show', grantId, '--profile', 'pos'], ({ subject }) => subject.kind === 'phone');
    killed.kill('SIGKILL');
    expect((await killed.ended).stdout).toBe('');
    const again = await bringing(grantId, 'of this phone alone', cli.json(tap));
    expect(again).toMatchObject({ grant: { grant_id: grantId }, credential: { password: 'of this phone alone' } });
    expect(await refusal(cli, [...tap.slice(0, -1), `${token}.other`])).toMatchObject({ code: 'receipt_code_invalid', exit: 4 });
    expect(await bringing(grantId, 'of this phone alone', cli.json(['pos', 'tap', '--phone-token-file', token]))).toMatchObject({ grant: { grant_id: grantId } });
  });

  test('a code for nobody’s account enrols nothing, and leaves nothing behind', async () => {
    const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'pos');
    const refused = await site.cli.run(['pos', 'enroll', '--server', site.server!.url, '--ca', site.cli.file('pos.pem', site.server!.ca), '--enroll-code-file', '-', '--json'], { input: code });
    expect([refused.code, JSON.parse(refused.stderr)]).toEqual([3, expect.objectContaining({ code: 'register_not_enrolled', message: expect.stringContaining('--match account=ID') })]);
    expect(await refusal(site.cli, ['profile', 'show', 'pos'])).toMatchObject({ code: 'profile_not_found' });
    expect(JSON.stringify(await site.cli.json(['secret', 'list']))).not.toContain('profile/pos');
  });
});

test('alone on a machine nobody is a cash register before it is enrolled', async () => {
  const site = await Site.make('embedded');
  try {
    expect(await refusal(site.cli, ['pos', 'show'])).toMatchObject({ code: 'register_not_enrolled', exit: 3, hint: expect.stringContaining('pos enroll') });
    expect(await refusal(site.cli, ['pos', 'enroll'])).toMatchObject({ code: 'missing_input', exit: 2 });
    expect(await refusal(site.cli, ['pos', 'enroll', '--account', 'Nobody'])).toMatchObject({ code: 'account_not_found', exit: 3 });
    expect(await refusal(site.cli, ['pos', 'enroll', '--account', 'Nobody', '--ssid', 'x'])).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringContaining('--password-file') });
    await site.json('account', 'open', 'Café', '--currency', 'EUR');
    expect(await site.json('pos', 'enroll', '--account', 'Café')).toMatchObject({ register_id: 'pos_local', has_network_password: false });
    await site.json('pos', 'tariff', 'set', '--unlimited');
    const uid = newUid();
    const charged = await site.cli.run(['pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash', '--uid', uid, '--credential']);
    expect(charged).toMatchObject({ code: 0, stdout: expect.stringMatching(/bought: +time without end\nuntil: +no end\n/), stderr: expect.stringMatching(/^Warning: It is charged, but .* grant show grt_/) });
    expect(await refusal(site.cli, ['pos', 'tap', '--uid', uid])).toMatchObject({ code: 'secret_not_found', hint: expect.stringContaining('pos network set') });
    // A receipt code that was redeemed while the password could not be had is good again for its phone.
    const { receipt_code: code } = await site.json('pos', 'charge', '--amount', '1.00EUR', '--tender', 'cash');
    const redeem = ['pos', 'tap', '--receipt', code as string, '--phone-token-file', 'phone.txt'];
    expect(await refusal(site.cli, redeem)).toMatchObject({ code: 'secret_not_found', exit: 3 });
    await site.cli.json(['pos', 'network', 'set', '--ssid', 'cafe', '--password-file', '-'], { input: shopPassword });
    expect(await site.json(...redeem)).toMatchObject({ credential: { ssid: 'cafe', password: shopPassword } });
  } finally {
    await site.close();
  }
});
