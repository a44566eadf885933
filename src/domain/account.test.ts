import { expect, test } from 'vitest';
import { parseAccountName, parseAccountReference, parseCardReference, requirePayable, type Account } from './account.ts';
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
});

test('an id names an account, but no account is called like one', () => {
  expect(parseAccountReference('acc_1')).toBe('acc_1');
  expect(codeOf(() => parseAccountName('acc_1'))).toBe('invalid_input');
});

test.each([parseAccountName, parseAccountReference, parseCardReference])('%o takes no number of a card, and digits that are none', (parse) => {
  for (const number of ['4111111111111111', '4111 1111 1111 1111', '3782-822463-10005']) {
    expect(codeOf(() => parse(number))).toBe('card_number_refused');
  }
  expect(parse('4111111111111112')).toBe('4111111111111112');
  expect(codeOf(() => parse(''))).toBe('invalid_input');
});
