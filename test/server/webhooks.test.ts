import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OpenTopUpWire } from '../../src/api/top-ups.ts';
import type { Account } from '../../src/domain/account.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { StripeProvider } from '../../src/providers/stripe.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { canceled, declined, event, paymentIntent, succeeded } from '../providers/fixtures/payment-intents.ts';
import { TestClock } from '../contract/roles.harness.ts';
import { expectProblem } from './problem-document.ts';
import { ask } from './raw-http.ts';
import { startServer, systemRandom, type RunningServer } from './running-server.ts';

const webhookSecret = 'whsec_ofNobody';
const key = 'sk_test_ofNobody';
const path = '/v1/webhooks/stripe';
const dayMs = 86_400_000;

let running: RunningServer;
let clock: TestClock;
let ledger: LedgerService;
let admin: string;
let log = '';

beforeAll(() => {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
  nock.enableNetConnect(/^(127\.0\.0\.1|localhost):/);
});
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});
beforeEach(async () => {
  clock = new TestClock();
  log = '';
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => { log += chunk.toString(); done(); } });
  running = await startServer({
    clock,
    housekeepingMs: dayMs,
    log: { level: 'trace', stream },
    limits: { guesses: { perSecond: 0.01, burst: 3 } },
    providers: [new StripeProvider({ key, webhookSecret, clock })],
  });
  admin = (await running.enroll('admin')).secret;
  ledger = new LedgerService({ store: running.store, clock, random: systemRandom, actor: { kind: 'local' } });
});
afterEach(async () => {
  await running.stop();
  nock.cleanAll();
  for (const secret of [webhookSecret, key, 'secret_ofItsPayer', admin]) {
    expect(log).not.toContain(secret);
  }
});

function signed(body: string, { secret = webhookSecret, at = clock.now() } = {}) {
  const seconds = Math.floor(at.getTime() / 1000);
  return { 'Stripe-Signature': `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}` };
}

const bring = (body: string, headers: Record<string, string> = signed(body)) => ask(running.port, 'POST', path, { body, headers });

/** A top-up of 12.50EUR that has begun at Stripe, and its notices. */
async function begun(): Promise<{ account: Account; topUp: OpenTopUpWire; notice: (type: Parameters<typeof event>[0], change: Parameters<typeof paymentIntent>[0]) => string }> {
  const account = await ledger.open({ name: 'Anna', currency: 'EUR' });
  nock('https://api.stripe.com').post('/v1/payment_intents').reply(200, paymentIntent());
  const body = JSON.stringify({ amount: { minor: '1250', currency: 'EUR' }, provider: 'stripe' });
  const reply = await ask(running.port, 'POST', `/v1/accounts/${account.id}/topups`, { token: admin, body });
  expect(reply.status).toBe(201);
  const topUp = JSON.parse(reply.body) as OpenTopUpWire;
  const metadata = { topup_id: topUp.topup_id, account_id: account.id };
  return { account, topUp, notice: (type, change) => JSON.stringify(event(type, paymentIntent({ metadata, ...change }))) };
}

const topUps = async () => (await ledger.topUps({}, { limit: 10 })).items;
const balanceOf = async ({ id }: Account) => (await ledger.account(id)).balance;

