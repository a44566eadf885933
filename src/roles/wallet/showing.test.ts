import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import type { Settlement } from '../codes/ports.ts';
import { codeState, correctionBy, isShowingOver, nextShowing, roomOf, showingToTakeBack, type CodeHistory, type Showing } from './showing.ts';

const issuedAt = new Date('2026-11-30T10:00:00.000Z');
const at = new Date('2026-11-30T12:00:00.000Z');
const token: CreditToken = {
  id: 'code_nN4i0m0pR8mM9m6lq2c6Dw',
  issuer: 'here',
  holderKey: new Uint8Array(32),
  currency: 'EUR',
  maxEach: 500n,
  maxTotal: 2000n,
  uses: 5,
  payees: ['acc_cafe', 'acc_kiosk'],
  issuedAt,
  expiresAt: new Date('2026-12-01T10:00:00.000Z'),
};
const fresh: CodeHistory = { payees: [], showings: [], revokedAt: undefined };
const showing = (counter: number, more: Partial<Showing> = {}): Showing => ({ counter, at, amount: undefined, payeeId: undefined, takenBackAt: undefined, settled: undefined, ...more });
const shown = (...showings: Showing[]): CodeHistory => ({ ...fresh, showings });
const settlement = (counter: number, minor: bigint, outcome: Settlement['outcome'] = 'settled'): Settlement => ({
  id: `receipt-${counter}`,
  receipt: { registerId: 'reg_1', payeeId: 'acc_cafe', tokenId: token.id, counter, amount: { minor, currency: 'EUR' }, at, trustAsOf: at, codeHash: new Uint8Array(32) },
  outcome,
  reason: undefined,
  at,
  postingId: 'pst_1',
});

function refusal(work: () => unknown): LatchkeyError {
  try {
    work();
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
  }
  throw new Error('It was not refused.');
}

test('a showing counts as a use of what it bound, else of the largest amount, until it is taken back or settled', () => {
  expect(roomOf(token, shown())).toEqual({ uses: 5, amount: 2000n });
  expect(roomOf(token, shown(showing(1)))).toEqual({ uses: 4, amount: 1500n });
  expect(roomOf(token, shown(showing(1), showing(2, { amount: 320n })))).toEqual({ uses: 3, amount: 1180n });
  expect(roomOf(token, shown(showing(1, { takenBackAt: at })))).toEqual({ uses: 5, amount: 2000n });
  expect(roomOf(token, shown(showing(1, { settled: 120n })))).toEqual({ uses: 4, amount: 1880n });
  expect(roomOf(token, shown(showing(1, { takenBackAt: at, settled: 120n })))).toEqual({ uses: 4, amount: 1880n });
});

test('each showing has the next counter, and what was taken back keeps its own', () => {
  expect(nextShowing(token, fresh, {}, at)).toEqual({ counter: 1, at, amount: undefined, payeeId: undefined });
  expect(nextShowing(token, shown(showing(1), showing(2, { takenBackAt: at })), { amount: parseAmount('3.20EUR'), payeeId: 'acc_cafe' }, at)).toEqual({
    counter: 3,
    at,
    amount: 320n,
    payeeId: 'acc_cafe',
  });
  expect(nextShowing(token, shown(showing(7, { settled: 1n })), {}, at).counter).toBe(8);
});

test('nothing is shown beyond the limits, and what still fits is named', () => {
  const spent = shown(...[1, 2, 3].map((counter) => showing(counter)), showing(4, { amount: 200n }));
  const { code, message, hint } = refusal(() => nextShowing(token, spent, {}, at));
  expect({ code, message, hint }).toEqual({
    code: 'code_used_up',
    message: 'Of this code 3.00EUR is left, and one payment may take 5.00EUR.',
    hint: 'Bind a smaller amount: --amount 3.00EUR or less.',
  });
  expect(nextShowing(token, spent, { amount: parseAmount('3.00EUR') }, at).counter).toBe(5);
  expect(refusal(() => nextShowing(token, spent, { amount: parseAmount('3.01EUR') }, at)).code).toBe('code_used_up');
  const all = shown(...[1, 2, 3, 4, 5].map((counter) => showing(counter, { settled: 1n })));
  expect(refusal(() => nextShowing(token, all, { amount: parseAmount('0.01EUR') }, at))).toMatchObject({ code: 'code_used_up', message: 'All 5 uses of this code were shown.' });
  const single = { ...token, uses: 1 };
  expect(refusal(() => nextShowing(single, shown(showing(1)), {}, at)).message).toBe('The only use of this code was shown.');
});

test('what no register may take is not shown', () => {
  const refused = (wanted: Parameters<typeof nextShowing>[2]) => refusal(() => nextShowing(token, fresh, wanted, at)).code;
  expect(refused({ amount: parseAmount('5.01EUR') })).toBe('code_amount_too_large');
  expect(refused({ amount: parseAmount('1.00CHF') })).toBe('currency_mismatch');
  expect(refused({ payeeId: 'acc_other' })).toBe('code_payee_mismatch');
  expect(nextShowing({ ...token, payees: undefined }, fresh, { payeeId: 'acc_other' }, at).payeeId).toBe('acc_other');
});

