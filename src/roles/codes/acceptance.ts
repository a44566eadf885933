import { hash } from 'node:crypto';
import { settlementGraceMs, type CodeReceipt } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { checkedAmount, sameCurrency } from '../../domain/money.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { signReceipt } from '../../protocol/code-receipt.ts';
import { codeText } from '../../protocol/credit-code.ts';
import { acceptanceChecks, ageOf, firstFailure, firstOf, wholeSeconds, type AcceptanceCheck, type Checking, type CheckingContext } from './acceptance-checks.ts';
import type { AcceptanceContext, AcceptOrder } from './acceptance-context.ts';
import type { Acceptance, KeptAcceptance } from './acceptance-journal.ts';
import { ageText } from './acceptance-words.ts';
import { TrustedKeys } from './trusted-keys.ts';

export interface CheckOutcome {
  readonly check: AcceptanceCheck;
  readonly outcome: 'passed' | 'failed' | 'not_reached';
}

/** What became of a code. */
export interface Decision {
  /** On the disk; undefined if it was refused. */
  readonly accepted: Acceptance | undefined;
  /** Why not. Its message says how old the trust list is. */
  readonly refusal: LatchkeyError | undefined;
  readonly checks: readonly CheckOutcome[];
  /** By the register's clock; undefined without a trust list. */
  readonly trustAgeMs: number | undefined;
  /** Whether that is more than the rules want. */
  readonly trustIsOld: boolean;
}

/** A cash register that accepts codes while no server can be asked. */
export class CodeAcceptance {
  readonly #context: AcceptanceContext & CheckingContext;

  constructor(context: AcceptanceContext) {
    this.#context = { ...context, keys: new TrustedKeys(context.journal), journals: [context.journal, ...(context.earlier ?? [])] };
  }

  /** Checks a code and writes down that it is accepted. Errors: those of an amount, `currency_mismatch` with the rules, `idempotency_mismatch`, those of storage. */
  async accept(order: AcceptOrder): Promise<Decision> {
    checkedAmount(order.amount);
    sameCurrency(this.#context.rules.bindAbove ?? order.amount, order.amount);
    for (;;) {
      const again = this.#acceptedBefore(order);
      if (again !== undefined) {
        return again;
      }
      const checking = this.#begin(order);
      const refusal = firstFailure(checking, this.#context);
      if (refusal !== undefined) {
        return this.#refused(checking, ...refusal);
      }
      const { guard } = this.#context;
      try {
        await guard?.({ token: checking.token!, proof: checking.proof!, amount: order.amount, at: checking.at });
      } catch (error) {
        return this.#refused(checking, 'security_check', error);
      }
      const accepted = this.#acceptance(checking);
      if (await this.#context.journal.add(accepted, checking.own!)) {
        return this.#decision(checking, accepted, undefined, 'journal');
      }
    }
  }

  /** For measuring alone: all checks of the protocol, which a code passes if this gives nothing. */
  judge(order: AcceptOrder): LatchkeyError | undefined {
    const checking = this.#begin(order);
    const failure = firstFailure(checking, this.#context);
    return failure === undefined ? undefined : this.#refused(checking, ...failure).refusal;
  }

  /** In whole seconds, as the receipt says it: the server judges by the same moment. */
  #begin(order: AcceptOrder): Checking {
    return { order, at: wholeSeconds(this.#context.clock.now()) };
  }

  #acceptance({ order: { amount, memo, key }, at, code, token, proof, trust }: Checking): Acceptance {
    const { register, receiptKey } = this.#context;
    const receipt: CodeReceipt = {
      registerId: register.id,
      payeeId: register.payeeId,
      tokenId: token!.id,
      counter: proof!.counter,
      amount,
      at,
      trustAsOf: wholeSeconds(trust!.asOf),
      codeHash: codeHash(code!),
    };
    const settleBy = new Date(token!.expiresAt.getTime() + settlementGraceMs);
    return { receipt, signedReceipt: signReceipt(receipt, receiptKey), code: code!, settleBy, memo, key };
  }

  /** Errors: `idempotency_mismatch` if what was accepted under its key is something else. */
  #acceptedBefore(order: AcceptOrder): Decision | undefined {
    const { key } = order;
    const kept = key === undefined ? undefined : firstOf(this.#context.journals, (journal) => journal.ofKey(key));
    if (kept === undefined) {
      return undefined;
    }
    const checking = this.#begin(order);
    checking.trust = this.#context.journal.trust();
    if (!isSame(kept, order)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return this.#decision(checking, kept, undefined, 'journal');
  }

  #refused(checking: Checking, check: AcceptanceCheck, error: unknown): Decision {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    // Of a list that could not be asked for before, too.
    const trust = 'trust' in checking ? checking.trust : (checking.trust = this.#context.journal.trust());
    const age = trust === undefined ? 'There is no trust list.' : `The trust list is ${ageText(ageOf(trust, checking.at))}.`;
    const refusal = new LatchkeyError(error.code, `${asSentence(error.message)} ${age}`, { hint: error.hint, cause: error });
    return this.#decision(checking, undefined, refusal, check);
  }

  #decision({ trust, at }: Checking, accepted: Acceptance | undefined, refusal: LatchkeyError | undefined, last: AcceptanceCheck): Decision {
    const { guard, rules } = this.#context;
    const made = acceptanceChecks.filter((check) => check !== 'security_check' || guard !== undefined);
    const end = made.indexOf(last);
    const checks = made.map((check, index): CheckOutcome =>
      ({ check, outcome: index > end ? 'not_reached' : index === end && refusal !== undefined ? 'failed' : 'passed' }));
    const trustAgeMs = trust && ageOf(trust, at);
    return { accepted, refusal, checks, trustAgeMs, trustIsOld: trustAgeMs !== undefined && trustAgeMs > rules.trustWarnMs };
  }
}

function isSame({ receipt, memo, code }: KeptAcceptance | Acceptance, order: AcceptOrder): boolean {
  const isAmount = receipt.amount.minor === order.amount.minor && receipt.amount.currency === order.amount.currency;
  return isAmount && memo === order.memo && codeText(code) === order.text;
}

function codeHash(code: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', code, 'buffer'));
}