describe('a notice of Stripe’s', () => {
  test('posts what was paid, once, whatever comes before and behind it', async () => {
    const { account, topUp, notice } = await begun();
    expect(topUp).toMatchObject({ state: 'pending', reference: 'pi_latchkeyFixture1', client_secret: 'pi_latchkeyFixture1_secret_ofItsPayer' });
    const [failed, paid] = [notice('payment_intent.payment_failed', declined), notice('payment_intent.succeeded', succeeded)];
    for (const body of [failed, paid, paid, failed]) {
      expect(await bring(body)).toMatchObject({ status: 200, body: '{}' });
    }
    await Promise.all(Array.from({ length: 4 }, () => bring(paid)));
    expect(await topUps()).toMatchObject([{ state: 'posted', reason: undefined }]);
    expect(await balanceOf(account)).toBe(1250n);
  });

  test('ends what was given up', async () => {
    const { account, notice } = await begun();
    expect((await bring(notice('payment_intent.canceled', canceled))).status).toBe(200);
    expect(await topUps()).toMatchObject([{ state: 'failed', reason: 'stripe: abandoned' }]);
    expect(await balanceOf(account)).toBe(0n);
  });

  test('of money that cannot be posted is loud', async () => {
    const { account, notice } = await begun();
    expect((await bring(notice('payment_intent.succeeded', { ...succeeded, amount_received: 1300 }))).status).toBe(200);
    expect(await topUps()).toMatchObject([{ state: 'refund_due', reason: 'amount_mismatch' }]);
    expect(await balanceOf(account)).toBe(0n);
    const [line] = log.split('\n').filter((each) => each.includes('a top-up needs looking into')).map((each) => JSON.parse(each) as object);
    expect(line).toMatchObject({ error_code: 'amount_mismatch', state: 'refund_due', reference: 'pi_latchkeyFixture1' });
  });

  test('of what is not here is answered like any other', async () => {
    const { account } = await begun();
    const foreign = JSON.stringify(event('payment_intent.succeeded', paymentIntent({ ...succeeded, id: 'pi_ofAnotherShop', metadata: {} })));
    expect(await bring(foreign)).toMatchObject({ status: 200, body: '{}' });
    expect((await bring(JSON.stringify(event('charge.succeeded', paymentIntent())))).status).toBe(200);
    expect(await balanceOf(account)).toBe(0n);
  });

  test.each([
    ['no signature', () => ({})],
    ['one of another secret', (body: string) => signed(body, { secret: 'whsec_guessed' })],
    ['one that is too old', (body: string) => signed(body, { at: new Date(clock.now().getTime() - 301_000) })],
    ['one of another body', (body: string) => signed(`${body} `)],
  ])('with %s is refused and changes nothing', async (_, headers) => {
    const { account, notice } = await begun();
    const body = notice('payment_intent.succeeded', succeeded);
    expectProblem(await bring(body, headers(body)), 'webhook_rejected');
    expect(await topUps()).toMatchObject([{ state: 'pending' }]);
    expect(await balanceOf(account)).toBe(0n);
  });

  test('is read in its bytes, whatever they are', async () => {
    const { account, notice } = await begun();
    const body = ` ${notice('payment_intent.succeeded', { ...succeeded, description: 'Grüße, 東京' }).replaceAll('",', '" ,\r\n')}\n`;
    expect((await bring(body)).status).toBe(200);
    expect(await balanceOf(account)).toBe(1250n);
  });

  test('that is too large is not read', async () => {
    const body = ' '.repeat(262_145);
    expectProblem(await bring(body), 'payload_too_large');
  });

  test('that is signed and makes no sense is told so', async () => {
    expectProblem(await bring('{'), 'invalid_input');
    expectProblem(await bring('[]'), 'invalid_input');
  });
});

test('who signs wrongly again and again waits, and who signs rightly at the same address does not', async () => {
  const { account, notice } = await begun();
  const body = notice('payment_intent.succeeded', succeeded);
  for (let count = 0; count < 3; count += 1) {
    expectProblem(await bring(body, signed(body, { secret: `whsec_${count}` })), 'webhook_rejected');
  }
  expectProblem(await bring(body, signed(body, { secret: 'whsec_3' })), 'rate_limited');
  expect((await bring(body)).status).toBe(200);
  expect(await balanceOf(account)).toBe(1250n);
});

test('notices are posted and nothing else; without a signing secret there is no such place', async () => {
  expectProblem(await ask(running.port, 'GET', path), 'method_not_allowed');
  const other = await startServer({ providers: [new StripeProvider({ key, clock })] });
  expectProblem(await ask(other.port, 'POST', path, { body: '{}' }), 'route_not_found');
  await other.stop();
});

describe('a Stripe that does not answer', () => {
  const begin = async (account: Account, idempotencyKey: string) => {
    const body = JSON.stringify({ amount: { minor: '1250', currency: 'EUR' }, provider: 'stripe' });
    const reply = await ask(running.port, 'POST', `/v1/accounts/${account.id}/topups`, { token: admin, body, headers: { 'Idempotency-Key': idempotencyKey } });
    expect(reply.status).toBe(201);
    return JSON.parse(reply.body) as OpenTopUpWire;
  };

  test('loses nothing: the same key begins the same PaymentIntent', async () => {
    const account = await ledger.open({ name: 'Anna', currency: 'EUR' });
    nock('https://api.stripe.com').post('/v1/payment_intents').replyWithError(new Error('reset'));
    const left = await begin(account, 'topup-1');
    expect(left).toMatchObject({ state: 'pending', reason: 'remote_unreachable' });
    nock('https://api.stripe.com', { reqheaders: { 'idempotency-key': left.topup_id } }).post('/v1/payment_intents').reply(200, paymentIntent());
    expect(await begin(account, 'topup-1')).toMatchObject({ topup_id: left.topup_id, state: 'pending', client_secret: 'pi_latchkeyFixture1_secret_ofItsPayer' });
    expect(await topUps()).toHaveLength(1);
  });

  test('is asked again by the server itself', async () => {
    const { account } = await begun();
    clock.pass(3_600_000);
    const asked = nock('https://api.stripe.com').get('/v1/payment_intents/pi_latchkeyFixture1').reply(200, paymentIntent(succeeded));
    const answered = new Promise((resolve) => asked.once('replied', resolve));
    const other = await startServer({ store: running.store, clock, providers: [new StripeProvider({ key, clock })], housekeepingMs: 10 });
    await answered;
    await other.server.stop();
    expect(await ledger.postings({ limit: 10 })).toMatchObject({ items: [{ amount: parseAmount('12.50EUR'), creditId: account.id }] });
  });
});
