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
import { releaseOverdue } from './holds.ts';
import { outcomeFrom, outcomeText, type Outcome } from './outcome.ts';
import { bindingByPassword, lookupOf } from './password-lookup.ts';
import type { PaymentReply, PaymentRequest } from './payment-request.ts';
import type { Acceptance, Binding, KeptPayment, NewPosting, PaymentView } from './store.ts';

/** What a payment buys: made in the payment's own transaction, so that neither is ever there without the other. */
export interface Bought {
  /** Tells it from every other: a part of what the payment's key is for. */
  readonly description: string;
  /** `context` is that of the transaction. False if it was made before, for the same key. */
  make(context: ServiceContext, payment: Payment): Promise<boolean>;
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
 * Where payments are judged (protocol.md section 4); refusals are kept as well, and the same request gets the same answer
 * for ever.
 */
export class PaymentDesk {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Errors: `not_bound`, `account_locked`, `idempotency_mismatch`. */
  pay(order: PasswordOrder): Promise<Outcome> {
    return this.#untilJudged((foreseen) => this.#judge(order, foreseen));
  }

  /** Errors: `idempotency_mismatch`. */
  payByMandate(order: MandateOrder): Promise<Outcome> {
    return this.#untilJudged((foreseen) => this.#context.store.transaction((tx) => this.#judgeMandate(tx, order, foreseen)));
  }

