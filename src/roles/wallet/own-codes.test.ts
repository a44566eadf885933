import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import { signToken } from '../../protocol/credit-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { IssuedCode, Settlement } from '../codes/ports.ts';
import type { PaymentReply, PaymentRequest } from '../ledger/payment-request.ts';
import { forgetOver, isAlike, issuedCodes, OwnCodes, wishOf, type CodeWish, type KeptCode } from './own-codes.ts';
import { Payer, type BegunPayment, type EndedPayment, type HeldCode, type PaymentEnd } from './payer.ts';
import type { CodeHistory, Correction, NewShowing, ShowingJournal } from './showing.ts';

const accountId = 'acc_anna';
const now = new Date('2026-11-30T12:00:00.000Z');
const wish: CodeWish = { accountId, limit: parseAmount('20.00EUR'), maxEach: 500n, uses: 10, payees: ['acc_cafe'], validMs: 86_400_000 };
const typed = () => Promise.resolve('grün 2468');
const away = (): never => {
  throw new LatchkeyError('remote_unreachable');
};

/** A server that issues what is paid for, once for each key, and may be cut off before or after it has. */
class Server {
  readonly key = newEd25519(randomBytes(32));
  readonly requests = new Map<string, PaymentRequest>();
  readonly tokens = new Map<string, Uint8Array>();
  readonly seen: PaymentRequest[] = [];
  refusal: ErrorCode | undefined;
  cut: 'before' | 'after' | 'before fetching' | undefined;
  settlements: Settlement[] = [];
  revokedAt: Date | undefined;

  pay(request: PaymentRequest): PaymentReply {
    if (this.cut === 'before') away();
    this.seen.push(request);
    if (this.refusal !== undefined) throw new LatchkeyError(this.refusal);
    const { key, amount, code } = request;
    if (!this.tokens.has(key)) {
      const token: CreditToken = {
        id: `code_${createHash('sha256').update(key).digest().subarray(0, 16).toString('base64url')}`,
        issuer: 'here',
        currency: amount.currency,
        maxTotal: amount.minor,
        maxEach: code!.maxEach,
        uses: code!.uses,
        payees: code!.payees,
        holderKey: code!.holderKey,
        issuedAt: now,
        expiresAt: new Date(now.getTime() + code!.validMs),
      };
      this.tokens.set(key, signToken(token, this.key));
      this.requests.set(key, request);
    }
    if (this.cut === 'after') away();
    const renewal = { rotation: createHash('sha256').update(key).digest() };
    return { paymentId: `pay_${key}`, state: 'held', accountId, payee: { id: 'codes_EUR', name: 'codes', currency: 'EUR' }, amount, at: now, expiresAt: undefined, renewal };
  }

  issued(key: string): IssuedCode {
    if (this.cut !== undefined) away();
    const signed = this.tokens.get(key);
    if (signed === undefined) throw new LatchkeyError('code_not_found');
    return { signed } as IssuedCode;
  }
}

class MemoryJournal implements ShowingJournal {
  readonly begun = new Map<string, CodeHistory>();
  readonly corrections: Correction[] = [];
  async begin(codeId: string, payees: CodeHistory['payees']) {
    this.begun.set(codeId, { payees, showings: [], revokedAt: undefined });
  }
  async of(codeId: string) {
    return this.begun.get(codeId)!;
  }
  async show(_codeId: string, _showing: NewShowing) {}
  async takeBack() {}
  async correct(_codeId: string, correction: Correction) {
    this.corrections.push(correction);
  }
  async forget(codeId: string) {
    this.begun.delete(codeId);
  }
}

/** What happened, in its order. */
let events: string[];
let server: Server;
let journal: MemoryJournal;
let kept: Map<string, KeptCode>;
let payments: { begun: BegunPayment; end: PaymentEnd | undefined }[];
let wallet: OwnCodes;
let payer: Payer;
const keptCodes = () => ({
  list: async () => [...kept.values()],
  get: async (account: string, key: string) => kept.get(`${account}/${key}`),
  set: async (code: KeptCode) => {
    events.push(code.signed === undefined ? 'key kept' : 'code kept');
    kept.set(`${code.accountId}/${code.key}`, code);
  },
  remove: async ({ accountId: account, key }: Pick<KeptCode, 'accountId' | 'key'>) => void kept.delete(`${account}/${key}`),
});

