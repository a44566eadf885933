import { existsSync, readdirSync } from 'node:fs';
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
type Payments = Map<string, Payment>;

interface Payment {
  begun: BegunPayment;
  end: PaymentEnd | undefined;
}

const content = {
  check: checker(lineSchema),
  begin: (): Payments => new Map(),
  take,
  entries: (payments: Payments) => [...payments.values()],
  isOpen: ({ end }: Payment) => end === undefined,
  linesOf,
  of: 'payment',
  hint: 'Compare it with `latchkey payment list`, and move it away.',
};

const extension = '.payments.ndjson';

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

  /** What is open of any account of this terminal. */
  open(): BegunPayment[] {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder).filter((name) => name.endsWith(extension)) : [];
    return names.flatMap((name) => this.payments(name.slice(0, -extension.length)).filter(({ end }) => end === undefined).map(({ begun }) => begun));
  }

  async find(accountId: string, key: string): Promise<EndedPayment | undefined> {
    const payment = this.#journal(accountId).read().get(key);
    return payment?.end && { ...payment.begun, end: payment.end };
  }

  async begin(begun: BegunPayment): Promise<void> {
    const journal = this.#journal(begun.accountId);
    journal.shorten();
    journal.add(begunLine(begun));
  }

  async giveUp({ accountId, request: { key } }: BegunPayment): Promise<void> {
    this.#journal(accountId).add(givenUpLine(key));
  }

  async end({ accountId, request: { key } }: BegunPayment, end: PaymentEnd): Promise<void> {
    this.#journal(accountId).add(endedLine(key, end));
  }

  /** All that are in it. Errors: `invalid_input` if it is damaged. */
  payments(accountId: string): readonly Readonly<Payment>[] {
    return [...this.#journal(accountId).read().values()];
  }

  #journal(accountId: string): LineJournal<Line, Payments, Payment> {
    return new LineJournal(join(this.#folder, `${accountId}${extension}`), content);
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

function linesOf({ begun, end }: Payment): Line[] {
  const { key } = begun.request;
  return [begunLine(begun), ...(begun.givenUp === true ? [givenUpLine(key)] : []), ...(end === undefined ? [] : [endedLine(key, end)])];
}

function begunLine({ accountId, payee, request, codeNumber, begunAt }: BegunPayment): Line {
  return {
    key: request.key,
    begun: { account_id: accountId, payee: payeeToWire(payee), code_number: codeNumber, begun_at: instantToWire(begunAt), request: paymentInputToWire(request) },
  };
}

function givenUpLine(key: string): Line {
  return { key, given_up: true };
}

function endedLine(key: string, end: PaymentEnd): Line {
  return { key, ended: end.kind === 'accepted' ? { kind: end.kind, reply: paymentReplyToWire({ ...end.reply, renewal: undefined }) } : end };
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
