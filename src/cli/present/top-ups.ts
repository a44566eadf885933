import { accountSchema } from '../../api/accounts.ts';
import { object, type Static } from '../../api/schema.ts';
import { openTopUpSchema, type OpenTopUpWire, type TopUpWire } from '../../api/top-ups.ts';
import { actorForPeople } from '../../domain/token.ts';
import { hidden } from './grants.ts';
import { moneyForPeople } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

/** The account as it is now, and what comes into it; nothing does under --dry-run. */
export const toppedUpSchema = object('ToppedUp', { account: accountSchema }, { topup: openTopUpSchema });
export type ToppedUpWire = Static<typeof toppedUpSchema>;

export function presentToppedUp({ account, topup }: ToppedUpWire, reveal: boolean, screen: Screen): string {
  const { account_id, name, balance, currency } = account;
  return details(
    [
      ...(topup === undefined ? [] : topUpEntries(topup, reveal)),
      ['account', account_id],
      ['name', name],
      ['balance', moneyForPeople({ minor: balance, currency })],
    ],
    screen,
  );
}

export function presentTopUps(page: PageWire<TopUpWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No top-ups.';
  }
  const text = table(
    page.items,
    [
      { title: 'TOP-UP', cell: ({ topup_id }) => topup_id },
      { title: 'STATE', cell: stateForPeople },
      { title: 'AMOUNT', right: true, cell: ({ amount }) => moneyForPeople(amount) },
      { title: 'ACCOUNT', cell: ({ account_id }) => account_id },
      { title: 'PROVIDER', cell: ({ provider }) => provider },
      { title: 'ITS NAME', cell: referenceOf },
      { title: 'BEGUN', cell: ({ at }) => localTime(at) },
      { title: 'ENDED', cell: ({ ended_at }) => ended_at && localTime(ended_at) },
      { title: 'REASON', cell: ({ reason }) => reason },
      { title: 'MEMO', cell: ({ memo }) => memo },
      { title: 'BY', cell: ({ actor }) => actorForPeople(actor) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

type Entry = readonly [title: string, value: string | undefined];

function topUpEntries(topUp: OpenTopUpWire, reveal: boolean): Entry[] {
  const { topup_id, amount, provider, posting_id, client_secret, memo, at, ended_at, reason } = topUp;
  return [
    ['top-up', topup_id],
    ['state', stateForPeople(topUp)],
    ['amount', moneyForPeople(amount)],
    ['provider', provider],
    ['its name', referenceOf(topUp)],
    ['client secret', client_secret === undefined || reveal ? client_secret : hidden],
    ['posting', posting_id],
    ['memo', memo],
    ['begun', localTime(at)],
    ['ended', ended_at && localTime(ended_at)],
    ['reason', reason],
  ];
}

function stateForPeople({ state }: TopUpWire): string {
  return state === 'refund_due' ? 'refund due: give it back at the provider' : state;
}

/** The ledger has no other name for it. */
function referenceOf({ provider, reference }: TopUpWire): string | undefined {
  return provider === 'ledger' ? undefined : reference;
}
