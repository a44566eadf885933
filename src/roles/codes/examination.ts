import { Buffer } from 'node:buffer';
import { hash, type KeyObject } from 'node:crypto';
import { clockSkewMs, proofEarlyMs, proofLateMs, type CodeReceipt, type CreditProof } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { splitCode, verifyProof } from '../../protocol/credit-code.ts';
import { readReceipt, verifyReceipt } from '../../protocol/code-receipt.ts';
import type { AcceptedCode } from './ports.ts';
import type { StoredCode } from './store.ts';

/** What is known of a token that was issued. */
type Issued = Pick<StoredCode, 'token' | 'signed'>;

/** Whose receipts are settled, with the keys of its cash registers ready. */
export interface Signatory {
  readonly payeeId: string;
  /** By register, one at least, the latest first: what it signed by an earlier one is its own, too. */
  readonly keys: ReadonlyMap<string, readonly KeyObject[]>;
}

/** What is wrong, as a sentence. */
export type Objection = string;

/** A receipt that one of the payee's registers signed, or why it is none. */
export function examineReceipt({ payeeId, keys }: Signatory, accepted: AcceptedCode): CodeReceipt | Objection {
  const said = orObjection(() => readReceipt(accepted.receipt));
  if (typeof said === 'string') {
    return said;
  }
  const own = keys.get(said.registerId);
  if (own === undefined || said.payeeId !== payeeId) {
    return 'The receipt is of another payee’s cash register, or for another payee.';
  }
  return verifiedByOne(accepted.receipt, own);
}

function verifiedByOne(signed: Uint8Array, [key, ...others]: readonly KeyObject[]): CodeReceipt | Objection {
  const receipt = orObjection(() => verifyReceipt(signed, key!));
  return typeof receipt === 'string' && others.length > 0 ? verifiedByOne(signed, others) : receipt;
}

/** The proof of a code that the receipt is of, and whose token was issued; or why it is not so, and then it tells nothing of that token. */
export function examineToken(receipt: CodeReceipt, { code }: AcceptedCode, issued: Issued | undefined): Pick<ReturnType<typeof splitCode>, 'signedProof'> | Objection {
  if (!hash('sha256', code, 'buffer').equals(receipt.codeHash)) {
    return 'The receipt is of another code.';
  }
  const parts = orObjection(() => splitCode(code));
  if (typeof parts === 'string') {
    return parts;
  }
  // What was issued is known byte for byte, which says as much as its signature does.
  return issued !== undefined && Buffer.compare(parts.signedToken, issued.signed) === 0 ? parts : 'No such token was issued.';
}

/** Whether the token's holder showed it for what the receipt says: all that does not change with time. */
export function examineShowing(receipt: CodeReceipt, signedProof: Uint8Array, issued: Issued): Objection | undefined {
  const proof = orObjection(() => verifyProof(signedProof, issued.signed, issued.token));
  return typeof proof === 'string' ? proof : examineTerms(receipt, proof, issued);
}

function examineTerms({ at, amount, payeeId, counter }: CodeReceipt, proof: CreditProof, { token }: Issued): Objection | undefined {
  const ms = at.getTime();
  const age = ms - proof.at.getTime();
  if (ms < token.issuedAt.getTime() - clockSkewMs || ms > token.expiresAt.getTime() + clockSkewMs) return 'The token was not valid then.';
  if (age < -proofEarlyMs || age > proofLateMs) return 'The code was not fresh then.';
  if (counter !== proof.counter) return 'The receipt is of another showing.';
  if (token.payees?.includes(payeeId) === false) return 'The token is not for this payee.';
  if (proof.payeeId !== undefined && proof.payeeId !== payeeId) return 'The code was shown for another payee.';
  if (amount.currency !== token.currency) return 'The token is of another currency.';
  if (proof.amount !== undefined && proof.amount !== amount.minor) return 'The code was shown for another amount.';
  return amount.minor > token.maxEach ? 'The amount is more than the token allows at once.' : undefined;
}

function orObjection<T extends object>(read: () => T): T | Objection {
  try {
    return read();
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return error.message;
    }
    throw error;
  }
}