  /**
   * Runs it until nothing comes in between. What the database says no to is foreseen in the next run, which puts the
   * refusal on record: it is final.
   */
  async #untilJudged(judge: (foreseen: FinalRefusal | undefined) => Promise<Outcome>): Promise<Outcome> {
    let foreseen: FinalRefusal | undefined;
    let hasFreed = false;
    for (let tries = 1; ; tries += 1) {
      try {
        return await judge(foreseen);
      } catch (error) {
        if (tries === mostTries) {
          throw error === overtaken ? new LatchkeyError('storage_locked', 'Too many payments of one terminal at once.') : error;
        }
        if (error instanceof LatchkeyError && isFinalRefusal(error.code) && foreseen === undefined) {
          // Another may have given back at the same time what was held too long: whether it is enough is seen after that.
          const mayBeFreed = error.code === 'insufficient_funds' && ((await releaseOverdue(this.#context)) > 0 || !hasFreed);
          hasFreed = true;
          foreseen = mayBeFreed ? undefined : error.code;
        } else if (error !== overtaken) {
          throw error;
        }
      }
    }
  }

  /** By what one read finds; whatever is written then is written only if that is still so. */
  async #judge(order: PasswordOrder, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    const { request, terminalId, counts, bought } = order;
    const { payeeId, amount, password, holdMs } = request;
    const fingerprintAt = (accountId: string) => fingerprintOf([accountId, terminalId, payeeId, amountText(amount), password, holdMs, bought?.description]);
    const { view, spent } = await this.#find(request, terminalId, fingerprintAt);
    const { binding, payer, payee } = view;
    const file = new PaymentFile(this.#context, { request, payer: binding, fingerprint: fingerprintAt(binding.accountId) });
    const kept = file.judged(view.kept);
    if (kept !== undefined) {
      return kept;
    }
    const { now } = file;
    if (binding.lockedUntil !== undefined && binding.lockedUntil > now) {
      throw new LatchkeyError('account_locked', undefined, { retryAfter: Math.ceil((binding.lockedUntil.getTime() - now.getTime()) / 1000) });
    }
    const { codeNumber = binding.codeNumber } = request;
    if (spent || codeNumber < binding.codeNumber) {
      // Only the terminal itself can say so: whoever else names an old code need not have it.
      return file.refuse('code_superseded', async (tx) => (counts ? tx.bindings.noteSuperseded(binding, now) : undefined));
    }
    if (codeNumber > binding.codeNumber) {
      return file.refuse('code_unknown');
    }
    if (!isRight(request, binding)) {
      const wait = waitAfterWrong(binding.wrong + 1);
      return file.refuse('password_wrong', async (tx) => {
        if (counts && !(await tx.bindings.countWrong(binding, wait === 0 ? undefined : new Date(now.getTime() + wait)))) {
          throw overtaken;
        }
      });
    }
    const refusal = foreseen ?? objection(payer, payee, request);
    return refusal === undefined ? this.#accept(order, file, binding, payee!) : file.refuse(refusal);
  }

  /** Payment, what it buys, next code and reply, in one transaction (protocol.md section 4). */
  async #accept({ bought }: PasswordOrder, file: PaymentFile, binding: Binding, payee: Account): Promise<Outcome> {
    const { store, random } = this.#context;
    const { algorithm, code, accountId } = binding;
    const rotation = random.bytes(rotationBytes);
    const next = algorithm === 'md5' ? rotation : nextCode(code, rotation, accountId);
    const lookup = await lookupOf(this.#context, binding, next);
    const accepted = file.accepted(payee, algorithm === 'md5' ? { nextCode: next } : { rotation });
    const accept = async (at: Store) => {
      if (!(await at.payments.accept({ ...accepted, binding, code: next, lookup }))) {
        throw overtaken;
      }
    };
    if (bought === undefined) {
      await accept(store);
    } else {
      await store.transaction(async (tx) => {
        if (!(await bought.make(within(this.#context, tx), accepted.payment))) {
          throw overtaken;
        }
        // Last, for it is what others wait for: the rows of both accounts.
        await accept(tx);
      });
    }
    return accepted.outcome;
  }

  async #judgeMandate(tx: Store, { mandate, registerId, request, bought }: MandateOrder, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    const { subjectId, accountId } = mandate;
    const { key, payeeId, amount } = request;
    const context = within(this.#context, tx);
    const fingerprint = fingerprintOf([accountId, registerId, payeeId, amountText(amount), subjectId, undefined, bought?.description]);
    const file = new PaymentFile(context, { request, payer: { accountId, terminalId: registerId }, fingerprint });
    const kept = file.judged(await tx.payments.findKept(accountId, key));
    if (kept !== undefined) {
      return kept;
    }
    const standing = await tx.mandates.lock(subjectId);
    if (standing === undefined || standing.endedAt !== undefined || standing.accountId !== accountId) {
      return file.refuse('mandate_missing');
    }
    const taken = await tx.mandates.takenSince(subjectId, new Date(file.now.getTime() - dayMs));
    if (amount.currency !== standing.currency || amount.minor > standing.perTap || taken + amount.minor > standing.perDay) {
      return file.refuse('mandate_exceeded');
    }
    const payee = await tx.accounts.find(payeeId);
    const refusal = foreseen ?? objection((await tx.accounts.find(accountId))!, payee, request);
    if (refusal !== undefined) {
      return file.refuse(refusal);
    }
    const { payment, fingerprint: told, reply, posting, outcome } = file.accepted(payee!, undefined);
    if ((await bought?.make(context, payment)) === false || !(await tx.payments.insert(payment, { fingerprint: told, reply }))) {
      throw overtaken;
    }
    await tx.postings.insert(posting!);
    return outcome;
  }

  /** Errors: `not_bound`. */
  async #find(
    { accountId, key, password, payeeId }: PaymentRequest,
    terminalId: string,
    fingerprintAt: (accountId: string) => Uint8Array,
  ): Promise<{ view: PaymentView; spent: boolean }> {
    const { store } = this.#context;
    const found = accountId === undefined
      ? await bindingByPassword(this.#context, { terminalId, key, password, fingerprintOf: (binding) => fingerprintAt(binding.accountId) })
      : { binding: { accountId }, spent: false };
    const view = await store.bindings.findForPayment({ accountId: found.binding.accountId, terminalId, key, payeeId });
    if (view === undefined) {
      throw new LatchkeyError('not_bound');
    }
    return { view, spent: found.spent };
  }
}

interface Case {
  readonly request: Pick<PaymentRequest, 'key' | 'payeeId' | 'amount' | 'memo' | 'holdMs'>;
  readonly payer: { readonly accountId: string; readonly terminalId: string };
  readonly fingerprint: Uint8Array;
}

/** One payment under judgement: what it was judged before, and what goes on record of it now. */
class PaymentFile {
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
