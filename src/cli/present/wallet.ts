import { payeeSchema, payeeToWire, type PayeeWire } from '../../api/accounts.ts';
import { bindingStatusSchema, bindingStatusToWire, newBindingSchema, newBindingToWire, verificationSentSchema, type BindingStatusWire } from '../../api/bindings.ts';
import { amountSchema, amountToWire, type AmountWire } from '../../api/money.ts';
import { arrayOf, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { amountText } from '../../domain/money.ts';
import type { BegunPayment, EndedPayment } from '../../roles/wallet/payer.ts';
import type { BindingStatus, NewBinding } from '../../roles/wallet/ports.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

/** A payment as its terminal knows it. */
export const orderSchema = object(
  'Order',
  { state: oneOf(['pending', 'paid', 'held', 'refused', 'cancelled']), key: id, account_id: id, payee: payeeSchema, amount: amountSchema, begun_at: instant },
  { payment_id: id, at: instant, expires_at: instant, memo: remark, error_code: remark, message: remark },
);

export interface OrderWire {
  readonly state: 'pending' | 'paid' | 'held' | 'refused' | 'cancelled';
  readonly key: string;
  readonly account_id: string;
  readonly payee: PayeeWire;
  readonly amount: AmountWire;
  readonly begun_at: string;
  readonly payment_id?: string;
  readonly at?: string;
  readonly expires_at?: string;
  readonly memo?: string;
  /** Why it was refused. */
  readonly error_code?: string;
  readonly message?: string;
}

export function orderToWire(order: BegunPayment | EndedPayment): OrderWire {
  const { accountId, payee, request, begunAt } = order;
  const end = 'end' in order ? order.end : undefined;
  const reply = end?.kind === 'accepted' ? end.reply : undefined;
  const refusal = end?.kind === 'refused' ? end : undefined;
  const state: OrderWire['state'] = reply?.state ?? (end === undefined ? 'pending' : end.kind === 'cancelled' ? 'cancelled' : 'refused');
  return present({
    state,
    key: request.key,
    account_id: accountId,
    payee: payeeToWire(payee),
    amount: amountToWire(request.amount),
    begun_at: instantToWire(begunAt),
    payment_id: reply?.paymentId,
    at: instantToWire(reply?.at),
    expires_at: instantToWire(reply?.expiresAt),
    memo: request.memo,
    error_code: refusal?.code,
    message: refusal?.message,
  });
}

export function presentOrder(order: OrderWire, screen: Screen): string {
  return details(
    [
      ['payment', order.payment_id],
      ['state', order.state],
      ['amount', moneyForPeople(order.amount)],
      ['to', `${order.payee.name} (${order.payee.account_id})`],
      ['memo', order.memo],
      ['at', localTime(order.at ?? order.begun_at)],
      ['held until', order.expires_at && localTime(order.expires_at)],
      ['reason', order.message],
      ['key', order.key],
    ],
    screen,
  );
}

/** What came of an earlier payment, as a sentence. */
export function settledSentence({ payee, request, begunAt, end }: EndedPayment): string {
  const what = `An earlier payment of ${amountText(request.amount)} to ${payee.name}, begun ${localTime(begunAt.toISOString())}, was pending`;
  switch (end.kind) {
    case 'accepted':
      return `${what}: it is ${end.reply.state}.`;
    case 'refused':
      return `${what}: it was refused. ${end.message}`;
    case 'cancelled':
      return `${what}: it is cancelled.`;
  }
}

const { temporary_code: _secret, ...shownBinding } = newBindingSchema.properties;
export const boundSchema = { ...newBindingSchema, title: 'Bound', required: Object.keys(shownBinding), properties: shownBinding } as const;
export type BoundWire = Omit<Static<typeof newBindingSchema>, 'temporary_code'>;

/** Without its temporary code, which goes into the secret store and nowhere else. */
export function boundToWire(binding: NewBinding): BoundWire {
  const { temporary_code: _code, ...bound } = newBindingToWire(binding);
  return bound;
}

export const boundOrSentSchema = { anyOf: [boundSchema, verificationSentSchema] } as const;
export type VerificationSentWire = Static<typeof verificationSentSchema>;

export function presentBoundOrSent(result: BoundWire | VerificationSentWire, screen: Screen): string {
  return 'verification_id' in result
    ? details([['verification', result.verification_id], ['good until', localTime(result.expires_at)]], screen)
    : details(
        [
          ['account', `${result.name} (${result.account_id})`],
          ['currency', result.currency],
          ['terminal', result.terminal_id],
          ['algorithm', result.algorithm],
        ],
        screen,
      );
}

export const walletStatusSchema = object('WalletStatus', {
  accounts: arrayOf({ ...bindingStatusSchema, title: 'WalletAccount', properties: { ...bindingStatusSchema.properties, pending: orderSchema } }),
});
export interface WalletStatusWire {
  readonly accounts: readonly (BindingStatusWire & { readonly pending?: OrderWire })[];
}

export function walletStatusToWire(accounts: readonly { readonly status: BindingStatus; readonly pending: BegunPayment | undefined }[]): WalletStatusWire {
  return { accounts: accounts.map(({ status, pending }) => present({ ...bindingStatusToWire(status), pending: pending && orderToWire(pending) })) };
}

export function presentWalletStatus({ accounts }: WalletStatusWire, screen: Screen): string {
  if (accounts.length === 0) {
    return 'This terminal is bound to no account.';
  }
  return table(
    accounts,
    [
      { title: 'ACCOUNT', cell: ({ name, account_id: accountId }) => `${name} (${accountId})` },
      { title: 'AVAILABLE', cell: ({ available, currency }) => moneyForPeople({ minor: available, currency }) },
      { title: 'HELD', cell: ({ held, currency }) => (held === '0' ? undefined : moneyForPeople({ minor: held, currency })) },
      { title: 'CREDIT', cell: ({ credit, currency }) => (credit === '0' ? undefined : moneyForPeople({ minor: credit, currency })) },
      { title: 'CODES', cell: ({ suspended_at: at }) => at && `none since ${localTime(at)}` },
      { title: 'LOCK', cell: lock },
      { title: 'PENDING', cell: ({ pending }) => pending && `${moneyForPeople(pending.amount)} to ${pending.payee.name} since ${localTime(pending.begun_at)}` },
      { title: 'OTHER TERMINALS', cell: ({ other_terminals: others }) => String(others) },
      { title: 'CODE USED ELSEWHERE', cell: ({ superseded_at: at }) => at && localTime(at) },
      { title: 'ALGORITHM', cell: ({ algorithm }) => algorithm },
    ],
    screen,
  );
}

function lock({ locked_until: until, wrong }: BindingStatusWire): string | undefined {
  if (until !== undefined && new Date(until) > new Date()) {
    return `until ${localTime(until)}`;
  }
  return wrong === 0 ? undefined : `${wrong} wrong`;
}
