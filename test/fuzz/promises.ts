import { Buffer } from 'node:buffer';
import assert from 'node:assert/strict';
import type { CodeReceipt, CreditProof, CreditToken } from '../../src/domain/credit-code.ts';
import { errorTable, LatchkeyError } from '../../src/domain/errors.ts';
import { decodeCbor } from '../../src/protocol/cbor.ts';
import { parseReceiptText, readReceipt, receiptText, signReceipt, verifyReceipt } from '../../src/protocol/code-receipt.ts';
import { codeText, joinCode, keyIdOf, parseCodeText, readToken, signProof, signToken, splitCode, verifyProof, verifyToken } from '../../src/protocol/credit-code.ts';
import { ed25519Public } from '../../src/protocol/ed25519.ts';
import { isDescribed, reasonOf, reasonsBeyondCddl } from '../protocol/description.ts';
import { holder, register, server } from './cases.ts';

/** What became of it: what it was, or the reason why not, without the numbers and kinds of items in it. */
export type Outcome = string;

/** No case takes longer, in milliseconds, a busy machine's pauses left out: it takes less than one. */
const mostMs = 20;

const serverKeys = [ed25519Public(server.publicKey)];
const serverKeyId = keyIdOf(server.publicKey);
const registerKey = ed25519Public(register.publicKey);

/** Holds one text to what is promised of all. Throws what was broken. */
export function outcomeOf(text: string): Outcome {
  const read = text.startsWith('LKR1:') ? readAsReceipt : readAsCode;
  const outcome = refusalOr(() => read(text), (refusal) => holdRefusal(text, refusal));
  for (let tries = 0; ; tries += 1) {
    const began = performance.now();
    refusalOr(() => read(text), () => undefined);
    const took = performance.now() - began;
    if (took <= mostMs) break;
    assert.ok(tries < 5, `it took ${took} ms`);
  }
  if (outcome === 'a code') {
    holdCode(text);
  } else if (outcome === 'a receipt') {
    holdReceipt(text);
  }
  return outcome;
}

function refusalOr(read: () => Outcome, hold: (refusal: LatchkeyError) => void): Outcome {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    hold(error);
    assert.ok(Object.hasOwn(errorTable, error.code));
    assert.match(error.code, /^(code|receipt)_(malformed|signature_invalid|proof_invalid)$/);
    const reason = error.message.replaceAll(/(?<![\w^-])-?\d+(?![\w^])/g, 'N').replace(/ is [^:]+ and not (?!N)(?!EdDSA)[^:]+\.$/, ' is of another kind.');
    return `${error.code}: ${reason}`;
  }
}

function readAsCode(text: string): Outcome {
  const { signedToken, signedProof, keyId } = splitCode(parseCodeText(text));
  verifyProof(signedProof, signedToken, verifyToken(signedToken, keyId === serverKeyId ? serverKeys : []));
  return 'a code';
}

function readAsReceipt(text: string): Outcome {
  verifyReceipt(parseReceiptText(text), registerKey);
  return 'a receipt';
}

/** What is malformed is not described, or is for one of few reasons: nothing is refused that another implementation may write. */
function holdRefusal(text: string, refusal: LatchkeyError): void {
  const rule = text.startsWith('LKR1:') ? 'receipt' : 'code';
  if (refusal.code.endsWith('_malformed') && (rule === 'receipt' || text.startsWith('LK1:')) && !reasonsBeyondCddl.has(reasonOf(refusal))) {
    assert.ok(!isDescribed(rule, text), `it is described, and refused: ${refusal.message}`);
  }
}

/** What was accepted is what would have been written, to the bit, and says to another decoder what it says to ours. */
function holdCode(text: string): void {
  const code = parseCodeText(text);
  assert.equal(codeText(code), text);
  assert.ok(isDescribed('code', text));
  const { signedToken, signedProof } = splitCode(code);
  assertBytes(joinCode(signedToken, signedProof), code);
  const token = readToken(signedToken);
  const proof = verifyProof(signedProof, signedToken, token);
  assertBytes(signToken(token, server), signedToken);
  assertBytes(signProof(proof, signedToken, holder.privateKey), signedProof);
  const [{ contents: tokenParts }, proofParts] = decodeCbor(Uint8Array.from(code)) as [{ contents: Sign1Parts }, Sign1Parts];
  assert.deepEqual(decodeCbor(tokenParts[0]), new Map<number, unknown>([[1, -8], [4, Uint8Array.from(Buffer.from(serverKeyId, 'base64url'))]]));
  assert.deepEqual(tokenAsDecoded(decodeCbor(tokenParts[2])), token);
  assert.deepEqual(decodeCbor(proofParts[0]), new Map([[1, -8]]));
  assert.deepEqual(proofAsDecoded(decodeCbor(proofParts[2])), proof);
}

function holdReceipt(text: string): void {
  const signed = parseReceiptText(text);
  assert.equal(receiptText(signed), text);
  assert.ok(isDescribed('receipt', text));
  const receipt = readReceipt(signed);
  assertBytes(signReceipt(receipt, register.privateKey), signed);
  const { contents } = decodeCbor(Uint8Array.from(signed)) as { contents: Sign1Parts };
  assert.deepEqual(receiptAsDecoded(decodeCbor(contents[2])), receipt);
}

type Sign1Parts = readonly [Uint8Array, unknown, Uint8Array, Uint8Array];

function assertBytes(found: Uint8Array, expected: Uint8Array): void {
  assert.equal(Buffer.from(found).toString('hex'), Buffer.from(expected).toString('hex'));
}

const idOf = (prefix: string, value: unknown) => (value instanceof Uint8Array ? `${prefix}_${Buffer.from(value).toString('base64url')}` : (value as string));
const dateOf = (seconds: unknown) => new Date((seconds as number) * 1000);

function tokenAsDecoded(decoded: unknown): CreditToken {
  const claims = decoded as ReadonlyMap<number, never>;
  const [currency, maxEach, maxTotal, uses, payees] = claims.get(-65_537) as unknown as [string, number, number, number, unknown[] | undefined];
  const key = (claims.get(8) as unknown as Map<number, Map<number, Uint8Array>>).get(1)!;
  return {
    currency, maxEach: BigInt(maxEach), maxTotal: BigInt(maxTotal), uses, payees: payees?.map((payee) => idOf('acc', payee)),
    issuedAt: dateOf(claims.get(6)), expiresAt: dateOf(claims.get(4)), id: idOf('code', claims.get(7)), issuer: claims.get(1)!, holderKey: Uint8Array.from(key.get(-2)!),
  };
}

function proofAsDecoded(decoded: unknown): CreditProof {
  const [counter, at, amount, payee] = decoded as [number, number, number | null, unknown];
  return { counter, at: dateOf(at), amount: amount === null ? undefined : BigInt(amount), payeeId: payee === null ? undefined : idOf('acc', payee) };
}

function receiptAsDecoded(decoded: unknown): CodeReceipt {
  const members = decoded as ReadonlyMap<number, never>;
  return {
    registerId: members.get(1)!, payeeId: idOf('acc', members.get(2)), tokenId: idOf('code', members.get(3)), counter: members.get(4)!,
    amount: { minor: BigInt(members.get(5)!), currency: members.get(6)! }, at: dateOf(members.get(7)), trustAsOf: dateOf(members.get(8)), codeHash: Uint8Array.from(members.get(9)!),
  };
}
