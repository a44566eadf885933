import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ChargeFile } from '../../src/cli/counter/charge-file.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { Account } from '../../src/domain/account.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { Authority } from '../server/certificates.ts';
import { jsonWith, type Running } from './command-line.ts';
import { Counter, newUid, shopPassword } from './counter.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { Till } from './till.ts';

const run = promisify(execFile);
const newToken = () => randomBytes(16).toString('base64url');

/** A server that is away. */
const atNobody = { flags: ['--server', 'http://127.0.0.1:1'], env: { LATCHKEY_TOKEN: `lk_pos_${'A'.repeat(22)}` } } as const;

describe.each(ways)('phones at the counter, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let counter: Counter;
  let account: Account;
  let serving: Running;
  let url: string;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse, counter] = [await site.till(), await site.purse(), await Counter.make(site, { here: true })];
    account = await till.account('50.00EUR');
    await purse.bind(account);
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });
  beforeEach(async () => {
    ({ serving, url } = await serve());
  });
  afterEach(async () => {
    serving.kill('SIGTERM');
    expect(await serving.ended).toMatchObject({ code: 0 });
  });

  async function serve(...args: string[]): Promise<{ serving: Running; url: string }> {
    const running = counter.cli.start(['pos', 'serve', '--no-reader', '--json', ...(args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']), ...args]);
    const { url: address } = (await running.line(jsonWith('event', 'listening'))) as { url: string };
    return { serving: running, url: address };
  }
  /** A charge that waits for whoever comes. */
  async function opened(amount: string, ...args: string[]): Promise<Running> {
    const charging = counter.cli.start(['pos', 'charge', '--amount', amount, '--tap', '--json', ...args]);
    await Promise.race([serving.line((line) => (line.includes('"opened"') && line.includes(`"minor":"${amount.replace(/[.A-Z]/g, '').replace(/^0+/, '')}"`) ? true : undefined)), charging.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    return charging;
  }
  const tap = (...args: string[]) => ['wallet', 'tap', '--pos', url, '--account', account.id, '--identity-code-file', '-', ...args];
  const balance = async () => BigInt(((await site.json('account', 'show', account.id)) as { balance: string }).balance);
  const access = (body: object, headers: Record<string, string> = {}) =>
    fetch(new URL('/v1/access?qr=true', url), { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

  test('a wallet pays what is open, gets the password, and asks for the time that is left later', async () => {
    const before = await balance();
    const charging = await opened('2.00EUR', '--memo', 'two coffees');
    const paid = await purse.json(tap('--yes', '--max', '2.00EUR'), identityCode);
    expect(paid).toMatchObject({
      account_id: account.id,
      payment: { state: 'paid', amount: { minor: '200' }, memo: 'two coffees' },
      credential: { ssid: 'cafe-guests', password: shopPassword, wifi_uri: expect.stringContaining('WIFI:') },
      left_s: expect.any(Number),
    });
    const { code, stdout } = await charging.ended;
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ sale: expect.objectContaining({ tender: 'wallet', payment_id: paid['payment'].payment_id }) })]);
    expect(before - (await balance())).toBe(200n);
    const again = await purse.json(tap('--access'));
    expect(again).toMatchObject({ credential: { password: shopPassword } });
    expect(again['payment']).toBeUndefined();
    expect(await purse.json(['account', 'status'])).not.toMatchObject({ accounts: expect.arrayContaining([expect.objectContaining({ pending: expect.anything() })]) });
  });

  test('it waits for a charge to be opened, and pays no more than it may, nor without a word', async () => {
    const waiting = purse.cli.start([...tap('--yes', '--json')], { input: identityCode, env: purse.env });
    const charging = await opened('1.50EUR');
    expect((await waiting.ended).code).toBe(0);
    await charging.ended;
    const expensive = await opened('3.00EUR');
    const refused = async (...args: string[]) => JSON.parse((await purse.run([...tap(...args), '--json'], identityCode)).stderr.trim().split('\n').at(-1)!) as { code: string };
    expect(await refused('--yes', '--max', '2.99EUR')).toMatchObject({ code: 'card_refused' });
    expect(await refused()).toMatchObject({ code: 'answer_needed' });
    const before = await balance();
    const wrong = await purse.run([...tap('--yes'), '--json'], 'wrong code');
    expect(JSON.parse(wrong.stderr.trim().split('\n').at(-1)!)).toMatchObject({ code: 'password_wrong' });
    expect(await balance()).toBe(before);
    expect(await purse.json(tap('--yes'), identityCode)).toMatchObject({ payment: { state: 'paid' } });
    const { code, stderr } = await expensive.ended;
    const refusal = { warning: expect.stringMatching(/^The phone refused\./) };
    expect([code, stderr.trim().split('\n').map((line) => JSON.parse(line))]).toEqual([0, [refusal, refusal, { warning: expect.stringContaining('The transaction password, made of the identity code, is wrong') }]]);
  });

  test('who waits at the till is told what for, and of who could not pay', async () => {
    const charging = counter.cli.start(['pos', 'charge', '--amount', '3.00EUR', '--tap']);
    await serving.line(jsonWith('event', 'opened'));
    await purse.run([...tap('--yes'), '--json'], 'wrong code');
    await purse.json(tap('--yes'), identityCode);
    const { code, stderr } = await charging.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Waiting for a phone on the shop’s network that pays; there is no reader\.\nWarning: The transaction password, made of the identity code, is wrong.*\n$/);
  });

  test('a register that goes before it says what came of it: the next tap finds out, and the time is there', async () => {
    const before = await balance();
    const charging = await opened('1.00EUR');
    const open = await (await fetch(new URL('/v1/charge', url))).text();
    charging.kill('SIGINT');
    await charging.ended;
    // It says what is to be paid, takes the password, and is gone.
    const gone = createServer((request, response) => (request.method === 'GET' ? response.setHeader('content-type', 'application/json').end(open) : request.socket.destroy()));
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const lost = await purse.run(['wallet', 'tap', '--pos', `http://127.0.0.1:${(gone.address() as AddressInfo).port}`, ...tap('--yes', '--json').slice(4)], identityCode);
    gone.close();
    expect(JSON.parse(lost.stderr.trim().split('\n').at(-1)!)).toMatchObject({ code: 'remote_unreachable' });
    expect(await balance()).toBe(before);
    expect(JSON.stringify(await purse.json(['account', 'status']))).toContain('"state":"pending"');
    for (const args of [['pay', '--to', 'anybody', '--amount', '5.00EUR'], ['pay', '--cancel']]) {
      const away = await purse.cli.run([...args, '--account', account.id, '--json', ...atNobody.flags], { env: { ...purse.env, ...atNobody.env } });
      expect([away.code, JSON.parse(away.stderr)]).toEqual([6, expect.objectContaining({
        code: 'remote_unreachable',
        message: expect.stringMatching(/It is not known whether 1\.00EUR to .* was paid\.$/),
        hint: expect.stringContaining('never twice'),
      })]);
    }
    const next = await purse.run(tap('--access', '--json'));
    expect(JSON.parse(next.stderr)).toEqual({ warning: expect.stringMatching(/^An earlier payment of 1\.00EUR .* was pending: it is paid\.$/) });
    expect(JSON.parse(next.stdout)).toMatchObject({ credential: { password: shopPassword } });
    expect(before - (await balance())).toBe(100n);
    expect(await counter.json('pos', 'report')).toMatchObject({ ok: true });
  });

  test('a journal that is damaged is said before anything is held to the register', async () => {
    const journal = join(pathsFrom(purse.cli.env, process.platform, purse.cli.folder).state, 'wallet', `${account.id}.payments.ndjson`);
    const before = existsSync(journal) ? readFileSync(journal) : '';
    mkdirSync(dirname(journal), { recursive: true });
    appendFileSync(journal, 'nonsense\n');
    const refused = await purse.run(tap('--access', '--json'));
    writeFileSync(journal, before);
    expect([refused.stdout, JSON.parse(refused.stderr)]).toEqual(['', expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('damaged') })]);
  });

  test('at a terminal it asks whether to pay, and for the identity code', async () => {
    const before = await balance();
    const charging = await opened('2.50EUR');
    const args = ['wallet', 'tap', '--pos', url, '--account', account.id];
    const no = atTerminal(purse.cli, args, purse.env);
    await no.shows('Pay 2.50EUR to');
    no.type('n\r');
    expect(await no.code).toBe(4);
    const left = atTerminal(purse.cli, args, purse.env);
    await left.shows('Pay 2.50EUR to');
    left.type('\u0003');
    expect(await left.code).toBe(130);
    for (let heard = 0; heard < 2; heard += 1) {
      expect(await serving.line(jsonWith('event', 'refused'))).toMatchObject({ by: 'phone', error_code: 'card_refused' });
    }
    const yes = atTerminal(purse.cli, args, purse.env);
    await yes.shows('Pay 2.50EUR to');
    yes.type('y\r');
    await yes.shows('Identity code:');
    yes.type(`${identityCode}\r`);
    await yes.shows(shopPassword);
    expect([await yes.code, (await charging.ended).code]).toEqual([0, 0]);
    expect(yes.screen()).not.toContain(identityCode);
    expect(before - (await balance())).toBe(250n);
  });

  test('one charge is open at a time, by its key it is paid once, and a charge that is withdrawn is over', async () => {
    const charging = await opened('1.00EUR', '--idempotency-key', `tap-${way}`);
    const other = await counter.run('pos', 'charge', '--amount', '1.00EUR', '--tap', '--json');
    expect(JSON.parse(other.stderr)).toMatchObject({ code: 'charge_open', exit: 5 });
    await purse.json(tap('--yes'), identityCode);
    const first = JSON.parse((await charging.ended).stdout) as { sale: object };
    expect(await counter.json('pos', 'charge', '--amount', '1.00EUR', '--tap', '--idempotency-key', `tap-${way}`)).toMatchObject({ sale: first.sale });
    const withdrawn = await opened('9.00EUR');
    withdrawn.kill('SIGINT');
    const { code, stderr } = await withdrawn.ended;
    expect([code, JSON.parse(stderr)]).toEqual([130, expect.objectContaining({ code: 'interrupted', message: 'Interrupted. What had been sent by then may be charged.', hint: expect.stringContaining('pos status') })]);
    await serving.line((line) => (line.includes('"withdrawn"') ? true : undefined));
    expect(await (await fetch(new URL('/v1/charge', url))).json()).not.toHaveProperty('charge');
    const late = await fetch(new URL('/v1/charge/none', url), {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account_id: account.id, terminal_id: 'tok_1', code_number: 1, password: 'guess' }),
    });
    expect([late.status, await late.json()]).toEqual([409, expect.objectContaining({ code: 'charge_over' })]);
  });

  test('the agent is restarted in the middle of a charge, which is paid once and not lost', async () => {
    const before = await balance();
    const charging = await opened('4.00EUR');
    const { host } = new URL(url);
    serving.kill('SIGKILL');
    await serving.ended;
    ({ serving, url } = await serve('--listen', host));
    await serving.line(jsonWith('event', 'opened'));
    expect(await purse.json(tap('--yes'), identityCode)).toMatchObject({ payment: { state: 'paid' }, credential: { password: shopPassword } });
    expect(await charging.ended).toMatchObject({ code: 0 });
    expect(before - (await balance())).toBe(400n);
    expect(await counter.json('pos', 'status')).toMatchObject({ open_charges: [] });
  });

  test('who waits for an agent that is gone without a word asks the next one for the same charge', async () => {
    const { register_id: registerId } = await counter.json<{ register_id: string }>('pos', 'show');
    const { host } = new URL(url);
    serving.kill('SIGKILL');
    await serving.ended;
    const socket = join(pathsFrom(counter.cli.env, process.platform, counter.cli.folder).state, `pos-${registerId}.sock`);
    rmSync(socket, { force: true });
    const asked = [Promise.withResolvers<{ key?: string }>(), Promise.withResolvers<{ key?: string }>()] as const;
    let calls = 0;
    const dying = createServer(async (request) => {
      const body = Buffer.concat(await request.toArray()).toString();
      asked[calls]?.resolve(JSON.parse(body));
      calls += 1;
      request.socket.destroy();
    });
    await new Promise<void>((resolve) => dying.listen(socket, resolve));
    const charging = counter.cli.start(['pos', 'charge', '--amount', '1.00EUR', '--tap', '--json']);
    const [first, second] = await Promise.all(asked.map(({ promise }) => promise));
    charging.kill('SIGINT');
    await charging.ended;
    await new Promise((resolve) => dying.close(resolve));
    ({ serving, url } = await serve('--listen', host));
    expect(first!.key).toEqual(expect.any(String));
    expect(second).toEqual(first);
  });

  test('a charge of which nobody knows what became is shown, and settled before the next', async () => {
    const card = newUid();
    const { register_id: registerId } = await counter.json<{ register_id: string }>('pos', 'show');
    const file = new ChargeFile(registerId, join(pathsFrom(counter.cli.env, process.platform, counter.cli.folder).state, 'pos'));
    const key = `lost-${way}`;
    // The agent settles, too, and is not to be first.
    serving.kill('SIGKILL');
    await serving.ended;
    await file.begin({ order: key, charge: { key, amount: parseAmount('2.00EUR'), authority: { kind: 'cash', uid: Buffer.from(card, 'hex') } }, begunAt: new Date() });
    expect(await counter.json('pos', 'status')).toMatchObject({ open_charges: [{ key, tender: 'cash', amount: { minor: '200' } }] });
    expect((await counter.run('pos', 'status')).stdout).toMatch(/open charge: +2\.00 EUR \(cash\) since/);
    const away = (...args: string[]) => counter.cli.run([...args, ...atNobody.flags], { env: atNobody.env });
    const [json, plain] = [await away('pos', 'status', '--json'), await away('pos', 'status')];
    expect([json.code, JSON.parse(json.stdout), JSON.parse(json.stderr)]).toEqual([
      6, { reachable: false, open_charges: [expect.objectContaining({ key, amount: { minor: '200', currency: 'EUR' } })] }, expect.objectContaining({ code: 'remote_unreachable', exit: 6 }),
    ]);
    expect([plain.code, plain.stdout]).toEqual([6, expect.stringMatching(/^server: +away.*\nopen charge: +2\.00 EUR \(cash\) since /)]);
    const next = await counter.run('pos', 'charge', '--amount', '1.00EUR', '--tender', 'card', '--json');
    expect(JSON.parse(next.stderr)).toEqual({ warning: expect.stringMatching(/An earlier charge of 2\.00EUR \(cash\).* was open: it is charged/) });
    expect(await counter.json('pos', 'status')).toMatchObject({ open_charges: [] });
    expect(await counter.json('pos', 'tap', '--uid', card)).toMatchObject({ credential: { password: shopPassword } });
    ({ serving, url } = await serve());
  });

  test('a phone without a wallet shows its receipt code once, and its token from then on', async () => {
    const { receipt } = await counter.sold('2.00EUR');
    const token = newToken();
    const first = await access({ receipt_code: String(receipt['receipt_code']).toLowerCase(), phone_token: token });
    const shown = (await first.json()) as Record<string, any>;
    expect([first.status, shown]).toEqual([200, expect.objectContaining({ credential: { ssid: 'cafe-guests', password: shopPassword, security: 'wpa2-psk' }, left_s: expect.any(Number), phone_token: token, qr_svg: expect.stringMatching(/^<svg/) })]);
    expect(shown['left_s']).toBeGreaterThan(1190);
    expect(shown['left_s']).toBeLessThanOrEqual(1200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    const cookie = first.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^latchkey_phone=[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    const used = await access({ receipt_code: receipt['receipt_code'], phone_token: newToken() });
    expect([used.status, await used.json()]).toEqual([403, expect.objectContaining({ code: 'receipt_code_invalid' })]);
    expect(await (await access({}, { cookie: cookie.split(';')[0]! })).json()).toMatchObject({ grant_id: shown['grant_id'] });
    expect(await (await access({ phone_token: token })).json()).toMatchObject({ grant_id: shown['grant_id'] });
  });

  test('what makes no sense is refused, each with its own code, and receipt codes are not guessed', async () => {
    const refusal = async (body: object) => ((await (await access(body)).json()) as { code: string }).code;
    expect(await refusal({})).toBe('invalid_input');
    expect(await refusal({ receipt_code: '7K2M-9QXA' })).toBe('invalid_input');
    expect(await refusal({ receipt_code: '7K2M-9QXA', phone_token: 'x' })).toBe('invalid_input');
    expect(await refusal({ subject_token: 'acc.tok.1' })).toBe('invalid_input');
    expect(await refusal({ uid: '04a22b915c6680' })).toBe('invalid_input');
    expect(await refusal({ phone_token: 'nobody' })).toBe('not_permitted');
    expect(await refusal({ phone_token: 'n'.repeat(5000) })).toBe('payload_too_large');
    const codes: string[] = [];
    for (let tries = 0; tries < 8; tries += 1) codes.push(await refusal({ receipt_code: `7K2M-9QX${tries}`, phone_token: newToken() }));
    expect(codes.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'receipt_code_invalid'));
    expect(codes.at(-1)).toBe('rate_limited');
    const limited = await access({ receipt_code: '7K2M-9QXA', phone_token: newToken() });
    expect([limited.status, Number(limited.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  });

  test('the page is whole in itself, and the captive portal is off without TLS', async () => {
    const page = await fetch(url);
    const html = await page.text();
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
    expect(html).not.toMatch(/(?:src|href)=["'][^"']*\/\//);
    const portal = await fetch(new URL('/captive-portal', url));
    expect([portal.status, await portal.json()]).toEqual([404, expect.objectContaining({ code: 'route_not_found' })]);
    const events = serving.line(jsonWith('event', 'listening'));
    expect(await events).toMatchObject({ captive_portal: false });
  });

  test('with TLS it says whether a phone is captive, by its token or its address, and remembers that', async () => {
    const authority = new Authority();
    const { cert, key } = authority.server();
    const tls = ['--tls-cert', counter.cli.file('shop.pem', cert), '--tls-key', counter.cli.file('shop.key', key)];
    const ca = counter.cli.file('shop-ca.pem', authority.cert);
    const again = async () => {
      serving.kill('SIGTERM');
      await serving.ended;
      ({ serving, url } = await serve(...tls));
    };
    const curl = async (path: string, ...args: string[]) => {
      const { stdout } = await run('curl', ['--silent', '--include', '--cacert', ca, '--noproxy', '*', ...args, new URL(path, url.replace('127.0.0.1', 'localhost')).href]);
      const [head = '', body = ''] = stdout.split('\r\n\r\n');
      return { head: head.toLowerCase(), body: JSON.parse(body) as Record<string, any> };
    };
    const charging = await opened('1.00EUR');
    await purse.json(tap('--yes'), identityCode);
    await charging.ended;
    await again();
    const { receipt } = await counter.sold('3.00EUR');
    const post = (body: object) => curl('/v1/access', '--json', JSON.stringify(body));
    const shown = await post({ receipt_code: receipt['receipt_code'], phone_token: newToken() });
    expect(shown.head).toMatch(/set-cookie: __host-latchkey_phone=.*; path=\/; .*; secure/);
    const session = { captive: false, 'user-portal-url': expect.stringMatching(/^https:\/\/localhost:\d+\/$/), 'can-extend-session': true, 'seconds-remaining': expect.any(Number) };
    const here = await curl('/captive-portal');
    expect(here.head).toContain('content-type: application/captive+json');
    expect(here.head).toContain('cache-control: private');
    expect(here.body).toEqual(session);
    await again();
    expect((await curl('/captive-portal')).body).toEqual(session);
    expect((await curl('/captive-portal', '--cookie', `__Host-latchkey_phone=${shown.body['phone_token'] as string}`)).body).toEqual(session);
    const elsewhere = await curl('/captive-portal', '--interface', '127.0.0.2');
    expect(elsewhere.body).toEqual({ captive: true, 'user-portal-url': expect.any(String), 'can-extend-session': true });
    const paid = await purse.run(['wallet', 'tap', '--pos', url.replace('127.0.0.1', 'localhost'), '--pos-ca', purse.cli.file('shop-ca.pem', readFileSync(ca)), '--account', account.id, '--access', '--json']);
    expect(JSON.parse(paid.code === 0 ? paid.stdout : paid.stderr)).toMatchObject({ credential: { password: shopPassword } });
  });
});

test('beyond this machine it wants TLS or a word, and one agent serves a register', async () => {
  await using stack = new AsyncDisposableStack();
  const site = await Site.make('embedded');
  stack.defer(() => site.close());
  const counter = await site.counter();
  const open = await counter.run('pos', 'serve', '--listen', '0.0.0.0:0', '--no-reader', '--json');
  expect([open.code, JSON.parse(open.stderr)]).toEqual([2, expect.objectContaining({ code: 'missing_input' })]);
  const serving = counter.cli.start(['pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader', '--json']);
  const { url } = (await serving.line(jsonWith('event', 'listening'))) as { url: string };
  const second = await counter.run('pos', 'serve', '--listen', new URL(url).host, '--no-reader', '--json');
  expect([second.code, JSON.parse(second.stderr)]).toEqual([5, expect.objectContaining({ code: 'already_running' })]);
});

describe('a register that comes up before its server', () => {
  let site: Site;
  let counter: Counter;
  beforeAll(async () => {
    site = await Site.make('server');
    counter = await Counter.make(site);
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });

  const serve = () => counter.cli.start(['pos', 'serve', '--no-reader', '--json', '--listen', '127.0.0.1:0']);
  const waiting = (serving: Running) => serving.line(jsonWith('event', 'waiting')) as Promise<{ url: string }>;

  test('says so to phones, and once the server is there serves them where they ask, and settles what its journal left open', async () => {
    const { receipt } = await counter.sold('1.00EUR');
    const { register_id: registerId } = await counter.json<{ register_id: string }>('pos', 'show');
    const file = new ChargeFile(registerId, join(pathsFrom(counter.cli.env, process.platform, counter.cli.folder).state, 'pos'));
    await file.begin({ order: 'lost', charge: { key: 'lost', amount: parseAmount('2.00EUR'), authority: { kind: 'cash', uid: undefined } }, begunAt: new Date() });
    await site.server!.stop();
    const serving = serve();
    const { url } = await waiting(serving);
    expect(await waiting(serving)).toMatchObject({ reachable: false, error_code: 'remote_unreachable', message: expect.stringContaining('127.0.0.1') });
    const page = await fetch(url);
    expect(await page.text()).toContain('What was paid stands');
    const cookie = page.headers.get('set-cookie')!.split(';')[0]!;
    const access = () => fetch(new URL('/v1/access', url), { method: 'POST', headers: { 'content-type': 'application/json', cookie }, body: JSON.stringify({ receipt_code: receipt['receipt_code'] }) });
    for (const refused of [await access(), await fetch(new URL('/v1/charge?wait=20', url))]) {
      expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([503, '2', expect.objectContaining({ code: 'server_unavailable' })]);
    }
    expect(await file.pending()).toHaveLength(1);

    await site.server!.startAgain();
    expect(await serving.line(jsonWith('event', 'listening'))).toMatchObject({ register_id: registerId, url });
    expect(await serving.line(jsonWith('event', 'settled'))).toMatchObject({ key: 'lost', amount: { minor: '200' } });
    expect(await file.pending()).toEqual([]);
    const served = await access();
    expect([served.status, await served.json()]).toEqual([200, expect.objectContaining({ grant_id: receipt['grant'].grant_id, credential: expect.objectContaining({ password: shopPassword }) })]);
    expect(await counter.json('pos', 'report')).toMatchObject({ ok: true });
    serving.kill('SIGTERM');
    expect(await serving.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('ends when it is told to while it waits, and of two one is open in the end', async () => {
    await site.server!.stop();
    const told = serve();
    await waiting(told);
    told.kill('SIGTERM');
    expect(await told.ended).toMatchObject({ code: 0, stderr: '' });
    const two = [serve(), serve()];
    await Promise.all(two.map(waiting));
    await site.server!.startAgain();
    const ended = await Promise.race(two.map(({ ended: end }) => end));
    expect([ended.code, JSON.parse(ended.stderr)]).toEqual([5, expect.objectContaining({ code: 'already_running' })]);
    const open = await Promise.any(two.map((serving) => serving.line(jsonWith('event', 'listening')).then(() => serving)));
    open.kill('SIGTERM');
    expect((await open.ended).code).toBe(0);
  });
});
