import { accountSchema, postingSchema, type AccountWire, type PostingWire, type StatementLineWire, type UnlockedWire } from '../../api/accounts.ts';
import { object, type Static } from '../../api/schema.ts';
import { actorForPeople } from '../../domain/token.ts';
import { moneyForPeople, someMoney } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

/** The account as it is now, and what was posted; nothing was under --dry-run. */
export const payoutSchema = object('Payout', { account: accountSchema }, { posting: postingSchema });
export type PayoutWire = Static<typeof payoutSchema>;

export function presentAccounts(page: PageWire<AccountWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No accounts.';
  }
  const text = table(
    page.items,
    [
      { title: 'ACCOUNT', cell: ({ account_id }) => account_id },
      { title: 'NAME', cell: nameOf },
      { title: 'BALANCE', right: true, cell: balance },
      { title: 'HELD', right: true, cell: held },
      { title: 'CREDIT', right: true, cell: credit },
      { title: 'CARD', cell: ({ card_reference }) => card_reference },
      { title: 'SUSPENDED', cell: ({ suspended_at }) => suspended_at && localTime(suspended_at) },
      { title: 'OPENED', cell: ({ opened_at }) => localTime(opened_at) },
      { title: 'CLOSED', cell: ({ closed_at }) => closed_at && localTime(closed_at) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentAccount(account: AccountWire, screen: Screen): string {
  return details(accountEntries(account), screen);
}

export function presentUnlocked({ unlocked_terminals: terminals, ...account }: UnlockedWire, screen: Screen): string {
  const unlocked = terminals === 0 ? 'no terminal had to wait' : `${terminals} ${terminals === 1 ? 'terminal' : 'terminals'}, which may pay again at once`;
  return details([['unlocked', unlocked], ...accountEntries(account)], screen);
}

export function presentPayout({ account, posting }: PayoutWire, screen: Screen): string {
  return details([...(posting === undefined ? [] : postingEntries(posting)), ...accountEntries(account)], screen);
}

export function presentStatement(page: PageWire<StatementLineWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No postings.';
  }
  const text = table(
    page.items,
    [
      { title: 'TIME', cell: ({ posting }) => localTime(posting.at) },
      { title: 'KIND', cell: ({ posting }) => posting.kind },
      { title: 'CHANGE', right: true, cell: change },
      { title: 'BALANCE', right: true, cell: ({ balance: minor, posting }) => moneyForPeople({ minor, currency: posting.amount.currency }) },
      { title: 'OTHER ACCOUNT', cell: ({ change: minor, posting }) => (minor.startsWith('-') ? posting.credit_id : posting.debit_id) },
      { title: 'PAYMENT', cell: ({ posting }) => posting.payment_id },
      { title: 'MEMO', cell: ({ posting }) => posting.memo },
      { title: 'BY', cell: ({ posting }) => actorForPeople(posting.actor) },
      { title: 'POSTING', cell: ({ posting }) => posting.posting_id },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

type Entry = readonly [title: string, value: string | undefined];

function postingEntries({ posting_id, at, kind, amount, memo }: PostingWire): Entry[] {
  return [
    ['posting', posting_id],
    [kind, moneyForPeople(amount)],
    ['time', localTime(at)],
    ['memo', memo],
  ];
}

function accountEntries(account: AccountWire): Entry[] {
  const { account_id, currency, card_reference, opened_at, closed_at, suspended_at } = account;
  return [
    ['account', account_id],
    ['name', nameOf(account)],
    ['balance', balance(account)],
    ['held', held(account)],
    ['credit', credit(account)],
    ['available', account.held === '0' && account.credit === '0' ? undefined : moneyForPeople({ minor: (BigInt(account.balance) + BigInt(account.credit) - BigInt(account.held)).toString(), currency })],
    ['suspended', suspended_at && `since ${localTime(suspended_at)}: it is issued no codes`],
    ['card', card_reference],
    ['opened', localTime(opened_at)],
    ['closed', closed_at && localTime(closed_at)],
  ];
}

function nameOf({ name, kind }: AccountWire): string {
  return kind === 'customer' ? name : `(${kind})`;
}

function credit({ credit: minor, currency }: AccountWire): string | undefined {
  return someMoney({ minor, currency });
}

function balance({ balance: minor, currency }: AccountWire): string {
  return moneyForPeople({ minor, currency });
}

function held({ held: minor, currency }: AccountWire): string | undefined {
  return someMoney({ minor, currency });
}

function change({ change: minor, posting }: StatementLineWire): string {
  return `${minor.startsWith('-') ? '' : '+'}${moneyForPeople({ minor, currency: posting.amount.currency })}`;
}
