import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from '../../domain/account.ts';
import { errorTable, LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import { isFinalRefusal, waitAfterWrong, type FinalRefusal, type Payment } from '../../domain/payment.ts';
import type { Mandate } from '../../domain/sale.ts';
import { recordedActor } from '../../domain/token.ts';
import { nextCode, rotationBytes, transactionPassword } from '../../protocol/transaction-password.ts';
import { newId, within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import { outcomeFrom, outcomeText, type Outcome } from '../wallet/outcome.ts';
import type { PaymentReply, PaymentRequest } from '../wallet/ports.ts';
import { releaseOverdue } from './holds.ts';
import { bindingByPassword, lookupOf } from './password-lookup.ts';
import type { Binding } from './store.ts';

/** What a payment buys: made in the payment's own transaction, so that neither is ever there without the other. */
export interface Bought {
  /** Tells it from every other: a part of what the payment's key is for. */
  readonly description: string;
  /** `context` is that of the transaction. */
  make(context: ServiceContext, payment: Payment): Promise<void>;
}

/** Somebody shows the transaction password of a terminal. */
export interface PasswordOrder {
  readonly request: PaymentRequest;
  readonly terminalId: string;
  /** Whether a wrong password counts: only what comes under the terminal's own token does (protocol.md section 4). */
  readonly counts: boolean;
  readonly bought: Bought | undefined;
}

/** Somebody taps what a mandate was set for; there is no password, and nothing is renewed. */
export interface MandateOrder {
  readonly mandate: Mandate;
  readonly registerId: string;
  readonly request: Pick<PaymentRequest, 'key' | 'payeeId' | 'amount' | 'memo'>;
  readonly bought: Bought | undefined;
}

/** Somebody else changed what a payment was judged by: it is judged anew. */
const overtaken = Symbol('overtaken');
const mostTries = 100;
const dayMs = 86_400_000;

/**
 * Where payments are judged (protocol.md section 4): in one transaction the payment, what it buys, the next code and
 * the whole reply; refusals are kept as well, and the same request gets the same answer for ever.
 */
export class PaymentDesk {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Errors: `not_bound`, `account_locked`, `idempotency_mismatch`. */
  pay(order: PasswordOrder): Promise<Outcome> {
    return this.#untilJudged((tx, foreseen) => this.#judge(tx, order, foreseen));
  }

  /** Errors: `idempotency_mismatch`. */
  payByMandate(order: MandateOrder): Promise<Outcome> {
    return this.#untilJudged((tx, foreseen) => this.#judgeMandate(tx, order, foreseen));
  }

  /**
   * Runs it until nothing comes in between. What the database says no to is foreseen in the next run, which puts the
   * refusal on record: it is final.
   */
  async #untilJudged(judge: (tx: Store, foreseen: FinalRefusal | undefined) => Promise<Outcome>): Promise<Outcome> {
    let foreseen: FinalRefusal | undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#context.store.transaction((tx) => judge(tx, foreseen));
      } catch (error) {
        if (tries === mostTries) {
          throw error === overtaken ? new LatchkeyError('storage_locked', 'Too many payments of one terminal at once.') : error;
        }
        if (error instanceof LatchkeyError && isFinalRefusal(error.code) && foreseen === undefined) {
          const isFreed = error.code === 'insufficient_funds' && (await releaseOverdue(this.#context)) > 0;
          foreseen = isFreed ? undefined : error.code;
        } else if (error !== overtaken) {
          throw error;
        }
      }
    }
  }

  async #judge(tx: Store, { request, terminalId, counts, bought }: PasswordOrder, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    const { payeeId, amount, password, memo, holdMs } = request;
    const fingerprintAt = ({ accountId }: Binding) => fingerprintOf([accountId, terminalId, payeeId, amountText(amount), password, memo, holdMs, bought?.description]);
    const { binding, spent } = await this.#bindingOf(tx, request, terminalId, fingerprintAt);
    const judgement = new Judgement(within(this.#context, tx), {
      request,
      payer: binding,
      bought,
      fingerprint: fingerprintAt(binding),
    });
    const kept = await judgement.kept();
    if (kept !== undefined) {
      return kept;
    }
    const { now } = judgement;
    if (binding.lockedUntil !== undefined && binding.lockedUntil > now) {
      throw new LatchkeyError('account_locked', undefined, { retryAfter: Math.ceil((binding.lockedUntil.getTime() - now.getTime()) / 1000) });
    }
    const { codeNumber = binding.codeNumber } = request;
    if (spent || codeNumber < binding.codeNumber) {
      await tx.bindings.noteSuperseded(binding, now);
      return judgement.refuse('code_superseded');
    }
    if (codeNumber > binding.codeNumber) {
      return judgement.refuse('code_unknown');
    }
    if (!isRight(request, binding)) {
      const wait = waitAfterWrong(binding.wrong + 1);
      if (counts && !(await tx.bindings.countWrong(binding, wait === 0 ? undefined : new Date(now.getTime() + wait)))) {
        throw overtaken;
      }
      return judgement.refuse('password_wrong');
    }
    return judgement.decide(foreseen, async () => {
      const { algorithm, code, accountId } = binding;
      const rotation = this.#context.random.bytes(rotationBytes);
      const next = algorithm === 'md5' ? rotation : nextCode(code, rotation, accountId);
      if (!(await tx.bindings.advance(binding, next, await lookupOf(within(this.#context, tx), binding, next)))) {
        throw overtaken;
      }
      return algorithm === 'md5' ? { nextCode: next } : { rotation };
    });
  }

  async #judgeMandate(tx: Store, { mandate, registerId, request, bought }: MandateOrder, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    const { subjectId, accountId } = mandate;
    const { payeeId, amount, memo } = request;
    const judgement = new Judgement(within(this.#context, tx), {
      request,
      payer: { accountId, terminalId: registerId },
      bought,
      fingerprint: fingerprintOf([accountId, registerId, payeeId, amountText(amount), subjectId, memo, undefined, bought?.description]),
    });
    const kept = await judgement.kept();
    if (kept !== undefined) {
      return kept;
    }
    const standing = await tx.mandates.lock(subjectId);
    if (standing === undefined || standing.endedAt !== undefined || standing.accountId !== accountId) {
      return judgement.refuse('mandate_missing');
    }
    const taken = await tx.mandates.takenSince(accountId, new Date(judgement.now.getTime() - dayMs));
    const isOver = amount.currency !== standing.currency || amount.minor > standing.perTap || taken + amount.minor > standing.perDay;
    return isOver ? judgement.refuse('mandate_exceeded') : judgement.decide(foreseen, async () => undefined);
  }

  /** Errors: `not_bound`. */
  async #bindingOf(
    tx: Store,
    { accountId, key, password }: PaymentRequest,
    terminalId: string,
    fingerprintOf: (binding: Binding) => Uint8Array,
  ): Promise<{ binding: Binding; spent: boolean }> {
    if (accountId === undefined) {
      return bindingByPassword(within(this.#context, tx), { terminalId, key, password, fingerprintOf });
    }
    const binding = await tx.bindings.find(accountId, terminalId);
    if (binding === undefined) {
      throw new LatchkeyError('not_bound');
    }
    return { binding, spent: false };
  }
}

interface Case {
  readonly request: Pick<PaymentRequest, 'key' | 'payeeId' | 'amount' | 'memo' | 'holdMs'>;
  readonly payer: { readonly accountId: string; readonly terminalId: string };
  readonly bought: Bought | undefined;
  readonly fingerprint: Uint8Array;
}

/** One payment under judgement, inside its transaction. */
class Judgement {
  readonly now: Date;
  readonly #context: ServiceContext;
  readonly #case: Case;

  constructor(context: ServiceContext, of: Case) {
    this.now = context.clock.now();
    this.#context = context;
    this.#case = of;
  }

  /** What it came to before. Errors: `idempotency_mismatch`. */
  async kept(): Promise<Outcome | undefined> {
    const { request, payer, fingerprint } = this.#case;
    const kept = await this.#context.store.payments.findKept(payer.accountId, request.key);
    if (kept?.state === 'cancelled') {
      return { refusal: 'payment_cancelled', message: errorTable.payment_cancelled.title };
    }
    if (kept !== undefined && !timingSafeEqual(kept.fingerprint, fingerprint)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return kept && outcomeFrom(kept.reply);
  }

  async refuse(refusal: FinalRefusal): Promise<Outcome> {
    const outcome = { refusal, message: errorTable[refusal].title };
    await this.#record({ ...this.#payment(), state: 'refused', endedAt: this.now, reason: refusal }, outcome);
    return outcome;
  }

  /** Who pays is known by now: whether it can be paid, and then that it is. `renew` renews the code. */
  async decide(foreseen: FinalRefusal | undefined, renew: () => Promise<PaymentReply['renewal']>): Promise<Outcome> {
    const { store } = this.#context;
    const { request, payer } = this.#case;
    const account = (await store.accounts.find(payer.accountId))!;
    const payee = await store.accounts.find(request.payeeId);
    const refusal = foreseen ?? objection(account, payee, request);
    return refusal === undefined ? this.#accept(payee!, await renew()) : this.refuse(refusal);
  }

  async #accept({ id, name, currency }: Account, renewal: PaymentReply['renewal']): Promise<Outcome> {
    const { store } = this.#context;
    const { request: { holdMs, amount }, payer: { accountId }, bought } = this.#case;
    const payment: Payment = holdMs === undefined
      ? { ...this.#payment(), state: 'paid', captured: amount.minor, endedAt: this.now }
      : { ...this.#payment(), state: 'held', expiresAt: new Date(this.now.getTime() + holdMs) };
    const state = holdMs === undefined ? 'paid' : 'held';
    const reply: PaymentReply = { paymentId: payment.id, state, accountId, payee: { id, name, currency }, amount, at: this.now, expiresAt: payment.expiresAt, renewal };
    await this.#record(payment, { reply });
    await bought?.make(this.#context, payment);
    if (payment.state === 'paid') {
      // Last, for it is what others wait for: the rows of both accounts.
      await store.postings.insert({
        id: newId(this.#context, 'pst'),
        at: this.now,
        kind: 'payment',
        debitId: accountId,
        creditId: id,
        amount,
        paymentId: payment.id,
        actor: recordedActor(this.#context.actor),
        memo: payment.memo,
      });
    }
    return { reply };
  }

  async #record(payment: Payment, outcome: Outcome): Promise<void> {
    await this.#context.store.payments.insert(payment, { fingerprint: this.#case.fingerprint, reply: outcomeText(outcome) });
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

/** The whole request: account, terminal, payee, amount, password and what it buys (protocol.md section 3). */
function fingerprintOf(parts: readonly (string | number | undefined)[]): Uint8Array {
  return createHash('sha256').update(JSON.stringify(parts.map((part) => part ?? null))).digest();
}

function isRight({ password, amount, payeeId, key }: PaymentRequest, { algorithm, code, identityCode, accountId }: Binding): boolean {
  const right = transactionPassword(algorithm, code, identityCode, { accountId, amount, payeeId, idempotencyKey: key });
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(password), digest(right));
}

function objection(payer: Account, payee: Account | undefined, { amount }: Pick<PaymentRequest, 'amount'>): FinalRefusal | undefined {
  if (payee === undefined || payee.kind !== 'customer') return 'account_not_found';
  if (payee.id === payer.id) return 'payee_is_payer';
  if (payer.closedAt !== undefined || payee.closedAt !== undefined) return 'account_closed';
  if (amount.currency !== payer.currency || amount.currency !== payee.currency) return 'currency_mismatch';
  return undefined;
}
