import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import { StripeProvider } from '../../src/providers/stripe.ts';
import { codeOf, errorOf } from '../contract/roles.harness.ts';
import { canceled, declined, event, paymentIntent, refusal, succeeded } from './fixtures/payment-intents.ts';

const key = 'sk_test_ofNobody';
const webhookSecret = 'whsec_ofNobody';
const now = new Date('2026-11-25T08:00:00.000Z');
const clock = { now: () => now };
const stripe = new StripeProvider({ key, webhookSecret, clock });
const api = () => nock('https://api.stripe.com', { reqheaders: { authorization: `Bearer ${key}` } });
const topUp = { topUpId: 'top_1', accountId: 'acc_1', amount: parseAmount('12.50EUR') };

beforeAll(() => {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
});
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

describe('a top-up', () => {
  test('is a PaymentIntent under its own id, which tells nobody more than it has to', async () => {
    const bodies: string[] = [];
    const headers: Headers[] = [];
    api().post('/v1/payment_intents').reply(async (request: Request) => {
      bodies.push(await request.text());
      headers.push(request.headers);
      return [200, paymentIntent({ metadata: { topup_id: 'top_1', account_id: 'acc_1' } })];
    });
    expect(await stripe.begin(topUp)).toEqual({
      reference: 'pi_latchkeyFixture1',
      state: 'pending',
      amount: topUp.amount,
      topUpId: 'top_1',
      clientSecret: 'pi_latchkeyFixture1_secret_ofItsPayer',
      reason: undefined,
    });
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toEqual({
      amount: '1250',
      currency: 'eur',
      'automatic_payment_methods[enabled]': 'true',
      'metadata[topup_id]': 'top_1',
      'metadata[account_id]': 'acc_1',
    });
    expect(headers[0]!.get('idempotency-key')).toBe('top_1');
    expect(headers[0]!.get('x-stripe-client-telemetry')).toBeNull();
    expect(headers[0]!.get('x-stripe-client-user-agent')).not.toMatch(/telemetry_id|platform/);
  });

  test.each([
    ['waits for its payer', {}, { state: 'pending', amount: topUp.amount, reason: undefined }],
    ['waits for its payer after a card was declined', declined, { state: 'pending', reason: 'insufficient_funds' }],
    ['waits for the bank', { status: 'processing' as const }, { state: 'pending' }],
    ['is paid', succeeded, { state: 'succeeded', amount: topUp.amount }],
    ['is paid in part', { ...succeeded, amount_received: 1249 }, { state: 'succeeded', amount: parseAmount('12.49EUR') }],
    ['is paid in another currency', { ...succeeded, currency: 'usd' }, { state: 'succeeded', amount: parseAmount('12.50USD') }],
    ['was given up', canceled, { state: 'failed', reason: 'abandoned' }],
    ['is in a state that is new', { status: 'requires_patience' as never }, { state: 'pending' }],
  ])('that %s is found so', async (_, change, expected) => {
    api().get('/v1/payment_intents/pi_latchkeyFixture1').reply(200, paymentIntent(change));
    expect(await stripe.find('pi_latchkeyFixture1')).toMatchObject({ reference: 'pi_latchkeyFixture1', ...expected });
  });

  test('that is in units which Stripe does not have is refused before it is sent', () => {
    expect(() => stripe.check(parseAmount('5UGX'))).toThrow(expect.objectContaining({ code: 'amount_not_collectable' }));
    stripe.check(topUp.amount);
  });
});

