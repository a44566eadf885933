import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import { isFinalRefusal, waitAfterWrong, type FinalRefusal, type Payment } from '../../domain/payment.ts';
import type { Mandate } from '../../domain/sale.ts';
import { nextCode, rotationBytes, transactionPassword } from '../../protocol/transaction-password.ts';
import { newId, within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import { crowdedOut, mostTries } from './crowding.ts';
import { releaseOverdue } from './holds.ts';
import { Judgement, overtaken } from './judgement.ts';
import type { Outcome } from './outcome.ts';
import { bindingByPassword, lookupOf } from './password-lookup.ts';
import type { PaymentRequest } from './payment-request.ts';
import type { Binding, PaymentView } from './store.ts';

/** What a payment buys: made in the payment's own transaction, so that neither is ever there without the other. */
export interface Bought {
  /** Tells it from every other: a part of what the payment's key is for. */
  readonly description: string;
  /** Who is paid for it, if that is made when it is first needed; asked for when the password was right, and the currency is the payer's. */
  payee?(context: ServiceContext): Promise<Account | undefined>;
  /** `context` is that of the transaction. False if it was made before, for the same key. */
  make(context: ServiceContext, payment: Payment): Promise<boolean>;
  /** What is done in the transaction once all else is. */
  finish?(context: ServiceContext): Promise<void>;
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
          throw error === overtaken ? crowdedOut() : error;
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
    const { binding, payer } = view;
    const judgement = new Judgement(this.#context, { request, payer: binding, fingerprint: fingerprintAt(binding.accountId) });
    const kept = judgement.judged(view.kept);
    if (kept !== undefined) {
      return kept;
    }
    const { now } = judgement;
    if (binding.lockedUntil !== undefined && binding.lockedUntil > now) {
      if (!counts) {
        // The register takes it to be over, and may charge somebody else: it is not paid late, by the terminal itself.
        await this.#giveUp(request.key, binding, now);
      }
      throw new LatchkeyError('account_locked', undefined, { retryAfter: Math.ceil((binding.lockedUntil.getTime() - now.getTime()) / 1000) });
    }
    const { codeNumber = binding.codeNumber } = request;
    if (spent || codeNumber < binding.codeNumber) {
      // Only the terminal itself can say so: whoever else names an old code need not have it.
      return judgement.refuse('code_superseded', async (tx) => (counts ? tx.bindings.noteSuperseded(binding, now) : undefined));
    }
    if (codeNumber > binding.codeNumber) {
      return judgement.refuse('code_unknown');
    }
    if (!isRight(request, binding)) {
      const wait = waitAfterWrong(binding.wrong + 1);
      return judgement.refuse('password_wrong', async (tx) => {
        if (counts && !(await tx.bindings.countWrong(binding, wait === 0 ? undefined : new Date(now.getTime() + wait)))) {
          throw overtaken;
        }
      });
    }
    const payee = view.payee ?? (amount.currency === payer.currency ? await bought?.payee?.(this.#context) : undefined);
    const refusal = foreseen ?? objection(payer, payee, request);
    return refusal === undefined ? this.#accept(order, judgement, binding, payee!) : judgement.refuse(refusal);
  }

  async #giveUp(key: string, { accountId, terminalId }: Binding, at: Date): Promise<void> {
    if (!(await this.#context.store.payments.insertCancelled({ id: newId(this.#context, 'pay'), accountId, key, terminalId, at }))) {
      throw overtaken;
    }
  }

  /** Payment, what it buys, next code and reply, in one transaction (protocol.md section 4). */
  async #accept({ bought }: PasswordOrder, judgement: Judgement, binding: Binding, payee: Account): Promise<Outcome> {
    const { store, random } = this.#context;
    const { algorithm, code, accountId } = binding;
    const rotation = random.bytes(rotationBytes);
    const next = algorithm === 'md5' ? rotation : nextCode(code, rotation, accountId);
    const lookup = await lookupOf(this.#context, binding, next);
    const accepted = judgement.accepted(payee, algorithm === 'md5' ? { nextCode: next } : { rotation });
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
        await bought.finish?.(within(this.#context, tx));
      });
    }
    return accepted.outcome;
  }

  async #judgeMandate(tx: Store, { mandate, registerId, request, bought }: MandateOrder, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    const { subjectId, accountId } = mandate;
    const { key, payeeId, amount } = request;
    const context = within(this.#context, tx);
    const fingerprint = fingerprintOf([accountId, registerId, payeeId, amountText(amount), subjectId, undefined, bought?.description]);
    const judgement = new Judgement(context, { request, payer: { accountId, terminalId: registerId }, fingerprint });
    const kept = judgement.judged(await tx.payments.findKept(accountId, key));
    if (kept !== undefined) {
      return kept;
    }
    const standing = await tx.mandates.lock(subjectId);
    if (standing === undefined || standing.endedAt !== undefined || standing.accountId !== accountId) {
      return judgement.refuse('mandate_missing');
    }
    const taken = await tx.mandates.takenSince(subjectId, new Date(judgement.now.getTime() - dayMs));
    if (amount.currency !== standing.currency || amount.minor > standing.perTap || taken + amount.minor > standing.perDay) {
      return judgement.refuse('mandate_exceeded');
    }
    const payee = await tx.accounts.find(payeeId);
    const refusal = foreseen ?? objection((await tx.accounts.find(accountId))!, payee, request);
    if (refusal !== undefined) {
      return judgement.refuse(refusal);
    }
    const { payment, fingerprint: told, reply, posting, outcome } = judgement.accepted(payee!, undefined);
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

/** The whole request: account, terminal, payee, amount, password and what it buys (protocol.md section 3). */
function fingerprintOf(parts: readonly (string | number | undefined)[]): Uint8Array {
  return createHash('sha256').update(JSON.stringify(parts.map((part) => part ?? null))).digest();
}

function isRight({ password, amount, payeeId, key }: PaymentRequest, { algorithm, code, identityCode, accountId }: Binding): boolean {
  const right = transactionPassword(algorithm, code, identityCode, { accountId, amount, payeeId, idempotencyKey: key });
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(password), digest(right));
}

function objection(payer: Account, payee: Account | undefined, { amount, code }: Pick<PaymentRequest, 'amount' | 'code'>): FinalRefusal | undefined {
  if (payee === undefined && code !== undefined && amount.currency !== payer.currency) return 'currency_mismatch';
  if (payee === undefined || payee.kind !== (code === undefined ? 'customer' : 'codes')) return 'account_not_found';
  if (payee.id === payer.id) return 'payee_is_payer';
  if (payer.closedAt !== undefined || payee.closedAt !== undefined) return 'account_closed';
  if (amount.currency !== payer.currency || amount.currency !== payee.currency) return 'currency_mismatch';
  return undefined;
}