beforeEach(() => {
  events = [];
  server = new Server();
  journal = new MemoryJournal();
  kept = new Map();
  payments = [];
  let held: HeldCode = { number: 1, algorithm: 'hmac-sha256', code: randomBytes(32) };
  const random = { bytes: (length: number) => randomBytes(length) };
  const never = () => Promise.reject(new Error('Nobody asks for that here.'));
  payer = new Payer({
    clock: { now: () => now },
    random,
    codes: { get: async () => held, set: async (_, code) => void (held = code) },
    journal: {
      pending: async () => payments.findLast(({ end }) => end === undefined)?.begun,
      find: async (_, key) => {
        const found = payments.find(({ begun, end }) => begun.request.key === key && end !== undefined);
        return found && ({ ...found.begun, end: found.end } as EndedPayment);
      },
      begin: async (begun) => {
        events.push('payment written down');
        payments.push({ begun, end: undefined });
      },
      giveUp: never,
      end: async ({ request }, end) => void (payments.find(({ begun }) => begun.request.key === request.key)!.end = end),
    },
    wallet: {
      pay: async (request) => {
        events.push('sent');
        return server.pay(request);
      },
      cancel: never,
      payee: never,
      bind: never,
      bindings: never,
      terminated: async () => {},
      requestVerification: never,
    },
  });
  wallet = new OwnCodes({
    payer,
    journal,
    random,
    kept: keptCodes(),
    codes: { issued: async (_, key) => server.issued(key), code: async () => server as never },
    wallet: { payee: async (id) => ({ id, name: 'Café', currency: 'EUR' }) },
    withCode: (_, work) => work(),
  });
});