test('by the terminal’s clock it is valid from 30 seconds before its issue to its end, and refusals name that clock', () => {
  const refused = (now: string) => refusal(() => nextShowing(token, fresh, {}, new Date(now)));
  expect(refused('2026-12-01T10:00:00.000Z')).toMatchObject({
    code: 'code_over',
    message: 'This code was valid until 2026-12-01T10:00:00.000Z; this terminal’s clock says 2026-12-01T10:00:00.000Z.',
  });
  expect(refused('2026-11-30T09:59:29.999Z')).toMatchObject({
    code: 'code_not_yet_valid',
    message: 'This code was issued on 2026-11-30T10:00:00.000Z; this terminal’s clock says 2026-11-30T09:59:29.999Z.',
  });
  expect(nextShowing(token, fresh, {}, new Date('2026-11-30T09:59:30.000Z')).counter).toBe(1);
  expect(refusal(() => nextShowing(token, { ...fresh, revokedAt: at }, {}, at)).code).toBe('code_over');
});

test.each([[899_999, false], [900_000, true], [-30_000, false], [-30_001, true]])('a showing that by its clock began %i ms ago is over: %j', (ms, isOver) => {
  expect(isShowingOver(token, { at }, new Date(at.getTime() + ms))).toBe(isOver);
});

test('no showing lasts longer than its code', () => {
  const begun = new Date(token.expiresAt.getTime() - 1000);
  expect([isShowingOver(token, { at: begun }, begun), isShowingOver(token, { at: begun }, token.expiresAt)]).toEqual([false, true]);
});

test('a code says what it is good for', () => {
  expect(codeState(token, fresh, at)).toBe('usable');
  expect(codeState(token, shown(...[1, 2, 3, 4].map((counter) => showing(counter))), at)).toBe('used_up');
  expect(codeState(token, fresh, token.expiresAt)).toBe('expired');
  expect(codeState(token, { ...fresh, revokedAt: at }, token.expiresAt)).toBe('revoked');
});

test('the server’s settlements correct what is not known yet, and only what was settled', () => {
  const history = shown(showing(1, { settled: 100n }), showing(2, { takenBackAt: at }));
  const settlements = [settlement(1, 100n), settlement(2, 320n), settlement(3, 50n), settlement(4, 500n, 'over_limit'), settlement(1, 100n, 'duplicate')];
  expect(correctionBy({ settlements, revokedAt: at }, history)).toEqual({
    settled: [{ counter: 2, amount: 320n, at }, { counter: 3, amount: 50n, at }],
    revokedAt: at,
  });
  expect(correctionBy({ settlements: [], revokedAt: at }, { ...history, revokedAt: issuedAt }).revokedAt).toBeUndefined();
});

test('what was paid is not taken back, nor what was never shown', () => {
  const history = shown(showing(1), showing(2, { settled: 320n }));
  expect(showingToTakeBack(history, 1, 'EUR')).toEqual(showing(1));
  expect(refusal(() => showingToTakeBack(history, 2, 'EUR'))).toMatchObject({ code: 'showing_paid', message: 'It was accepted: 3.20EUR was paid.' });
  expect(refusal(() => showingToTakeBack(history, 3, 'EUR')).code).toBe('code_not_found');
});

test('who takes back only what was not accepted never overruns, whenever the settlements come', () => {
  const step = fc.record({
    bound: fc.option(fc.bigInt(1n, 600n), { nil: undefined }),
    /** Of what the showing allows; undefined: not accepted. */
    taken: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    takesBack: fc.boolean(),
    hearsOfSettlements: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.bigInt(1n, 3000n), fc.integer({ min: 1, max: 8 }), (steps, maxTotal, uses) => {
      const limits = { ...token, maxTotal, maxEach: maxTotal < 500n ? maxTotal : 500n, uses };
      let showings: Showing[] = [];
      const accepted = new Map<number, bigint>();
      for (const { bound, taken, takesBack, hearsOfSettlements } of steps) {
        try {
          const next = nextShowing(limits, shown(...showings), bound === undefined ? {} : { amount: { minor: bound, currency: 'EUR' } }, at);
          expect(showings.map(({ counter }) => counter)).not.toContain(next.counter);
          const most = next.amount ?? limits.maxEach;
          const amount = taken === undefined ? undefined : next.amount ?? (BigInt(Math.floor(taken * Number(most))) || 1n);
          if (amount !== undefined) accepted.set(next.counter, amount);
          showings.push({ ...next, settled: undefined, takenBackAt: amount === undefined && takesBack ? at : undefined });
        } catch (error) {
          if (!(error instanceof LatchkeyError)) throw error;
        }
        if (hearsOfSettlements) {
          showings = showings.map((each) => ({ ...each, settled: accepted.get(each.counter) }));
        }
      }
      const total = [...accepted.values()].reduce((sum, amount) => sum + amount, 0n);
      expect({ total: total <= maxTotal, uses: accepted.size <= uses }).toEqual({ total: true, uses: true });
    }),
  );
});
