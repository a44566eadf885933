import { parseCurrency } from './currency.ts';
import { parseDescription } from './device.ts';
import { LatchkeyError } from './errors.ts';
import { amountText, parseAmount, sameCurrency, type Amount } from './money.ts';
import { quoted } from './shown-text.ts';

/**
 * `customer` is somebody's money here. Of the others each currency has one: `outside` is everything that is not here,
 * `codes` the payee of what credit payment codes hold, to which nothing is ever posted, and `losses` what the operator
 * bears of codes that were overspent.
 */
export const accountKinds = ['customer', 'outside', 'codes', 'losses'] as const;
export type AccountKind = (typeof accountKinds)[number];

/** Money of one currency. All accounts of a currency together are 0. */
export interface Account {
  readonly id: string;
  readonly kind: AccountKind;
  /** Of those that are open, no two have the same. */
  readonly name: string;
  readonly currency: string;
  /** What a card's issuer or processor calls the card; never its number. */
  readonly cardReference: string | undefined;
  /** Minor units. Below 0 only for `outside` and `losses`, and as far as there is credit. */
  readonly balance: bigint;
  /** Of balance and credit, what payments hold. */
  readonly held: bigint;
  /** How far the balance may go below 0, in minor units. */
  readonly credit: bigint;
  /** Since then it is issued no credit payment codes: one came to more than it allows, or a counter was signed for two showings. */
  readonly suspendedAt: Date | undefined;
  readonly openedAt: Date;
  readonly closedAt: Date | undefined;
}

/** What somebody who pays to it learns of an account. */
export type Payee = Pick<Account, 'id' | 'name' | 'currency'>;

/** What the account can pay, in minor units. */
export function available({ balance, held, credit }: Pick<Account, 'balance' | 'held' | 'credit'>): bigint {
  return balance + credit - held;
}

/** Of its credit, what its payments and what they hold draw on, in minor units. */
export function creditInUse({ balance, held }: Pick<Account, 'balance' | 'held'>): bigint {
  return held > balance ? held - balance : 0n;
}

/** Errors: `account_closed`, `currency_mismatch`, `insufficient_funds`; `account_not_found` for what is nobody’s. */
export function requirePayable(account: Account, amount: Amount): void {
  if (account.kind !== 'customer') {
    throw new LatchkeyError('account_not_found', `There is no account ${account.name}.`);
  }
  if (account.closedAt !== undefined) {
    throw new LatchkeyError('account_closed', `Account ${account.name} is closed.`);
  }
  sameCurrency(amount, account);
  if (available(account) < amount.minor) {
    throw new LatchkeyError('insufficient_funds');
  }
}

/** What it would be with another credit. Errors: as `requirePayable`, `credit_in_use`. */
export function withCredit(account: Account, credit: Amount): Account {
  requirePayable(account, { ...credit, minor: 0n });
  if (creditInUse(account) > credit.minor) {
    throw creditTooLow(account);
  }
  return { ...account, credit: credit.minor };
}

export function creditTooLow(account: Pick<Account, 'name' | 'currency' | 'balance' | 'held'>, cause?: LatchkeyError): LatchkeyError {
  const used = amountText({ minor: creditInUse(account), currency: account.currency });
  return new LatchkeyError('credit_in_use', `Account ${account.name} uses ${used} of its credit, with what is held.`, { cause });
}

/**
 * The credit of an account, such as `50.00EUR`; nothing, too.
 * Errors: `amount_malformed`, `amount_too_fine`, `amount_too_large`, `currency_unknown`, `amount_not_positive` below nothing.
 */
export function parseCredit(text: string): Amount {
  const [, currency] = /^0+(?:\.0+)? ?([A-Z]{3})$/.exec(text) ?? [];
  if (currency !== undefined) {
    return { minor: 0n, currency: parseCurrency(currency) };
  }
  try {
    return parseAmount(text);
  } catch (error) {
    throw error instanceof LatchkeyError && error.code === 'amount_not_positive' ? new LatchkeyError(error.code, 'A credit is not below nothing.', { hint: 'Give 0 for none, with its currency, or more.', cause: error }) : error;
  }
}

/** What an account is called by: its id, its name or its card reference. Errors: `invalid_input`, `card_number_refused`. */
export function parseAccountReference(text: string): string {
  return notCardNumber(parseDescription(text, 'name of an account'));
}

/** Errors: `invalid_input`, `card_number_refused`. */
export function parseAccountName(text: string): string {
  const name = parseDescription(text, 'name of an account');
  if (/^(acc|out|codes|losses)_/.test(name)) {
    throw new LatchkeyError('invalid_input', `${quoted(name)} could be taken for an account’s id.`);
  }
  return notCardNumber(name);
}

/** 1 to 64 characters that name a card and are not its number. Errors: `invalid_input`, `card_number_refused`. */
export function parseCardReference(text: string): string {
  return notCardNumber(parseDescription(text, 'card reference'));
}

function notCardNumber(text: string): string {
  const digits = text.replace(/[ ./_-]/g, '');
  if (/^\d{12,19}$/.test(digits) && passesLuhn(digits)) {
    throw new LatchkeyError('card_number_refused');
  }
  return text;
}

/** The check digit of card numbers (ISO/IEC 7812-1, annex B). */
function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Why an account cannot be closed that money is on, or owed on. */
export function notEmpty({ name, kind, balance, held, currency }: Account): LatchkeyError {
  if (kind !== 'customer') {
    return new LatchkeyError('account_not_empty', `${name} is the ledger’s own, and stays open.`);
  }
  const inWords = (minor: bigint) => amountText({ minor, currency });
  const what = held > 0n ? `${inWords(held)} of it is held` : balance < 0n ? `${inWords(-balance)} is owed on it` : `${inWords(balance)} is on it`;
  return new LatchkeyError('account_not_empty', `Account ${name} is not empty: ${what}.`);
}
