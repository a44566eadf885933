import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCounterListener } from '../../src/agent/counter-listener.ts';
import type { DeviceListener } from '../../src/agent/device-listener.ts';
import { systemRandom } from '../../src/cli/local-registry.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { CounterDesk, type WaitingEvent } from '../../src/roles/pos/counter-desk.ts';
import { PhoneCounter } from '../../src/roles/pos/phone-counter.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { rolesHere } from '../contract/roles-here.ts';
import { codeOf } from '../contract/roles.harness.ts';
import { openShop } from '../contract/shop.ts';
import { shopCredential, SwitchedCounter } from '../contract/wallet-card.ts';
import { testSealer } from '../storage/sealer.ts';

const never = new AbortController().signal;
const newToken = () => randomBytes(16).toString('base64url');

let shop: Awaited<ReturnType<typeof openShop>>;
let pos: Awaited<ReturnType<typeof shop.harness.hold>>;
let switched: SwitchedCounter;
let desk: CounterDesk;
let phones: PhoneCounter;
let listener: DeviceListener;
let url: string;

beforeAll(async () => {
  shop = await openShop(() => rolesHere(async () => ({ store: await openMemoryStore(testSealer()), remove: async () => {} })));
  pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
  await pos.pos.describe({ ssid: 'cafe-guests' });
  await pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min' }));
});
afterAll(() => shop.harness.close());
beforeEach(async () => {
  switched = new SwitchedCounter(pos.pos, shop.harness.clock);
  desk = new CounterDesk({
    counter: await switched.open(), reader: undefined, writeTag: async () => {}, random: systemRandom, onEvent: () => {}, failed: () => {},
  });
  const grants = new Map<string, string>();
  phones = new PhoneCounter(desk, pos.pos, { find: (address) => grants.get(address), note: (address, grantId) => void grants.set(address, grantId) });
  listener = createCounterListener({ phones: () => phones, tls: undefined, pictures: () => ({ uri: 'WIFI:', svg: '<svg/>' }), random: systemRandom, log: () => {} });
  url = `http://127.0.0.1:${await listener.listen(0, '127.0.0.1')}/`;
});
afterEach(async () => {
  await listener.close();
  switched[Symbol.dispose]();
});

async function sold(): Promise<{ readonly code: string; readonly grantId: string }> {
  const { receiptCode, grant } = await pos.pos.charge({ key: randomUUID(), amount: parseAmount('1.00EUR'), authority: { kind: 'cash', uid: undefined } });
  return { code: receiptCode!, grantId: grant!.id };
}

const cookieIn = (reply: Response) => /^latchkey_phone=([^;]*); Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/.exec(reply.headers.get('set-cookie') ?? '')?.[1];
const page = (cookie?: string) => fetch(url, { headers: cookie === undefined ? {} : { cookie: `latchkey_phone=${cookie}` } });

async function ask(body: object, cookie?: string): Promise<{ readonly status: number; readonly cookie: string | undefined; readonly body: Record<string, any> }> {
  const reply = await fetch(new URL('/v1/access', url), {
    method: 'POST', headers: { 'content-type': 'application/json', ...(cookie === undefined ? {} : { cookie: `latchkey_phone=${cookie}` }) }, body: JSON.stringify(body),
  });
  return { status: reply.status, cookie: cookieIn(reply), body: await reply.json() as Record<string, any> };
}

test('the page gives a phone a token of its own, and leaves it the one that it has', async () => {
  const [one, other] = [cookieIn(await page()), cookieIn(await page())];
  expect(one).toMatch(/^[\w-]{21}[AQgw]$/);
  expect(other).not.toBe(one);
  expect(cookieIn(await page(one))).toBe(one);
  for (const cookie of ['nobody', 'A'.repeat(23), `${'A'.repeat(21)}B`]) {
    expect(cookieIn(await page(cookie))).toMatch(/^[\w-]{21}[AQgw]$/);
    expect(cookieIn(await page(cookie))).not.toBe(cookie);
  }
});

