import { hash, type KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import {
  clockSkewMs, proofEarlyMs, proofLateMs, settlementGraceMs, type CodeReceipt, type CreditProof, type CreditToken,
} from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, checkedAmount, sameCurrency, type Amount } from '../../domain/money.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { signReceipt } from '../../protocol/code-receipt.ts';
import { codeText, parseCodeText, splitCode, verifyProof, verifyToken } from '../../protocol/credit-code.ts';
import { ed25519Public } from '../../protocol/ed25519.ts';
import type { Acceptance, AcceptanceJournal, KeptAcceptance, KeptTrust, Taken, TrustStore } from './acceptance-journal.ts';
import { ageText, spanText, takenText, timeText } from './acceptance-words.ts';
import type { TrustedKey } from './ports.ts';

/** In the order in which they are made; the first that fails is why a code is refused (protocol.md section 5). */
export const acceptanceChecks = [
  'structure', 'trust_list', 'signature', 'content', 'validity', 'proof', 'proof_time', 'payee', 'binding', 'amount', 'uses', 'revocation',
  'security_check', 'journal',
] as const;
export type AcceptanceCheck = (typeof acceptanceChecks)[number];

export interface CheckOutcome {
  readonly check: AcceptanceCheck;
  readonly outcome: 'passed' | 'failed' | 'not_reached';
}

export interface AcceptOrder {
  /** As it was scanned. */
  readonly text: string;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** The same key and order have the same answer. */
  readonly key?: string | undefined;
}

export interface AcceptanceRules {
  /** Above this amount the code has to name amount and payee; undefined: never. */
  readonly bindAbove: Amount | undefined;
  /** A trust list that is older is worth a word, … */
  readonly trustWarnMs: number;
  /** … and one that is older than this is trusted no more. */
  readonly trustMaxMs: number;
}

/** What was about to be accepted, for whoever has a say in it beside the protocol. Errors are refusals. */
export type AcceptanceGuard = (service: { readonly token: CreditToken; readonly proof: CreditProof; readonly amount: Amount; readonly at: Date }) => Promise<void>;

type EarlierJournal = Pick<AcceptanceJournal, 'taken' | 'ofKey' | 'ofCounter'>;

export interface AcceptanceContext {
  /** `currency`: of the payee’s account, where it is known. */
  readonly register: { readonly id: string; readonly payeeId: string; readonly currency?: string | undefined };
  readonly journal: AcceptanceJournal & TrustStore;
  /** Of registers that this machine was before for the same payee: what they have accepted counts, too. */
  readonly earlier?: readonly EarlierJournal[] | undefined;
  readonly receiptKey: KeyObject;
  readonly clock: Clock;
  readonly rules: AcceptanceRules;
  readonly guard?: AcceptanceGuard | undefined;
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

/** What is known of a code while it is being checked. */
interface Checking {
  readonly order: AcceptOrder;
  readonly at: Date;
  code?: Uint8Array;
  parts?: ReturnType<typeof splitCode>;
  trust?: KeptTrust | undefined;
  /** Of a key that signed it and is trusted no more. */
  isKeyRevoked?: boolean;
  token?: CreditToken;
  /** Why its content is none, although its signature is right. */
  malformed?: LatchkeyError;
  proof?: CreditProof;
  /** In this register's journal, … */
  own?: Taken;
  /** … and in all of them. */
  taken?: Taken;
}

interface Trusted extends TrustedKey {
  readonly key: KeyObject;
}

/** A cash register that accepts codes while no server can be asked. */
export class CodeAcceptance {
  readonly #context: AcceptanceContext;
  readonly #steps: readonly (readonly [AcceptanceCheck, (checking: Checking) => void])[];
  #keys = new Map<string, Trusted[]>();
  #revision: number | undefined;

