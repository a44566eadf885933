import type { PaymentWire } from '../../api/payments.ts';
import { moneyForPeople, someMoney } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { idInShort } from './subjects.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

export function presentPayments(page: PageWire<PaymentWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No payments.';
  }
  const text = table(
    page.items,
    [
      { title: 'PAYMENT', cell: ({ payment_id }) => payment_id },
      { title: 'STATE', cell: (payment) => sentence(payment.state, ['until', heldUntil(payment)], [':', payment.reason]) },
      { title: 'AMOUNT', cell: (payment) => sentence(moneyForPeople(payment.amount), [', taken', taken(payment)], [', refunded', refunded(payment)]) },
      { title: 'WHAT', cell: ({ account_id: from, payee_id: to, memo }) => sentence(`${idInShort(from)} to ${idInShort(to)}`, [':', memo]) },
      { title: 'TIME', cell: ({ at }) => localTime(at) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentPayment(payment: PaymentWire, screen: Screen): string {
  return details(
    [
      ['payment', payment.payment_id],
      ['state', payment.state],
      ['amount', moneyForPeople(payment.amount)],
      ['taken', taken(payment)],
      ['refunded', refunded(payment)],
      ['from', payment.account_id],
      ['to', payment.payee_id],
      ['for code', payment.code_id],
      ['terminal', payment.terminal_id],
      ['its key', payment.key],
      ['memo', payment.memo],
      ['time', localTime(payment.at)],
      ['held until', heldUntil(payment)],
      ['ended', payment.ended_at && localTime(payment.ended_at)],
      ['reason', payment.reason],
    ],
    screen,
  );
}

/** What there is of the rest behind it. */
function sentence(begin: string, ...rest: readonly (readonly [joint: string, text: string | undefined])[]): string {
  return rest.reduce((text, [joint, more]) => (more === undefined ? text : `${text}${/^[:,]/.test(joint) ? '' : ' '}${joint} ${more}`), begin);
}

/** Where it is not what was to be paid. */
function taken({ captured: minor, amount }: PaymentWire): string | undefined {
  return minor === amount.minor ? undefined : someMoney({ ...amount, minor });
}

function refunded({ refunded: minor, amount }: PaymentWire): string | undefined {
  return someMoney({ ...amount, minor });
}

function heldUntil({ state, expires_at }: PaymentWire): string | undefined {
  return state === 'held' && expires_at !== undefined ? localTime(expires_at) : undefined;
}
