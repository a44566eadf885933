import { join } from 'node:path';
import { payeeFromWire, payeeSchema, payeeToWire } from '../../api/accounts.ts';
import { checker } from '../../api/check.ts';
import { paymentInputFromWire, paymentInputSchema, paymentInputToWire, paymentReplyFromWire, paymentReplySchema, paymentReplyToWire } from '../../api/payments.ts';
import { boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire } from '../../api/wire.ts';
import { isErrorCode } from '../../domain/errors.ts';
import type { BegunPayment, EndedPayment, PaymentEnd, PaymentJournal } from '../../roles/wallet/payer.ts';
import { LineJournal } from '../line-journal.ts';
import { paths } from '../paths.ts';

const lineSchema = object('JournalLine', { key: id }, {
  begun: object('Begun', { account_id: id, payee: payeeSchema, code_number: count, begun_at: instant, request: paymentInputSchema }),
  given_up: boolean,
  ended: object('Ended', { kind: oneOf(['accepted', 'refused', 'cancelled']) }, { reply: paymentReplySchema, code: remark, message: remark }),
});
type Line = Static<typeof lineSchema>;

/** By their keys, in the order in which they were begun. */
type Payments = Map<string, { begun: BegunPayment; end: PaymentEnd | undefined }>;

const content = {
  check: checker(lineSchema),
  begin: (): Payments => new Map(),
  take,
  of: 'payment',
  hint: 'Compare it with `latchkey payment list`, and move it away.',
};

/**
 * The journal of payments of this terminal, a file for each account: a line when a payment is begun, another when it
 * has come to its end. The transaction password in it pays nothing else, and nothing once it is used. Whoever uses it
 * holds the account's lock.
 */
export class PaymentFile implements PaymentJournal {
  readonly #folder: string;

  constructor(folder = join(paths().state, 'wallet')) {
    this.#folder = folder;
  }

  async pending(accountId: string): Promise<BegunPayment | undefined> {
    return this.payments(accountId).findLast(({ end }) => end === undefined)?.begun;
  }

  async find(accountId: string, key: string): Promise<EndedPayment | undefined> {
    const payment = this.#journal(accountId).read().get(key);
    return payment?.end && { ...payment.begun, end: payment.end };
  }

  async begin(begun: BegunPayment): Promise<void> {
    const { accountId, payee, request, codeNumber, begunAt } = begun;
    this.#journal(accountId).add({
      key: request.key,
      begun: { account_id: accountId, payee: payeeToWire(payee), code_number: codeNumber, begun_at: instantToWire(begunAt), request: paymentInputToWire(request) },
    });
  }

  async giveUp({ accountId, request: { key } }: BegunPayment): Promise<void> {
    this.#journal(accountId).add({ key, given_up: true });
  }

  async end({ accountId, request: { key } }: BegunPayment, end: PaymentEnd): Promise<void> {
    this.#journal(accountId).add({ key, ended: end.kind === 'accepted' ? { kind: end.kind, reply: paymentReplyToWire({ ...end.reply, renewal: undefined }) } : end });
  }

  /** All that are in it. Errors: `invalid_input` if it is damaged. */
  payments(accountId: string): readonly { readonly begun: BegunPayment; readonly end: PaymentEnd | undefined }[] {
    return [...this.#journal(accountId).read().values()];
  }

  #journal(accountId: string): LineJournal<Line, Payments> {
    return new LineJournal(join(this.#folder, `${accountId}.payments.ndjson`), content);
  }
}

function take(payments: Payments, { key, begun, given_up: givenUp, ended: end }: Line): void {
  if (begun !== undefined) {
    payments.set(key, { begun: begunFrom(key, begun), end: undefined });
    return;
  }
  const payment = payments.get(key);
  if (payment !== undefined) {
    payment.begun = givenUp === true ? { ...payment.begun, givenUp } : payment.begun;
    payment.end = end === undefined ? payment.end : endFrom(end);
  }
}

function begunFrom(key: string, begun: NonNullable<Line['begun']>): BegunPayment {
  return {
    accountId: begun.account_id,
    payee: payeeFromWire(begun.payee),
    request: paymentInputFromWire(begun.request, key),
    codeNumber: begun.code_number,
    begunAt: instantFromWire(begun.begun_at),
  };
}

function endFrom({ kind, reply, code = '', message = '' }: NonNullable<Line['ended']>): PaymentEnd {
  if (kind === 'accepted' && reply !== undefined) {
    const { renewal: _none, ...accepted } = paymentReplyFromWire(reply);
    return { kind, reply: accepted };
  }
  return kind === 'refused' ? { kind, code: isErrorCode(code) ? code : 'internal', message } : { kind: 'cancelled' };
}
