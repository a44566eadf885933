import { timingSafeEqual } from 'node:crypto';
import type { Account } from '../../domain/account.ts';
import { errorTable, LatchkeyError } from '../../domain/errors.ts';
import type { FinalRefusal, Payment } from '../../domain/payment.ts';
import { recordedActor } from '../../domain/token.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import { outcomeFrom, outcomeText, type Outcome } from './outcome.ts';
import type { PaymentReply, PaymentRequest } from './payment-request.ts';
import type { Acceptance, KeptPayment, NewPosting } from './store.ts';

/** Somebody else changed what a payment was judged by: it is judged anew. */
export const overtaken = Symbol('overtaken');

interface Case {
  readonly request: Pick<PaymentRequest, 'key' | 'payeeId' | 'amount' | 'memo' | 'holdMs'>;
  readonly payer: { readonly accountId: string; readonly terminalId: string };
  readonly fingerprint: Uint8Array;
}

/** One payment under judgement: what it was judged before, and what goes on record of it now. */
export class Judgement {
  readonly now: Date;
  readonly #context: ServiceContext;
  readonly #case: Case;

  constructor(context: ServiceContext, of: Case) {
    this.now = context.clock.now();
    this.#context = context;
    this.#case = of;
  }

  /** What it came to before. Errors: `idempotency_mismatch`. */
  judged(kept: KeptPayment | undefined): Outcome | undefined {
    if (kept?.state === 'cancelled') {
      return { refusal: 'payment_cancelled', message: errorTable.payment_cancelled.title };
    }
    if (kept !== undefined && !timingSafeEqual(kept.fingerprint, this.#case.fingerprint)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return kept && outcomeFrom(kept.reply);
  }

  /** `also` is done in the same transaction. */
  async refuse(refusal: FinalRefusal, also?: (tx: Store) => Promise<void>): Promise<Outcome> {
    const outcome = { refusal, message: errorTable[refusal].title };
    const payment: Payment = { ...this.#payment(), state: 'refused', endedAt: this.now, reason: refusal };
    await this.#context.store.transaction(async (tx) => {
      await also?.(tx);
      if (!(await tx.payments.insert(payment, { fingerprint: this.#case.fingerprint, reply: outcomeText(outcome) }))) {
        throw overtaken;
      }
    });
    return outcome;
  }

  accepted({ id, name, currency }: Account, renewal: PaymentReply['renewal']): Pick<Acceptance, 'payment' | 'fingerprint' | 'reply' | 'posting'> & { readonly outcome: Outcome } {
    const { request: { holdMs, amount }, payer: { accountId }, fingerprint } = this.#case;
    const payment: Payment = holdMs === undefined
      ? { ...this.#payment(), state: 'paid', captured: amount.minor, endedAt: this.now }
      : { ...this.#payment(), state: 'held', expiresAt: new Date(this.now.getTime() + holdMs) };
    const state = holdMs === undefined ? 'paid' : 'held';
    const reply: PaymentReply = { paymentId: payment.id, state, accountId, payee: { id, name, currency }, amount, at: this.now, expiresAt: payment.expiresAt, renewal };
    const posting: NewPosting = {
      id: newId(this.#context, 'pst'),
      at: this.now,
      kind: 'payment',
      debitId: accountId,
      creditId: id,
      amount,
      paymentId: payment.id,
      actor: recordedActor(this.#context.actor),
      memo: payment.memo,
    };
    return { payment, fingerprint, reply: outcomeText({ reply }), posting: state === 'paid' ? posting : undefined, outcome: { reply } };
  }

  #payment(): Omit<Payment, 'state'> {
    const { request: { key, payeeId, amount, memo }, payer: { accountId, terminalId } } = this.#case;
    const id = newId(this.#context, 'pay');
    return {
      id, accountId, key, terminalId, payeeId, amount, memo,
      captured: 0n, refunded: 0n, at: this.now, expiresAt: undefined, endedAt: undefined, reason: undefined,
    };
  }
}