test.each(['away', 'reply lost'] as const)('a phone on the page redeems its code whatever it loses: the server is %s, then its own reply, then the page is loaded anew', async (line) => {
  const { code, grantId } = await sold();
  const token = cookieIn(await page())!;
  switched.line.line = line;
  expect((await ask({ receipt_code: code }, token)).body).toMatchObject({ code: line === 'away' ? 'remote_unreachable' : 'timed_out' });
  switched.line.line = 'good';
  const lost = await ask({ receipt_code: code }, token);
  expect(lost).toMatchObject({ status: 200, cookie: token, body: { grant_id: grantId, phone_token: token } });
  const again = cookieIn(await page(token))!;
  expect(await ask({}, again)).toMatchObject({ status: 200, body: { grant_id: grantId, credential: shopCredential } });
  expect(await ask({ receipt_code: code }, again)).toMatchObject({ status: 200, body: { grant_id: grantId } });
  expect((await ask({ receipt_code: code, phone_token: newToken() })).body).toMatchObject({ code: 'receipt_code_invalid' });
  expect((await ask({ receipt_code: code }, cookieIn(await page()))).body).toMatchObject({ code: 'receipt_code_invalid' });
});

test('a client without the page brings a token, which counts before a cookie; without either no code is redeemed, nor used up', async () => {
  const { code, grantId } = await sold();
  const [own, cookie] = [newToken(), newToken()];
  for (const shown of [code, '7K2M-9QXA']) {
    expect(await ask({ receipt_code: shown })).toMatchObject({ status: 400, cookie: undefined, body: { code: 'invalid_input', detail: expect.stringMatching(/page .* phone_token/) } });
  }
  expect(await ask({ receipt_code: code, phone_token: own }, cookie)).toMatchObject({ status: 200, cookie: own, body: { grant_id: grantId, phone_token: own } });
  expect((await ask({}, cookie)).body).toMatchObject({ code: 'not_permitted' });
  expect(await ask({ receipt_code: code, phone_token: own })).toMatchObject({ status: 200, body: { grant_id: grantId } });
});

test('a token of another form is refused, whatever the code is, and uses no code up', async () => {
  const { code } = await sold();
  const refusals = await Promise.all([code, '7K2M-9QXA'].map(async (shown) => ask({ receipt_code: shown, phone_token: 'mine' })));
  expect(refusals.map(({ status, body }) => [status, body['code']])).toEqual([[400, 'invalid_input'], [400, 'invalid_input']]);
  expect(refusals[0]!.body).toEqual(refusals[1]!.body);
  expect((await ask({ receipt_code: code, phone_token: newToken() })).status).toBe(200);
});

test('codes that are unknown, used or another’s are refused in the same words', async () => {
  const [used, own] = [await sold(), await sold()];
  const token = newToken();
  await ask({ receipt_code: used.code, phone_token: newToken() });
  await ask({ receipt_code: own.code, phone_token: token });
  const refusals = [await ask({ receipt_code: '7K2M-9QXA', phone_token: token }), await ask({ receipt_code: used.code, phone_token: token }), await ask({ receipt_code: own.code, phone_token: newToken() })];
  expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403]);
  expect(new Set(refusals.map(({ body }) => JSON.stringify(body))).size).toBe(1);
});

test('a phone that has opened the page but was let in otherwise is known by its address to the captive portal', async () => {
  const uid = Buffer.concat([Buffer.of(0x04), randomBytes(6)]);
  await pos.pos.charge({ key: randomUUID(), amount: parseAmount('1.00EUR'), authority: { kind: 'cash', uid } });
  const { code } = await sold();
  const token = newToken();
  await phones.access({ kind: 'receipt', code, phoneToken: token }, '192.0.2.7', never);
  expect(await phones.portal(newToken(), '192.0.2.7')).toMatchObject({ isCaptive: false, leftMs: expect.any(Number) });
  expect(await phones.portal(token, '192.0.2.8')).toMatchObject({ isCaptive: false });
  expect(await phones.portal(newToken(), '192.0.2.8')).toEqual({ isCaptive: true, leftMs: undefined });
});

test('wrong codes are counted for all addresses that one client has, and for nobody else', async () => {
  const guess = (address: string) => codeOf(phones.access({ kind: 'receipt', code: '7K2M-9QXA', phoneToken: newToken() }, address, never));
  const { code } = await sold();
  const codes: (string | undefined)[] = [];
  for (let host = 1; host <= 7; host += 1) codes.push(await guess(`2001:db8:0:1::${host}`));
  expect(codes).toEqual([...Array.from({ length: 5 }, () => 'receipt_code_invalid'), 'rate_limited', 'rate_limited']);
  expect(await guess('2001:db8:0:2::1')).toBe('receipt_code_invalid');
  for (let host = 1; host <= 7; host += 1) codes.push(await guess(host % 2 === 0 ? '192.0.2.9' : '::ffff:192.0.2.9'));
  expect(codes.slice(-2)).toEqual(['rate_limited', 'rate_limited']);
  expect(await codeOf(phones.access({ kind: 'receipt', code, phoneToken: newToken() }, '192.0.2.10', never))).toBeUndefined();
});