describe('what goes wrong', () => {
  const message = `about ${key} and pi_latchkeyFixture1_secret_ofItsPayer`;
  const headers = { 'Request-Id': 'req_fixture' };

  test.each([
    ['a key that is wrong', 401, { type: 'invalid_request_error', message: `Invalid API Key provided: ${key}` }, 'provider_refused'],
    ['a key that may not', 403, { type: 'invalid_request_error', code: 'permission_denied', message }, 'provider_refused'],
    ['too little', 400, { type: 'invalid_request_error', code: 'amount_too_small', param: 'amount', message }, 'amount_not_collectable'],
    ['too much', 400, { type: 'invalid_request_error', code: 'amount_too_large', param: 'amount', message }, 'amount_not_collectable'],
    ['a currency that it has not', 400, { type: 'invalid_request_error', code: 'parameter_invalid', param: 'currency', message }, 'amount_not_collectable'],
    ['an account that is not set up', 400, { type: 'invalid_request_error', code: 'account_invalid', message }, 'provider_refused'],
    ['a card that is declined', 402, { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds', message }, 'topup_failed'],
    ['a key of two requests', 400, { type: 'idempotency_error', message }, 'bad_reply'],
    ['a request that is under way', 409, { type: 'invalid_request_error', code: 'idempotency_key_in_use', message }, 'remote_unreachable'],
    ['too many requests', 429, { type: 'invalid_request_error', code: 'rate_limit', message }, 'remote_unreachable'],
    ['a fault of Stripe’s', 500, { type: 'api_error', message }, 'remote_unreachable'],
  ])('%s has its own code, and no secret in its words', async (_, status, error, code) => {
    api().post('/v1/payment_intents').reply(status, refusal(error), headers);
    const failure = await errorOf(stripe.begin(topUp));
    expect(failure?.code).toBe(code);
    expect(failure?.message).toContain('req_fixture');
    expect(failure?.cause).toBeUndefined();
    expect(`${failure?.message} ${failure?.hint}`).not.toMatch(/sk_test|_secret_/);
  });

  test('a PaymentIntent that this key does not know is no end', async () => {
    api().get('/v1/payment_intents/pi_other').reply(404, refusal({ type: 'invalid_request_error', code: 'resource_missing', param: 'intent' }));
    expect(await codeOf(stripe.find('pi_other'))).toBe('provider_refused');
  });

  test.each([
    ['no JSON', 'moved'],
    ['another thing', { object: 'charge', id: 'ch_1' }],
    ['no amount', { ...paymentIntent(), amount: null }],
    ['an amount in pieces', { ...paymentIntent(), amount_received: 12.5 }],
  ])('a reply that is %s is not believed', async (_, body) => {
    api().post('/v1/payment_intents').reply(200, body);
    expect(await codeOf(stripe.begin(topUp))).toBe('bad_reply');
  });

  test('a Stripe that cannot be reached is told from one that does not answer', async () => {
    api().post('/v1/payment_intents').replyWithError(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    expect(await codeOf(stripe.begin(topUp))).toBe('remote_unreachable');
  });

  test.each([
    ['of another kind', { key: 'pk_test_published' }],
    ['with what does not belong there', { key: 'sk_test_of Nobody' }],
    ['for notices of another kind', { key, webhookSecret: 'sk_test_ofNobody' }],
  ])('a secret %s is refused and not repeated', async (_, secrets) => {
    const failure = await errorOf((async () => new StripeProvider({ ...secrets, clock }))());
    expect(failure?.code).toBe('invalid_input');
    expect(failure?.message).not.toMatch(/published|Nobody/);
  });
});

describe('a server in place of Stripe’s', () => {
  let silent: Server;
  let at: { host: string; port: number; protocol: 'http' };
  beforeAll(async () => {
    nock.restore();
    silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    at = { host: '127.0.0.1', port: (silent.address() as AddressInfo).port, protocol: 'http' };
  });
  afterAll(async () => {
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    nock.activate();
  });

  test('that never answers is waited for so long', async () => {
    const provider = new StripeProvider({ key, clock, at, timeoutMs: 100 });
    expect(await codeOf(provider.find('pi_1'))).toBe('timed_out');
  });
});

/** As docs.stripe.com/webhooks/signature has it: HMAC-SHA-256 of time, a point and the body. */
function signature(body: string, { secret = webhookSecret, at = now, scheme = 'v1' } = {}): string {
  const seconds = Math.floor(at.getTime() / 1000);
  return `t=${seconds},${scheme}=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

describe('a notice', () => {
  const read = (body: string, signed: string | undefined) => stripe.notices!.read(Buffer.from(body), signed);
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const paid = JSON.stringify(event('payment_intent.succeeded', paymentIntent({ ...succeeded, metadata: { topup_id: 'top_1' } })));

  test('of what was paid, failed or given up says so', async () => {
    expect(await read(paid, signature(paid))).toMatchObject({ reference: 'pi_latchkeyFixture1', topUpId: 'top_1', state: 'succeeded', amount: topUp.amount });
    const failed = JSON.stringify(event('payment_intent.payment_failed', paymentIntent(declined)));
    expect(await read(failed, signature(failed))).toMatchObject({ state: 'pending', reason: 'insufficient_funds' });
    const over = JSON.stringify(event('payment_intent.canceled', paymentIntent(canceled)));
    expect(await read(over, signature(over))).toMatchObject({ state: 'failed', reason: 'abandoned' });
  });

  test('of anything else is nothing of ours', async () => {
    for (const type of ['payment_intent.created', 'payment_intent.processing', 'charge.succeeded'] as const) {
      const other = JSON.stringify(event(type, paymentIntent(succeeded)));
      expect(await read(other, signature(other))).toBeUndefined();
    }
  });

  test('is taken with any of several signatures, while the secret is changed', async () => {
    const [, old = ''] = signature(paid, { secret: 'whsec_before' }).split(',');
    expect(await read(paid, `${signature(paid)},${old}`)).toMatchObject({ state: 'succeeded' });
    const [time, fresh] = signature(paid).split(',');
    expect(await read(paid, `${time},${old},${fresh}`)).toMatchObject({ state: 'succeeded' });
  });

  test('is taken up to five minutes after it was signed', async () => {
    expect(await read(paid, signature(paid, { at: ago(300) }))).toMatchObject({ state: 'succeeded' });
    expect(await codeOf(read(paid, signature(paid, { at: ago(301) })))).toBe('webhook_rejected');
  });

  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['no more than a word', 'signed'],
    ['one of another secret', signature(paid, { secret: 'whsec_guessed' })],
    ['one of another body', signature(`${paid} `)],
    ['one of a scheme for tests', signature(paid, { scheme: 'v0' })],
    ['one without a time', signature(paid).replace(/^t=\d+,/, '')],
    ['one with a later time', signature(paid, { at: ago(900) }).replace(/^t=\d+/, `t=${now.getTime() / 1000}`)],
    ['one that is cut', signature(paid).slice(0, -2)],
  ])('with a signature that is %s is refused', async (_, signed) => {
    const failure = await errorOf(read(paid, signed));
    expect(failure?.code).toBe('webhook_rejected');
    expect(failure?.cause).toBeUndefined();
  });

  test.each([
    ['no JSON', 'paid'],
    ['no event', '[]'],
    ['nothing', 'null'],
    ['about no PaymentIntent', JSON.stringify({ ...event('payment_intent.succeeded', paymentIntent()), data: { object: { object: 'charge' } } })],
    ['of the other kind of events', JSON.stringify({ object: 'v2.core.event', id: 'evt_1', type: 'v1.payment_intent.succeeded' })],
  ])('that is signed and is %s is no valid input', async (_, body) => {
    expect(await codeOf(read(body, signature(body)))).toBe('invalid_input');
  });
});