  constructor(context: AcceptanceContext) {
    this.#context = context;
    this.#steps = [
      ['structure', checkStructure],
      ['trust_list', (checking) => this.#checkTrustList(checking)],
      ['signature', (checking) => this.#checkSignature(checking)],
      ['content', checkContent],
      ['validity', checkValidity],
      ['proof', checkProof],
      ['proof_time', checkProofTime],
      ['payee', (checking) => this.#checkPayee(checking)],
      ['binding', (checking) => this.#checkBinding(checking)],
      ['amount', (checking) => this.#checkAmount(checking)],
      ['uses', (checking) => this.#checkUses(checking)],
      ['revocation', (checking) => this.#checkRevocation(checking)],
    ];
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
      const refusal = this.#firstFailure(checking);
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

  /** This register's own first. */
  get #journals(): readonly EarlierJournal[] {
    return [this.#context.journal, ...(this.#context.earlier ?? [])];
  }

  /** All checks up to the writing down, which a code passes if this gives nothing. */
  judge(order: AcceptOrder): LatchkeyError | undefined {
    const checking = this.#begin(order);
    const failure = this.#firstFailure(checking);
    return failure === undefined ? undefined : this.#refused(checking, ...failure).refusal;
  }

  /** In whole seconds, as the receipt says it: the server judges by the same moment. */
  #begin(order: AcceptOrder): Checking {
    return { order, at: wholeSeconds(this.#context.clock.now()) };
  }

  #firstFailure(checking: Checking): [AcceptanceCheck, unknown] | undefined {
    for (const [check, step] of this.#steps) {
      try {
        step(checking);
      } catch (error) {
        return [check, error];
      }
    }
    return undefined;
  }

  #checkTrustList(checking: Checking): void {
    const trust = (checking.trust = this.#context.journal.trust());
    if (trust === undefined) {
      throw new LatchkeyError('trust_list_missing');
    }
    const ageMs = ageOf(trust, checking.at);
    if (ageMs < -clockSkewMs) {
      throw new LatchkeyError(
        'register_clock_wrong',
        `This register’s clock is wrong: it says ${timeText(checking.at)}, ${spanText(-ageMs)} before its trust list was written at the server (${timeText(trust.asOf)}).`,
      );
    }
    if (ageMs > this.#context.rules.trustMaxMs) {
      throw new LatchkeyError('trust_list_old', `The trust list may be at most ${spanText(this.#context.rules.trustMaxMs)} old.`);
    }
    if (trust.revision !== this.#revision) {
      this.#loadKeys(trust.revision);
    }
  }

  /** Keys are made ready once a list, not once a code. */
  #loadKeys(revision: number): void {
    const keys = new Map<string, Trusted[]>();
    for (const trusted of this.#context.journal.keys()) {
      keys.set(trusted.id, [...(keys.get(trusted.id) ?? []), { ...trusted, key: ed25519Public(trusted.publicKey) }]);
    }
    this.#keys = keys;
    this.#revision = revision;
  }

  #checkSignature(checking: Checking): void {
    const { keyId } = checking.parts!;
    const keys = this.#keys.get(keyId) ?? [];
    if (keys.length === 0) {
      throw new LatchkeyError('code_key_unknown', 'The code is signed by a key that the trust list does not have.');
    }
    const inForce = keys.filter(({ revokedAt }) => revokedAt === undefined);
    if (isSignedByOne(checking, inForce)) {
      return;
    }
    checking.isKeyRevoked = inForce.length < keys.length && isSignedByOne(checking, keys.filter(({ revokedAt }) => revokedAt !== undefined));
    if (!checking.isKeyRevoked) {
      throw new LatchkeyError('code_signature_invalid');
    }
  }

  #checkPayee({ token }: Checking): void {
    const { payees } = token!;
    if (payees?.includes(this.#context.register.payeeId) === false) {
      throw new LatchkeyError('code_payee_mismatch', 'The code pays other payees only.');
    }
  }

  #checkBinding({ order: { amount }, token, proof }: Checking): void {
    const { register, rules: { bindAbove } } = this.#context;
    const { amount: bound, payeeId } = proof!;
    if (payeeId !== undefined && payeeId !== register.payeeId) {
      throw new LatchkeyError('code_payee_mismatch', 'The payer has bound the code to another payee.');
    }
    if (bound !== undefined && bound !== amount.minor) {
      const minor = { minor: bound, currency: token!.currency };
      throw new LatchkeyError('code_amount_mismatch', `The payer has bound the code to ${amountText(minor)}, and ${amountText(amount)} are to be paid.`);
    }
    const isAbove = bindAbove?.currency === amount.currency && amount.minor > bindAbove.minor;
    if (isAbove && (bound === undefined || payeeId === undefined)) {
      throw new LatchkeyError('code_not_bound', `Above ${amountText(bindAbove)} this register takes only codes that name the amount and the payee.`);
    }
  }

  #checkAmount(checking: Checking): void {
    const { order: { amount }, token, proof } = checking;
    const { currency, maxEach, maxTotal, id } = token!;
    const { currency: kept = amount.currency } = this.#context.register;
    if (amount.currency !== kept) {
      throw new LatchkeyError('currency_mismatch', `The account that is paid is kept in ${kept}, and ${amountText(amount)} are to be paid.`);
    }
    if (amount.currency !== currency) {
      throw new LatchkeyError('currency_mismatch', `The code pays ${currency}, and ${amountText(amount)} are to be paid.`);
    }
    if (amount.minor > maxEach) {
      throw new LatchkeyError('code_amount_too_large', `The code pays at most ${amountText({ minor: maxEach, currency })} at once.`);
    }
    const [own, ...others] = this.#journals.map((journal) => journal.taken(id, proof!.counter));
    checking.own = own!;
    const taken = (checking.taken = others.reduce(together, own!));
    // One that was accepted here already is refused as that.
    if (!taken.hasCounter && taken.minor + amount.minor > maxTotal) {
      throw new LatchkeyError('code_spent', `The code pays ${amountText({ minor: maxTotal, currency })} altogether, and this register alone has taken ${takenText(taken, currency)}.`);
    }
  }

  #checkUses({ token, proof, taken }: Checking): void {
    if (taken!.hasCounter) {
      const before = firstOf(this.#journals, (journal) => journal.ofCounter(token!.id, proof!.counter));
      const what = before === undefined ? '' : ` for ${amountText(before.receipt.amount)} at ${timeText(before.receipt.at)}`;
      throw new LatchkeyError('code_used', `This showing of the code was accepted here already${what}.`);
    }
    if (taken!.uses >= token!.uses) {
      throw new LatchkeyError('code_spent', `The code is good for ${token!.uses} ${token!.uses === 1 ? 'payment' : 'payments'}, which this register alone has taken.`);
    }
  }

  #checkRevocation({ token, isKeyRevoked }: Checking): void {
    if (this.#context.journal.isRevoked(token!.id)) {
      throw new LatchkeyError('code_revoked');
    }
    if (isKeyRevoked === true) {
      throw new LatchkeyError('code_key_revoked');
    }
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
    const kept = key === undefined ? undefined : firstOf(this.#journals, (journal) => journal.ofKey(key));
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

function checkStructure(checking: Checking): void {
  checking.code = parseCodeText(checking.order.text);
  checking.parts = splitCode(checking.code);
}

/** Reads the token by the way; what is signed and says nothing that a token may say is signed all the same. */
function isSignedByOne(checking: Checking, keys: readonly Trusted[]): boolean {
  try {
    checking.token = verifyToken(checking.parts!.signedToken, keys.map(({ key }) => key));
  } catch (error) {
    if (!(error instanceof LatchkeyError) || (error.code !== 'code_malformed' && error.code !== 'code_signature_invalid')) {
      throw error;
    }
    if (error.code === 'code_signature_invalid') {
      return false;
    }
    checking.malformed = error;
  }
  return true;
}

function checkContent({ malformed }: Checking): void {
  if (malformed !== undefined) {
    throw malformed;
  }
}

function checkValidity({ at, token }: Checking): void {
  const { issuedAt, expiresAt } = token!;
  const [sinceIssue, sinceExpiry] = [at.getTime() - issuedAt.getTime(), at.getTime() - expiresAt.getTime()];
  if (sinceIssue < -clockSkewMs) {
    throw new LatchkeyError('code_not_yet_valid', `The server issued the code at ${timeText(issuedAt)}, ${spanText(-sinceIssue)} after what this register’s clock says: that clock is wrong.`);
  }
  if (sinceExpiry > clockSkewMs) {
    throw new LatchkeyError('code_expired', `The code was good until ${timeText(expiresAt)}, ${spanText(sinceExpiry)} before what this register’s clock says.`);
  }
}

function checkProof(checking: Checking): void {
  const { signedProof, signedToken } = checking.parts!;
  checking.proof = verifyProof(signedProof, signedToken, checking.token!);
}

function checkProofTime({ at, proof }: Checking): void {
  const sinceMs = at.getTime() - proof!.at.getTime();
  if (sinceMs > proofLateMs) {
    throw new LatchkeyError('code_stale', `The code was shown ${spanText(sinceMs)} ago by this register’s clock (${timeText(at)}): it is an old one, or one of the two clocks is wrong by that.`);
  }
  if (sinceMs < -proofEarlyMs) {
    throw new LatchkeyError('code_stale', `The payer’s clock is ${spanText(-sinceMs)} ahead of this register’s (${timeText(at)}): one of the two is wrong.`);
  }
}

function isSame({ receipt, memo, code }: KeptAcceptance | Acceptance, order: AcceptOrder): boolean {
  const isAmount = receipt.amount.minor === order.amount.minor && receipt.amount.currency === order.amount.currency;
  return isAmount && memo === order.memo && codeText(code) === order.text;
}

function codeHash(code: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', code, 'buffer'));
}

function firstOf(journals: readonly EarlierJournal[], find: (journal: EarlierJournal) => KeptAcceptance | undefined): KeptAcceptance | undefined {
  return journals.values().map(find).find((found) => found !== undefined);
}

function together(one: Taken, other: Taken): Taken {
  return { uses: one.uses + other.uses, minor: one.minor + other.minor, hasCounter: one.hasCounter || other.hasCounter };
}

/** In whole seconds, negative if it was written after what the register's clock says. */
function ageOf({ asOf }: KeptTrust, at: Date): number {
  return at.getTime() - wholeSeconds(asOf).getTime();
}

function wholeSeconds(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
