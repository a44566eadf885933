import type { Account } from '../domain/account.ts';
import { decimalsOf } from '../domain/currency.ts';
import { decimalText, type Amount } from '../domain/money.ts';
import type { Posting } from '../domain/posting.ts';
import { shown } from '../domain/shown-text.ts';

/**
 * The ledger as a journal that hledger reads (hledger manual, "Journal"). What is on accounts is owed to somebody: a
 * liability, and credit, which hledger writes with a minus sign; what is outside is an asset, what the operator bears an
 * expense. Days are those of UTC.
 */
export class HledgerJournal {
  readonly #currencies = new Set<string>();

  begin(): string {
    return 'decimal-mark .\n';
  }

  /** With what its currency looks like before the first of it. */
  transaction({ id, at, kind, debitId, creditId, amount, paymentId, memo, actor }: Posting): string {
    const time = at.toISOString();
    const tags = [`at:${time}`, ...(paymentId === undefined ? [] : [`payment:${paymentId}`]), `actor:${tagValue(actor)}`];
    const description = memo === undefined ? kind : `${kind} | ${note(memo)}`;
    return [
      ...this.#commodity(amount.currency),
      '',
      `${time.slice(0, 10)} (${id}) ${description}`,
      `    ; ${tags.join(', ')}`,
      `    ${accountName(debitId)}  ${amountOf(amount)}`,
      `    ${accountName(creditId)}  ${amountOf({ ...amount, minor: -amount.minor })}`,
      '',
    ].join('\n');
  }

  #commodity(currency: string): string[] {
    if (this.#currencies.has(currency)) {
      return [];
    }
    this.#currencies.add(currency);
    // The point tells hledger that this is the decimal mark, also where no decimals follow.
    return ['', `commodity 1000.${'0'.repeat(decimalsOf(currency))} ${currency}`];
  }
}

/** Declares an account, with the name that people know it by. */
export function hledgerAccount({ id, kind, name }: Pick<Account, 'id' | 'kind' | 'name'>): string {
  return `account ${accountName(id)}${kind === 'outside' || kind === 'losses' ? '' : `  ; name:${tagValue(name)}`}\n`;
}

function accountName(id: string): string {
  const [, kind, currency] = /^(out|losses)_(.*)$/.exec(id) ?? [];
  return kind === undefined ? `liabilities:accounts:${id}` : kind === 'out' ? `assets:outside:${currency}` : `expenses:losses:${currency}`;
}

function amountOf(amount: Amount): string {
  return `${decimalText(amount)} ${amount.currency}`;
}

/** In a description, where a semicolon would begin a comment. */
function note(text: string): string {
  return shown(text).replaceAll(';', '\\x3b');
}

/** In a comment, where a comma would end the value, and what follows could be a tag of its own, with a meaning. */
function tagValue(text: string): string {
  return shown(text).replaceAll(',', '\\x2c');
}