/** With all bytes in base64url. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? base64url(value) : typeof value === 'object' && value !== null ? Object.values(value).map(textOf).join(' ') : String(value);
}

async function failure(work: Promise<unknown>): Promise<LatchkeyError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof LatchkeyError) return error;
  throw new Error(`It came to ${String(error)}.`);
}

test('the private key is kept before the payment is written down and sent, and no part of it goes anywhere else', async () => {
  const code = await wallet.issue(wish, 'monday', typed);
  expect(events).toEqual(['key kept', 'payment written down', 'sent', 'code kept']);
  expect(isAlike(wishOf(code), wish)).toBe(true);
  expect(await issuedCodes(keptCodes())).toEqual([code]);
  expect(await journal.of(code.token.id)).toEqual({ payees: [{ id: 'acc_cafe', name: 'Café', currency: 'EUR' }], showings: [], revokedAt: undefined });
  const elsewhere = textOf([server.seen, payments, [...journal.begun]]);
  expect(elsewhere).toContain(base64url(newEd25519(code.seed).publicKey));
  expect(elsewhere).not.toContain(base64url(code.seed));
});

test.each(['before', 'after'] as const)('an issue whose connection was cut %s the server had it is finished by settling, once', async (cut) => {
  server.cut = cut;
  const { code, message, hint } = await failure(wallet.issue(wish, undefined, typed));
  expect({ code, message, hint }).toEqual({
    code: 'remote_unreachable',
    message: expect.stringContaining('It is not known whether the code over 20.00EUR was issued.'),
    hint: expect.stringContaining('latchkey code issue'),
  });
  const [{ seed }] = [...kept.values()] as [KeptCode];
  server.cut = undefined;
  expect((await payer.settle(accountId))?.end.kind).toBe('accepted');
  const { fetched: [finished] } = await wallet.finish(accountId);
  expect(finished).toMatchObject({ seed, token: { holderKey: Uint8Array.from(newEd25519(seed).publicKey), maxTotal: 2000n } });
  expect(await wallet.finish(accountId)).toEqual({ fetched: [], withheld: [] });
  expect(server.tokens.size).toBe(1);
});

test('one that was paid for and not fetched is fetched later', async () => {
  server.cut = 'before fetching';
  expect(await failure(wallet.issue(wish, 'monday', typed))).toMatchObject({
    code: 'remote_unreachable',
    message: expect.stringContaining('The code over 20.00EUR was issued, and is not here yet.'),
  });
  expect(await issuedCodes(keptCodes())).toEqual([]);
  server.cut = undefined;
  expect((await wallet.issue(wish, 'monday', () => Promise.reject(new Error('It is not asked for again.')))).key).toBe('monday');
  expect(server.tokens.size).toBe(1);
});

test('the same key brings the same code, and no other', async () => {
  const code = await wallet.issue(wish, 'monday', typed);
  expect(await wallet.issue(wish, 'monday', typed)).toEqual(code);
  for (const other of [{ uses: 9 }, { maxEach: 499n }, { payees: undefined }, { validMs: 60_000 }, { limit: parseAmount('20.01EUR') }]) {
    expect((await failure(wallet.issue({ ...wish, ...other }, 'monday', typed))).code).toBe('idempotency_mismatch');
  }
  await keptCodes().remove(code);
  expect((await failure(wallet.issue(wish, 'monday', typed))).code).toBe('code_over');
  expect(server.tokens.size).toBe(1);
});

test('what no code allows is not sent, and nobody is asked for anything', async () => {
  const asked = () => Promise.reject(new Error('It is asked for too early.'));
  for (const wrong of [{ maxEach: 2001n }, { uses: 0 }, { validMs: 1000 }, { validMs: 24 * 86_400_000 }, { payees: [] }]) {
    expect((await failure(wallet.issue({ ...wish, ...wrong }, undefined, asked))).code).toBe('invalid_input');
  }
  expect([kept.size, events]).toEqual([0, []]);
});

test('of what was refused no key is kept, and the refusal stays', async () => {
  server.refusal = 'insufficient_funds';
  expect((await failure(wallet.issue(wish, 'monday', typed))).code).toBe('insufficient_funds');
  expect(kept.size).toBe(0);
  server.refusal = undefined;
  expect((await failure(wallet.issue(wish, 'monday', typed))).code).toBe('insufficient_funds');
  expect(server.tokens.size).toBe(0);
});

test('of what was given up no key is kept', async () => {
  server.cut = 'before';
  await failure(wallet.issue(wish, 'monday', typed));
  payments[0]!.end = { kind: 'cancelled' };
  server.cut = undefined;
  expect(await wallet.finish(accountId)).toEqual({ fetched: [], withheld: [] });
  expect(kept.size).toBe(0);
  expect((await failure(wallet.issue(wish, 'monday', typed))).code).toBe('payment_cancelled');
});

test('a key whose payment was never begun is forgotten', async () => {
  await keptCodes().set({ accountId, key: 'never', seed: randomBytes(32), signed: undefined });
  expect(await wallet.finish(accountId)).toEqual({ fetched: [], withheld: [] });
  expect(kept.size).toBe(0);
});

test('what was paid for and another terminal has to fetch keeps its key until nobody can settle it any more', async () => {
  server.cut = 'before fetching';
  await failure(wallet.issue(wish, 'monday', typed));
  server.cut = undefined;
  const tokens = [...server.tokens];
  server.tokens.clear();
  expect(await wallet.finish(accountId)).toEqual({
    fetched: [],
    withheld: [expect.objectContaining({ code: 'code_not_found', message: expect.stringContaining('The code over 20.00EUR was issued, and is not here yet.'), hint: expect.stringContaining('the terminal that paid for it') })],
  });
  expect(kept.size).toBe(1);
  tokens.forEach(([key, token]) => server.tokens.set(key, token));
  expect((await wallet.finish(accountId)).fetched).toMatchObject([{ key: 'monday' }]);
});

test('what was paid for and never fetched is forgotten once nobody can settle it any more', async () => {
  server.cut = 'before fetching';
  await failure(wallet.issue(wish, 'monday', typed));
  const settleBy = now.getTime() + wish.validMs + 7 * 86_400_000;
  await forgetOver({ kept: keptCodes(), journal, payer }, new Date(settleBy));
  expect(kept.size).toBe(1);
  await forgetOver({ kept: keptCodes(), journal, payer }, new Date(settleBy + 1));
  expect(kept.size).toBe(0);
});

test('a token for another key than this wallet’s is not taken', async () => {
  const pay = server.pay.bind(server);
  server.pay = (request) => pay({ ...request, code: { ...request.code!, holderKey: newEd25519(randomBytes(32)).publicKey } });
  expect((await failure(wallet.issue(wish, 'monday', typed))).code).toBe('bad_reply');
  expect(await issuedCodes(keptCodes())).toEqual([]);
});

test('what the server settled and revoked is written down once it is heard', async () => {
  const code = await wallet.issue(wish, 'monday', typed);
  await wallet.correct(code);
  expect(journal.corrections).toEqual([]);
  server.settlements = [{ outcome: 'settled', receipt: { counter: 2, amount: parseAmount('3.20EUR'), at: now } } as Settlement];
  server.revokedAt = now;
  await wallet.correct(code);
  expect(journal.corrections).toEqual([{ settled: [{ counter: 2, amount: 320n, at: now }], revokedAt: now }]);
});

test('a code is forgotten once nobody can settle it any more', async () => {
  const { token } = await wallet.issue(wish, 'monday', typed);
  const settleBy = token.expiresAt.getTime() + 7 * 86_400_000;
  await forgetOver({ kept: keptCodes(), journal, payer }, new Date(settleBy));
  expect(kept.size).toBe(1);
  await forgetOver({ kept: keptCodes(), journal, payer }, new Date(settleBy + 1));
  expect([kept.size, journal.begun.size]).toEqual([0, 0]);
});
