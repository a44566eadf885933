import { expect, test } from 'vitest';
import { creditInUse, notEmpty, parseAccountName, parseAccountReference, parseCardReference, parseCredit, requirePayable, withCredit, type Account } from './account.ts';
import { LatchkeyError, type ErrorCode } from './errors.ts';
import { parseAmount } from './money.ts';

const account: Account = {
  id: 'acc_1', kind: 'customer', name: 'Anna', currency: 'EUR', cardReference: undefined, balance: 500n, held: 200n, credit: 0n, suspendedAt: undefined, openedAt: new Date(0), closedAt: undefined,
};

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as LatchkeyError).code;
  }
}

test('what is held cannot be paid, and nothing from what is closed, of another currency or nobody’s', () => {
  const payable = (of: Partial<Account>, amount: string) => codeOf(() => requirePayable({ ...account, ...of }, parseAmount(amount)));
  expect(payable({}, '3.00EUR')).toBeUndefined();
  expect(payable({}, '3.01EUR')).toBe('insufficient_funds');
  expect(payable({}, '1JPY')).toBe('currency_mismatch');
  expect(payable({ closedAt: new Date(0) }, '1.00EUR')).toBe('account_closed');
  expect(payable({ kind: 'outside' }, '1.00EUR')).toBe('account_not_found');
  expect(payable({ kind: 'codes' }, '1.00EUR')).toBe('account_not_found');
  expect(payable({ credit: 100n }, '4.00EUR')).toBeUndefined();
  expect(payable({ credit: 100n }, '4.01EUR')).toBe('insufficient_funds');
});

test('of credit is used what goes below nothing, with what is held', () => {
  expect([creditInUse({ balance: 500n, held: 500n }), creditInUse({ balance: 500n, held: 501n }), creditInUse({ balance: -20n, held: 30n })]).toEqual([0n, 1n, 50n]);
});

test('credit is not lower than what is used of it, and of the account’s currency', () => {
  const used = { ...account, balance: -2000n, held: 500n, credit: 3000n };
  expect(withCredit(used, parseAmount('25.00EUR'))).toEqual({ ...used, credit: 2500n });
  expect(withCredit(account, parseCredit('0EUR')).credit).toBe(0n);
  expect(codeOf(() => withCredit(used, parseAmount('24.99EUR')))).toBe('credit_in_use');
  expect(codeOf(() => withCredit(account, parseAmount('1JPY')))).toBe('currency_mismatch');
  expect(codeOf(() => withCredit({ ...account, closedAt: new Date(0) }, parseAmount('1.00EUR')))).toBe('account_closed');
});

test('credit is an amount, or nothing', () => {
  expect([parseCredit('0EUR'), parseCredit('0.00 EUR'), parseCredit('12.50EUR')].map(({ minor }) => minor)).toEqual([0n, 0n, 1250n]);
  expect(codeOf(() => parseCredit('0EURO'))).toBe('amount_malformed');
  expect(codeOf(() => parseCredit('0XXQ'))).toBe('currency_unknown');
  expect(() => parseCredit('-1EUR')).toThrow(expect.objectContaining({ code: 'amount_not_positive', message: 'A credit is not below nothing.', hint: expect.stringContaining('0 for none') as string }));
});

test('an account that cannot be closed says why', () => {
  const messages = [{ held: 200n }, { held: 0n }, { held: 0n, balance: -500n }, { kind: 'codes' as const }].map((of) => notEmpty({ ...account, ...of }).message);
  expect(messages).toEqual([
    'Account Anna is not empty: 2.00EUR of it is held.', 'Account Anna is not empty: 5.00EUR is on it.', 'Account Anna is not empty: 5.00EUR is owed on it.', 'Anna is the ledger’s own, and stays open.',
  ]);
});

test('an id names an account, but no account is called like one', () => {
  expect(parseAccountReference('acc_1')).toBe('acc_1');
  for (const id of ['acc_1', 'out_EUR', 'codes_EUR', 'losses_EUR']) expect(codeOf(() => parseAccountName(id))).toBe('invalid_input');
});

test.each([parseAccountName, parseAccountReference, parseCardReference])('%o takes no number of a card, and digits that are none', (parse) => {
  for (const number of ['4111111111111111', '4111 1111 1111 1111', '3782-822463-10005']) {
    expect(codeOf(() => parse(number))).toBe('card_number_refused');
  }
  expect(parse('4111111111111112')).toBe('4111111111111112');
  expect(codeOf(() => parse(''))).toBe('invalid_input');
});
