import { randomBytes, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { verifyReceipt } from '../../src/protocol/code-receipt.ts';
import { codeText, parseCodeText } from '../../src/protocol/credit-code.ts';
import { ed25519Public } from '../../src/protocol/ed25519.ts';
import { acceptanceChecks, type AcceptanceCheck } from '../../src/roles/codes/acceptance-checks.ts';
import { CodeAcceptance, type Decision } from '../../src/roles/codes/acceptance.ts';
import type { AcceptanceContext } from '../../src/roles/codes/acceptance-context.ts';
import { openAcceptanceStore, type AcceptanceStore } from '../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId, type IssuedWallet } from './issuer.ts';

const start = new Date('2026-11-30T10:00:00Z');
const dayMs = 86_400_000;
const register = { id: 'tok_register', payeeId, currency: 'EUR' };
const receiptKey = newKey();

let issuer: Issuer;
let store: AcceptanceStore;
let now: Date;

beforeEach(async () => {
  issuer = new Issuer();
  store = await openAcceptanceStore({ path: ':memory:' });
  now = start;
  await store.keepTrust(issuer.trustList(start));
});

afterEach(() => store.close());

function opened(parts: Partial<AcceptanceContext> = {}): CodeAcceptance {
  return new CodeAcceptance({
    register,
    journal: store,
    receiptKey: receiptKey.privateKey,
    clock: { now: () => now },
    rules: { bindAbove: undefined, trustWarnMs: dayMs, trustMaxMs: 7 * dayMs },
    ...parts,
  });
}

function after(ms: number, from = start): Date {
  return new Date(from.getTime() + ms);
}

const eur = (text: string) => parseAmount(`${text}EUR`);

function accept(text: string, amount = eur('3.20'), parts: Partial<AcceptanceContext> = {}): Promise<Decision> {
  return opened(parts).accept({ text, amount });
}

/** Which check failed, and by which code. */
function failure({ checks, refusal, accepted }: Decision): [AcceptanceCheck | undefined, ErrorCode | undefined] {
  expect(accepted === undefined).toBe(refusal !== undefined);
  return [checks.find(({ outcome }) => outcome === 'failed')?.check, refusal?.code];
}

test('what passes all checks is in the journal, with a receipt that the register signed', async () => {
  const wallet = issuer.wallet(start);
  now = after(1_500);
  const text = wallet.shows(1, now);
  const decision = await opened().accept({ text, amount: eur('3.20'), memo: 'cake' });
  expect(failure(decision)).toEqual([undefined, undefined]);
  expect(new Set(decision.checks.map(({ outcome }) => outcome))).toEqual(new Set(['passed']));
  expect(decision).toMatchObject({ trustAgeMs: 1000, trustIsOld: false, accepted: { settleBy: after(3_600_000 + 7 * dayMs), memo: 'cake' } });
  const receipt = verifyReceipt(decision.accepted!.signedReceipt, ed25519Public(receiptKey.publicKey));
  expect(receipt).toMatchObject({ registerId: register.id, payeeId, tokenId: wallet.token.id, counter: 1, amount: eur('3.20'), at: after(1000), trustAsOf: start });
  const [kept] = store.unsettled(10);
  expect(kept).toMatchObject({ number: 1, memo: 'cake', settled: undefined, receipt });
  expect(Buffer.from(kept!.code)).toEqual(Buffer.from(parseCodeText(text)));
  expect(store.waiting()).toEqual({ count: 1, settleBy: after(3_600_000 + 7 * dayMs) });
});

/** A way to spoil a code for one check, in the order of the checks. */
interface Spoilt {
  readonly check: AcceptanceCheck;
  readonly code: ErrorCode;
  /** Makes things so that this check fails, and perhaps later ones. */
  readonly spoil: (attempt: Attempt) => void | Promise<void>;
}

interface Attempt {
  limits: Parameters<Issuer['wallet']>[1];
  shownAt: Date;
  bound: { amount?: bigint; payeeId?: string };
  by: Issuer;
  edit: (text: string) => string;
  amount: string;
  /** After the wallet is there, before the code is scanned. */
  before: ((wallet: IssuedWallet) => Promise<void>)[];
  revoke: boolean;
}

const spoilt: readonly Spoilt[] = [
  { check: 'structure', code: 'code_malformed', spoil: (attempt) => void (attempt.edit = (text) => text.slice(0, -2)) },
  { check: 'trust_list', code: 'trust_list_old', spoil: () => void (now = after(8 * dayMs)) },
  { check: 'signature', code: 'code_key_unknown', spoil: (attempt) => void (attempt.by = new Issuer()) },
  { check: 'validity', code: 'code_expired', spoil: (attempt) => void (attempt.limits = { ...attempt.limits, issuedAt: after(-120_000, now), expiresAt: after(-60_000, now) }) },
  { check: 'proof', code: 'code_proof_invalid', spoil: (attempt) => void (attempt.limits = { ...attempt.limits, holderKey: newKey().publicKey }) },
  { check: 'proof_time', code: 'code_stale', spoil: (attempt) => void (attempt.shownAt = after(-61_000, now)) },
  { check: 'payee', code: 'code_payee_mismatch', spoil: (attempt) => void (attempt.limits = { ...attempt.limits, payees: ['acc_BBBBBBBBBBBBBBBBBBBBBB'] }) },
  { check: 'binding', code: 'code_amount_mismatch', spoil: (attempt) => void (attempt.bound = { amount: 100n }) },
  { check: 'amount', code: 'code_amount_too_large', spoil: (attempt) => void (attempt.amount = '6.00') },
  { check: 'uses', code: 'code_used', spoil: (attempt) => void attempt.before.push(acceptedBefore) },
  { check: 'revocation', code: 'code_revoked', spoil: (attempt) => void (attempt.revoke = true) },
];

/** Counter 1 of a token, as if it had been accepted here. */
async function acceptedBefore({ token }: IssuedWallet): Promise<void> {
  const [at, other] = [token.issuedAt, await openAcceptanceStore({ path: ':memory:' })];
  await other.keepTrust(issuer.trustList(at));
  const text = issuer.wallet(at, { id: token.id }).shows(1, at);
  const { accepted } = await opened({ journal: other, clock: { now: () => at } }).accept({ text, amount: eur('1.00') });
  other.close();
  await store.add(accepted!, { uses: 0, minor: 0n, hasCounter: false });
}

async function attempted(...kinds: readonly Spoilt[]): Promise<Decision> {
  const attempt: Attempt = { limits: {}, shownAt: now, bound: {}, by: issuer, edit: (text) => text, amount: '3.20', before: [], revoke: false };
  // The clock is moved first, as the others go by it.
  for (const { spoil } of [...kinds].sort((one, other) => Number(other.code === 'trust_list_old') - Number(one.code === 'trust_list_old'))) {
    if (attempt.shownAt.getTime() === start.getTime()) attempt.shownAt = now;
    await spoil(attempt);
  }
  const wallet = attempt.by.wallet(after(0, now), attempt.limits);
  for (const step of attempt.before) await step(wallet);
  if (attempt.revoke) issuer.revoked.push(wallet.token.id);
  await store.keepTrust(issuer.trustList(start));
  return accept(attempt.edit(wallet.shows(1, attempt.shownAt, attempt.bound)), eur(attempt.amount));
}

describe('the first check that fails is why it is refused', () => {
  test.each(spoilt)('$check: $code', async (one) => {
    const decision = await attempted(one);
    expect(failure(decision)).toEqual([one.check, one.code]);
    expect(decision.refusal!.message).toMatch(/The trust list is .* old\.$/);
    const at = acceptanceChecks.indexOf(one.check);
    for (const { check, outcome } of decision.checks) {
      const place = acceptanceChecks.indexOf(check);
      expect([check, outcome]).toEqual([check, place < at ? 'passed' : place === at ? 'failed' : 'not_reached']);
    }
    expect(store.unsettled(10).filter(({ receipt }) => receipt.amount.minor === 320n)).toEqual([]);
  });

  const pairs = spoilt.flatMap((first, index) => spoilt.slice(index + 1).map((second) => ({ first, second, name: `${first.check} before ${second.check}` })));
  test.each(pairs)('$name', async ({ first, second }) => {
    expect(failure(await attempted(first, second))).toEqual([first.check, first.code]);
  });
});

describe('signatures', () => {
  test('one over other content', async () => {
    const [mine, dearer] = [issuer.wallet(start), issuer.wallet(start, { maxTotal: 2001n })];
    const bytes = Buffer.from(mine.code(1, start));
    // 19 07d0 is 2000: the last byte of the limit is changed under the signature.
    const at = bytes.indexOf(Buffer.from([0x19, 0x07, 0xd0]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] = 0xd1;
    expect(failure(await accept(codeText(bytes)))).toEqual(['signature', 'code_signature_invalid']);
    expect(failure(await accept(dearer.shows(1, start)))).toEqual([undefined, undefined]);
  });

  test('all keys of an id are tried, and a revoked one of them does not spoil the other', async () => {
    const list = issuer.trustList(start);
    const other = { id: issuer.trusted.id, publicKey: newKey().publicKey, revokedAt: undefined };
    await store.keepTrust({ ...list, keys: [other, ...list.keys] });
    expect(failure(await accept(issuer.wallet(start).shows(1, start)))).toEqual([undefined, undefined]);
  });

  test('what only a revoked key of an id has signed is refused as that, and no key of that id as a wrong signature', async () => {
    const list = issuer.trustList(start);
    const [other, thief] = [newKey(), newKey()].map(({ publicKey }) => ({ id: issuer.trusted.id, publicKey, revokedAt: undefined }));
    await store.keepTrust({ ...list, keys: [{ ...issuer.trusted, revokedAt: start }, other!] });
    expect(failure(await accept(issuer.wallet(start).shows(1, start)))).toEqual(['revocation', 'code_key_revoked']);
    await store.keepTrust({ ...list, asOf: after(1000), keys: [{ ...thief!, revokedAt: start }, other!] });
    expect(failure(await accept(issuer.wallet(start).shows(1, start)))).toEqual(['signature', 'code_signature_invalid']);
  });

  test('content that is malformed under a right signature is refused as content', async () => {
    const wallet = issuer.wallet(start);
    const signed = Buffer.from(wallet.signedToken);
    // The payload is replaced by an empty map, and signed as RFC 9052, 4.4 says.
    const header = Buffer.from('a2012704', 'hex');
    const protectedStart = signed.indexOf(header);
    const protectedBytes = signed.subarray(protectedStart, protectedStart + 4 + 1 + 8);
    const payload = Buffer.from([0xa0]);
    const structure = Buffer.concat([Buffer.from([0x84, 0x6a]), Buffer.from('Signature1'), Buffer.from([0x40 + protectedBytes.length]), protectedBytes, Buffer.from([0x40, 0x41]), payload]);
    const signature = sign(null, structure, issuer.key.privateKey);
    const token = Buffer.concat([Buffer.from([0xd2, 0x84, 0x40 + protectedBytes.length]), protectedBytes, Buffer.from([0xa0, 0x41]), payload, Buffer.from([0x58, 0x40]), signature]);
    const code = wallet.code(1, start);
    const proof = code.subarray(1 + wallet.signedToken.length);
    expect(failure(await accept(codeText(Buffer.concat([Buffer.from([0x82]), token, proof]))))).toEqual(['content', 'code_malformed']);
  });
});

describe('clocks', () => {
  test.each([[-30_000, undefined], [60_000, undefined], [-31_000, 'code_stale'], [61_000, 'code_stale']] as const)('a proof of %i ms ago: %s', async (age, code) => {
    now = after(600_000);
    expect(failure(await accept(issuer.wallet(start).shows(1, after(-age, now))))[1]).toBe(code);
  });

  test('by how much they differ is said', async () => {
    now = after(600_000);
    const wallet = issuer.wallet(start);
    expect((await accept(wallet.shows(1, after(300_000)))).refusal!.message).toContain('5min ago by this register’s clock');
    expect((await accept(wallet.shows(1, after(792_000)))).refusal!.message).toContain('3min12s ahead of this register’s');
  });

  test('one that is behind the trust list is itself wrong', async () => {
    const text = issuer.wallet(after(-7_200_000)).shows(1, after(-7_200_000));
    now = after(-7_200_000);
    const decision = await accept(text);
    expect(failure(decision)).toEqual(['trust_list', 'register_clock_wrong']);
    expect(decision.refusal!.message).toContain('2h before its trust list was written');
    now = after(-30_000);
    expect(failure(await accept(issuer.wallet(now).shows(1, now)))[1]).toBe(undefined);
  });

  test.each([[-31_000, 'code_not_yet_valid'], [-30_000, undefined], [3_630_000, undefined], [3_631_000, 'code_expired']] as const)('validity at %i ms: %s', async (ms, code) => {
    await store.keepTrust(issuer.trustList(after(-dayMs)));
    now = after(ms);
    expect(failure(await accept(issuer.wallet(start).shows(1, now)))[1]).toBe(code);
  });
});

describe('the trust list', () => {
  test('none at all', async () => {
    const empty = await openAcceptanceStore({ path: ':memory:' });
    const decision = await accept(issuer.wallet(start).shows(1, start), eur('1.00'), { journal: empty });
    expect(failure(decision)).toEqual(['trust_list', 'trust_list_missing']);
    expect(decision.refusal!.message).toContain('There is no trust list.');
    empty.close();
  });

  test('one that is getting old is worth a word', async () => {
    now = after(dayMs + 1000);
    expect(await accept(issuer.wallet(now).shows(1, now))).toMatchObject({ refusal: undefined, trustIsOld: true, trustAgeMs: dayMs + 1000 });
  });

  test('a newer one holds at once, and one that it has overtaken does not come back', async () => {
    const acceptance = opened();
    const wallet = issuer.wallet(start);
    expect(failure(await acceptance.accept({ text: wallet.shows(1, start), amount: eur('1.00') }))[1]).toBe(undefined);
    issuer.revoked.push(wallet.token.id);
    await store.keepTrust(issuer.trustList(after(1000)));
    await store.keepTrust({ ...issuer.trustList(start), revoked: [] });
    expect(failure(await acceptance.accept({ text: wallet.shows(2, start), amount: eur('1.00') }))).toEqual(['revocation', 'code_revoked']);
    expect(store.trust()?.asOf).toEqual(after(1000));
  });

  test('a server that had its clock put back is believed', async () => {
    await store.keepTrust(issuer.trustList(after(dayMs)));
    const wallet = issuer.wallet(start);
    expect(failure(await accept(wallet.shows(1, start)))[1]).toBe('register_clock_wrong');
    await store.keepTrust(issuer.trustList(after(1000)));
    expect(store.trust()?.asOf).toEqual(after(1000));
    expect(failure(await accept(wallet.shows(1, start)))[1]).toBe(undefined);
  });

  test('a revoked key kills its codes', async () => {
    issuer.keyRevokedAt = start;
    await store.keepTrust(issuer.trustList(start));
    expect(failure(await accept(issuer.wallet(start).shows(1, start)))).toEqual(['revocation', 'code_key_revoked']);
  });
});

describe('what is bound', () => {
  test('to this amount and payee', async () => {
    const wallet = issuer.wallet(start);
    expect(failure(await accept(wallet.shows(1, start, { amount: 320n, payeeId })))[1]).toBe(undefined);
    expect(failure(await accept(wallet.shows(2, start, { payeeId: 'acc_CCCCCCCCCCCCCCCCCCCCCC' })))).toEqual(['binding', 'code_payee_mismatch']);
  });

  test('a register may demand it above an amount', async () => {
    const rules = { bindAbove: eur('2.00'), trustWarnMs: dayMs, trustMaxMs: 7 * dayMs };
    const wallet = issuer.wallet(start);
    expect(failure(await accept(wallet.shows(1, start), eur('2.00'), { rules }))[1]).toBe(undefined);
    expect(failure(await accept(wallet.shows(2, start, { amount: 201n }), eur('2.01'), { rules }))).toEqual(['binding', 'code_not_bound']);
    expect(failure(await accept(wallet.shows(2, start, { amount: 201n, payeeId }), eur('2.01'), { rules }))[1]).toBe(undefined);
    await expect(accept(wallet.shows(3, start), parseAmount('3.00CHF'), { rules })).rejects.toMatchObject({ code: 'currency_mismatch' });
  });
});

describe('what was taken before', () => {
  test('all its payments together', async () => {
    const wallet = issuer.wallet(start, { maxTotal: 900n });
    expect(failure(await accept(wallet.shows(1, start), eur('5.00')))[1]).toBe(undefined);
    const refused = await accept(wallet.shows(2, start), eur('4.01'));
    expect(failure(refused)).toEqual(['amount', 'code_spent']);
    expect(refused.refusal!.message).toContain('5.00EUR of it in 1 payment');
    expect(failure(await accept(wallet.shows(2, start), eur('4.00')))[1]).toBe(undefined);
  });

  test('its uses', async () => {
    const wallet = issuer.wallet(start, { uses: 2 });
    for (const [counter, code] of [[1, undefined], [7, undefined], [8, 'code_spent']] as const) {
      expect(failure(await accept(wallet.shows(counter, start), eur('1.00')))[1]).toBe(code);
    }
  });

  test('a showing again, renewed or not, is refused with when it was accepted and for how much', async () => {
    const wallet = issuer.wallet(start);
    await accept(wallet.shows(1, start));
    now = after(30_000);
    const again = await accept(wallet.shows(1, now));
    expect(failure(again)).toEqual(['uses', 'code_used']);
    expect(again.refusal!.message).toContain('for 3.20EUR at 2026-11-30T10:00:00Z');
  });

  test('by an earlier register for the same payee', async () => {
    const earlier = await openAcceptanceStore({ path: ':memory:' });
    await earlier.keepTrust(issuer.trustList(start));
    const wallet = issuer.wallet(start, { uses: 3, maxTotal: 900n });
    const order = { text: wallet.shows(1, start), amount: eur('3.20'), key: 'k1' };
    const before = await opened({ journal: earlier }).accept(order);
    const parts = { earlier: [earlier] };
    const again = await accept(order.text, eur('3.20'), parts);
    expect(failure(again)).toEqual(['uses', 'code_used']);
    expect(again.refusal!.message).toContain('for 3.20EUR at 2026-11-30T10:00:00Z');
    expect((await opened(parts).accept(order)).accepted?.receipt).toEqual(before.accepted!.receipt);
    expect(failure(await accept(wallet.shows(2, start), eur('5.00'), parts))[1]).toBe(undefined);
    expect(failure(await accept(wallet.shows(3, start), eur('0.81'), parts))).toEqual(['amount', 'code_spent']);
    expect(failure(await accept(wallet.shows(3, start), eur('0.70'), parts))[1]).toBe(undefined);
    expect(failure(await accept(wallet.shows(4, start), eur('0.10'), parts))).toEqual(['uses', 'code_spent']);
    earlier.close();
  });

  test('another currency', async () => {
    expect(failure(await accept(issuer.wallet(start).shows(1, start), parseAmount('3.20CHF')))).toEqual(['amount', 'currency_mismatch']);
    const swiss = issuer.wallet(start, { currency: 'CHF' }).shows(1, start);
    expect(failure(await accept(swiss, parseAmount('3.20CHF'), { register: { ...register, currency: 'EUR' } }))).toEqual(['amount', 'currency_mismatch']);
    expect(failure(await accept(swiss, parseAmount('3.20CHF'), { register: { ...register, currency: 'CHF' } }))[1]).toBe(undefined);
  });
});

test('the same key has the same answer, and another order under it none', async () => {
  const wallet = issuer.wallet(start);
  const order = { text: wallet.shows(1, start), amount: eur('3.20'), key: 'k1' };
  const first = await opened().accept(order);
  const again = await opened().accept(order);
  expect(Buffer.from(again.accepted!.signedReceipt)).toEqual(Buffer.from(first.accepted!.signedReceipt));
  expect(again.refusal).toBe(undefined);
  expect(store.waiting().count).toBe(1);
  await expect(opened().accept({ ...order, amount: eur('3.21') })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  for (const text of [wallet.shows(2, start), 'https://example.org', '']) {
    await expect(opened().accept({ ...order, text })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  }
});

test('a guard has the last word before the journal', async () => {
  const asked: unknown[] = [];
  const guard: AcceptanceContext['guard'] = async (service) => {
    asked.push(service.amount.minor);
    if (service.amount.minor > 300n) throw new LatchkeyError('forbidden', 'Not at this counter.');
  };
  const wallet = issuer.wallet(start);
  expect(failure(await accept(wallet.shows(1, start), eur('3.01'), { guard }))).toEqual(['security_check', 'forbidden']);
  expect(store.waiting().count).toBe(0);
  const fine = await accept(wallet.shows(1, start), eur('3.00'), { guard });
  expect(fine.checks.find(({ check }) => check === 'security_check')).toEqual({ check: 'security_check', outcome: 'passed' });
  expect(asked).toEqual([301n, 300n]);
});

test('what is not ours is refused, however long it is', async () => {
  for (const text of ['', 'LK1:', 'https://example.org', 'LK1:lower', `LK1:${'A'.repeat(10_000_000)}`, randomBytes(300).toString('latin1')]) {
    expect(failure(await accept(text))).toEqual(['structure', 'code_malformed']);
  }
});
