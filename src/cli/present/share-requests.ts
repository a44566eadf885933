import type { ShareRequestWire } from '../../api/share-requests.ts';
import { moneyForPeople, someMoney } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

/** What is bought, and for how much. */
export function purchaseInWords({ kind, quantity, fee }: ShareRequestWire): string {
  return `${kind === 'increase' ? 'another ' : ''}${quantity} for ${someMoney(fee) ?? 'nothing'}`;
}

export function presentShareRequest(request: ShareRequestWire, screen: Screen): string {
  const { fee, returned, owed } = request;
  const part = (minor: string) => someMoney({ minor, currency: fee.currency });
  return details(
    [
      ['request', request.request_id],
      ['state', request.state],
      ['buys', purchaseInWords(request)],
      ['network', request.network_id],
      ['offer', request.offer_id],
      ['guest', request.guest.account_id],
      ['grant', request.grant_id],
      ['made', localTime(request.created_at)],
      ['due', request.due_at && localTime(request.due_at)],
      ['paid', request.paid_at && localTime(request.paid_at)],
      ['ended', request.ended_at && localTime(request.ended_at)],
      ['reason', request.reason],
      ['went back', part(returned)],
      ['still owed', part(owed)],
    ],
    screen,
  );
}

export function presentShareRequests(page: PageWire<ShareRequestWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No requests.';
  }
  const text = table(
    page.items,
    [
      { title: 'REQUEST', cell: ({ request_id }) => request_id },
      { title: 'STATE', cell: ({ state }) => state },
      { title: 'BUYS', cell: ({ kind, quantity }) => (kind === 'increase' ? `+${quantity}` : quantity) },
      { title: 'PAYS', cell: ({ fee }) => moneyForPeople(fee), right: true },
      { title: 'GUEST', cell: ({ guest }) => guest.account_id },
      { title: 'DUE', cell: ({ due_at: dueAt }) => (dueAt === undefined ? '' : localTime(dueAt)) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}
