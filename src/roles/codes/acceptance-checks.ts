import {
  clockSkewMs, proofEarlyMs, proofLateMs, type CreditProof, type CreditToken,
} from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import { parseCodeText, splitCode, verifyProof, verifyToken } from '../../protocol/credit-code.ts';
import type { AcceptanceContext, AcceptOrder, EarlierJournal } from './acceptance-context.ts';
import type { KeptAcceptance, KeptTrust, Taken } from './acceptance-journal.ts';
import { spanText, takenText, timeText } from './acceptance-words.ts';
import type { ReadyKey, TrustedKeys } from './trusted-keys.ts';

/** Of the protocol, in the order in which they are made; the first that fails is why a code is refused (protocol.md section 5). */
const protocolChecks = [
  'structure', 'trust_list', 'signature', 'content', 'validity', 'proof', 'proof_time', 'payee', 'binding', 'amount', 'uses', 'revocation',
] as const;
type ProtocolCheck = (typeof protocolChecks)[number];

/** With what a register has to say itself, and its writing down. */
export const acceptanceChecks = [...protocolChecks, 'security_check', 'journal'] as const;
export type AcceptanceCheck = (typeof acceptanceChecks)[number];

/** What is known of a code while it is being checked. */
export interface Checking {
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

export interface CheckingContext extends Pick<AcceptanceContext, 'register' | 'journal' | 'rules'> {
  readonly keys: TrustedKeys;
  /** This register's own first. */
  readonly journals: readonly EarlierJournal[];
}

type Step = (checking: Checking, context: CheckingContext) => void;

const stepOf: Readonly<Record<ProtocolCheck, Step>> = {
  structure: checkStructure,
  trust_list: checkTrustList,
  signature: checkSignature,
  content: checkContent,
  validity: checkValidity,
  proof: checkProof,
  proof_time: checkProofTime,
  payee: checkPayee,
  binding: checkBinding,
  amount: checkAmount,
  uses: checkUses,
  revocation: checkRevocation,
};
const steps = protocolChecks.map((check) => [check, stepOf[check]] as const);

/** What went wrong, which need not be a refusal; undefined if all are passed. */
export function firstFailure(checking: Checking, context: CheckingContext): [AcceptanceCheck, unknown] | undefined {
  for (const [check, step] of steps) {
    try {
      step(checking, context);
    } catch (error) {
      return [check, error];
    }
  }
  return undefined;
}

function checkStructure(checking: Checking): void {
  checking.code = parseCodeText(checking.order.text);
  checking.parts = splitCode(checking.code);
}

function checkTrustList(checking: Checking, { journal, keys, rules: { trustMaxMs } }: CheckingContext): void {
  const trust = (checking.trust = journal.trust());
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
  if (ageMs > trustMaxMs) {
    throw new LatchkeyError('trust_list_old', `The trust list may be at most ${spanText(trustMaxMs)} old.`);
  }
  keys.follow(trust);
}

function checkSignature(checking: Checking, { keys: trusted }: CheckingContext): void {
  const keys = trusted.of(checking.parts!.keyId);
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

/** Reads the token by the way; what is signed and says nothing that a token may say is signed all the same. */
function isSignedByOne(checking: Checking, keys: readonly ReadyKey[]): boolean {
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

function checkPayee({ token }: Checking, { register }: CheckingContext): void {
  if (token!.payees?.includes(register.payeeId) === false) {
    throw new LatchkeyError('code_payee_mismatch', 'The code pays other payees only.');
  }
}

function checkBinding({ order: { amount }, token, proof }: Checking, { register, rules: { bindAbove } }: CheckingContext): void {
  const { amount: bound, payeeId } = proof!;
  if (payeeId !== undefined && payeeId !== register.payeeId) {
    throw new LatchkeyError('code_payee_mismatch', 'The payer has bound the code to another payee.');
  }
  if (bound !== undefined && bound !== amount.minor) {
    const minor = { minor: bound, currency: token!.currency };
    throw new LatchkeyError('code_amount_mismatch', `The payer has bound the code to ${amountText(minor)}, and ${amountText(amount)} are to be paid.`);
  }
  if (bindAbove !== undefined && amount.minor > bindAbove.minor && (bound === undefined || payeeId === undefined)) {
    throw new LatchkeyError('code_not_bound', `Above ${amountText(bindAbove)} this register takes only codes that name the amount and the payee.`);
  }
}

function checkAmount(checking: Checking, { register: { currency: kept }, journals }: CheckingContext): void {
  const { order: { amount }, token, proof } = checking;
  const { currency, maxEach, maxTotal, id } = token!;
  if (amount.currency !== kept) {
    throw new LatchkeyError('currency_mismatch', `The account that is paid is kept in ${kept}, and ${amountText(amount)} are to be paid.`);
  }
  if (amount.currency !== currency) {
    throw new LatchkeyError('currency_mismatch', `The code pays ${currency}, and ${amountText(amount)} are to be paid.`);
  }
  if (amount.minor > maxEach) {
    throw new LatchkeyError('code_amount_too_large', `The code pays at most ${amountText({ minor: maxEach, currency })} at once.`);
  }
  const [own, ...others] = journals.map((journal) => journal.taken(id, proof!.counter));
  checking.own = own!;
  const taken = (checking.taken = others.reduce(together, own!));
  // One that was accepted here already is refused as that.
  if (!taken.hasCounter && taken.minor + amount.minor > maxTotal) {
    throw new LatchkeyError('code_spent', `The code pays ${amountText({ minor: maxTotal, currency })} altogether, and this register alone has taken ${takenText(taken, currency)}.`);
  }
}

function checkUses({ token, proof, taken }: Checking, { journals }: CheckingContext): void {
  if (taken!.hasCounter) {
    const before = firstOf(journals, (journal) => journal.ofCounter(token!.id, proof!.counter));
    const what = before === undefined ? '' : ` for ${amountText(before.receipt.amount)} at ${timeText(before.receipt.at)}`;
    throw new LatchkeyError('code_used', `This showing of the code was accepted here already${what}.`);
  }
  if (taken!.uses >= token!.uses) {
    throw new LatchkeyError('code_spent', `The code is good for ${token!.uses} ${token!.uses === 1 ? 'payment' : 'payments'}, which this register alone has taken.`);
  }
}

function checkRevocation({ token, isKeyRevoked }: Checking, { journal }: CheckingContext): void {
  if (journal.isRevoked(token!.id)) {
    throw new LatchkeyError('code_revoked');
  }
  if (isKeyRevoked === true) {
    throw new LatchkeyError('code_key_revoked');
  }
}

function together(one: Taken, other: Taken): Taken {
  return { uses: one.uses + other.uses, minor: one.minor + other.minor, hasCounter: one.hasCounter || other.hasCounter };
}

export function firstOf(journals: readonly EarlierJournal[], find: (journal: EarlierJournal) => KeptAcceptance | undefined): KeptAcceptance | undefined {
  return journals.values().map(find).find((found) => found !== undefined);
}

/** In whole seconds, negative if it was written after what the register's clock says. */
export function ageOf({ asOf }: KeptTrust, at: Date): number {
  return at.getTime() - wholeSeconds(asOf).getTime();
}

export function wholeSeconds(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