test('of two tokens that a phone is given by the same name none counts: one of them is somebody else’s', async () => {
  const [{ code }, planted, own] = [await sold(), cookieIn(await page()), cookieIn(await page())];
  expect(await ask({ receipt_code: code }, `${planted}; latchkey_phone=${own}`)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  expect(await ask({ receipt_code: code }, `${own}; latchkey_phone=${own}`)).toMatchObject({ status: 200 });
});

test('payments that are nobody’s are counted where they come from, so that they do not have a charge go on under other keys for ever', async () => {
  const pay = async () => (await fetch(new URL(`/v1/charge/${desk.order!.key}`, url), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account_id: 'acc_none', terminal_id: 'tok_none', code_number: 1, password: 'p'.repeat(43) }),
  })).status;
  const stop = new AbortController();
  const charging = desk.charge({ amount: parseAmount('1.00EUR'), takesMandate: false }, { signal: stop.signal, onEvent: () => {} }).catch(() => {});
  await desk.nextOrder(1000, stop.signal);
  const statuses: number[] = [];
  for (let tries = 0; tries < 7; tries += 1) statuses.push(await pay());
  stop.abort();
  await charging;
  expect(statuses.slice(0, 5).includes(429)).toBe(false);
  expect(statuses.slice(5)).toEqual([429, 429]);
});

test('while strangers have used up the tries of all, an honest phone keeps its own', async () => {
  let at = 0;
  using _ = vi.spyOn(performance, 'now').mockImplementation(() => at);
  const show = (code: string, address: string) => codeOf(phones.access({ kind: 'receipt', code, phoneToken: newToken() }, address, never));
  const { code } = await sold();
  for (let stranger = 0; stranger < 40; stranger += 1) expect(await show('7K2M-9QXA', `198.51.100.${stranger}`)).toBe('receipt_code_invalid');
  for (let tries = 0; tries < 7; tries += 1) expect(await show(code, '192.0.2.10')).toBe('rate_limited');
  // Of the tries of all there is one again.
  at += 500;
  expect(await show(code, '192.0.2.10')).toBeUndefined();
});

describe('a phone that does not pay', () => {
  const declined = (key: string, reason: string) => fetch(new URL(`/v1/charge/${key}/declined`, url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason }) });

  test('is heard by who waits, as far as it says why, and the charge is open to others under the same key', async () => {
    const heard: WaitingEvent[] = [];
    const leaving = new AbortController();
    const charging = desk.charge({ key: 'coffee', amount: parseAmount('1.00EUR'), takesMandate: false }, { signal: leaving.signal, onEvent: (event) => heard.push(event) });
    await vi.waitFor(() => expect(desk.order).toBeDefined());
    expect([(await declined('coffee', 'card_refused')).status, (await declined('coffee', 'service_terminated')).status]).toEqual([204, 204]);
    expect(heard.filter(({ kind }) => kind === 'refused')).toMatchObject([{ by: 'phone', error: { code: 'card_refused' } }, { by: 'phone', error: { code: 'service_terminated', hint: expect.stringMatching(/^Nothing came of it\./) } }]);
    expect([(await declined('coffee', 'password_wrong')).status, (await declined('tea', 'card_refused')).status]).toEqual([400, 409]);
    expect(desk.order).toMatchObject({ key: 'coffee' });
    leaving.abort(new LatchkeyError('interrupted'));
    expect(await codeOf(charging)).toBe('interrupted');
    expect((await declined('coffee', 'card_refused')).status).toBe(409);
  });

  test('cannot fill the screen at the till', async () => {
    const decline = async (address: string) => phones.declined('nothing', 'card_refused', address);
    const codes: (string | undefined)[] = [];
    for (let times = 0; times < 7; times += 1) codes.push(await codeOf(decline('192.0.2.7')));
    expect(codes).toEqual([...Array.from({ length: 5 }, () => 'charge_over'), 'rate_limited', 'rate_limited']);
    expect(await codeOf(decline('192.0.2.8'))).toBe('charge_over');
  });
});
