import { Buffer } from 'node:buffer';
import { hash, type KeyObject } from 'node:crypto';
import { mostCounter, mostPayees, mostUses, type CreditProof, type CreditToken } from '../domain/credit-code.ts';
import { currencies } from '../domain/currency.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import { mostMinor } from '../domain/money.ts';
import { base45, parseBase45 } from './base45.ts';
import { CborReader } from './cbor-reader.ts';
import { bytes, integer, list, map, nullItem, text } from './cbor-writer.ts';
import { isSignedBy, nothing, readSign1, writeSign1, type Sign1, type Sign1Form } from './cose-sign1.ts';
import { ed25519Public, type Ed25519KeyPair } from './ed25519.ts';
import { codeIdBytes, codeIdOf, isInstant, readAccount, readInstant, secondsOf, writeAccount } from './code-values.ts';
import { base64url } from './encoding.ts';

/** Credit payment codes (protocol.md section 5): a token that the server signs, and a proof that its holder signs at each showing. */

/** As many characters as a QR code holds, if they are alphanumeric (ISO/IEC 18004, version 40, level L). */
export const longestCodeText = 4296;

const textPrefix = 'LK1:';
const mostBytes = Math.floor(((longestCodeText - textPrefix.length) / 3) * 2);
const keyIdBytes = 8;
const holderKeyBytes = 32;
const tokenForm = { tagged: true, keyIdBytes } as const satisfies Sign1Form;
const proofForm = { tagged: false, keyIdBytes: undefined } as const satisfies Sign1Form;

/** Of the claims of a CWT (RFC 8392, 4), and our own, which is private (RFC 8392, 9.1.1). */
const claim = { issuer: 1, expiresAt: 4, issuedAt: 6, id: 7, confirmation: 8, limits: -65_537 } as const;
/** Of a COSE_Key (RFC 9052, 7; RFC 9053, 7.2), in a `cnf` (RFC 8747). */
const cnfKey = 1;
const coseKey = { type: 1, curve: -1, x: -2 } as const;
const octetKeyPair = 1;
const curveEd25519 = 6;

const knownCurrencies = new Set(currencies);

/** As it is shown: `LK1:` and base45. */
export function codeText(code: Uint8Array): string {
  return textPrefix + base45(code);
}

/** Without the end of the line that a scanner sends. Errors: `code_malformed`. */
export function parseCodeText(text: string): Uint8Array {
  if (text.length > longestCodeText) {
    throw malformed('it is longer than what a QR code holds');
  }
  if (!text.startsWith(textPrefix)) {
    throw malformed(`it does not begin with ${textPrefix}`);
  }
  return parseBase45(text, textPrefix.length, malformed);
}

/** `kid` of a signing key: the first 8 bytes of the SHA-256 of its 32, in base64url. */
export function keyIdOf(publicKey: Uint8Array): string {
  return base64url(hash('sha256', publicKey, 'buffer').subarray(0, keyIdBytes));
}

/** Errors: `invalid_input` if no code may say that. */
export function signToken(token: CreditToken, { publicKey, privateKey }: Ed25519KeyPair): Uint8Array {
  const problem = tokenProblem(token);
  if (problem !== undefined) {
    throw new LatchkeyError('invalid_input', `No credit payment token can say that: ${problem}.`);
  }
  const { currency, maxEach, maxTotal, uses, payees } = token;
  const payload = map([
    [claim.issuer, text(token.issuer)],
    [claim.expiresAt, integer(secondsOf(token.expiresAt))],
    [claim.issuedAt, integer(secondsOf(token.issuedAt))],
    [claim.id, bytes(codeIdBytes(token.id))],
    [claim.confirmation, map([[cnfKey, map([[coseKey.type, integer(octetKeyPair)], [coseKey.curve, integer(curveEd25519)], [coseKey.x, bytes(token.holderKey)]])]])],
    [claim.limits, list([text(currency), integer(Number(maxEach)), integer(Number(maxTotal)), integer(uses), ...(payees === undefined ? [] : [list(payees.map(writeAccount))])])],
  ]);
  return writeSign1({ payload, keyId: Buffer.from(keyIdOf(publicKey), 'base64url'), externalAad: nothing, privateKey }, tokenForm);
}

/** By the holder's key, for this token and no other. Errors: `invalid_input` if no proof may say that. */
export function signProof(proof: CreditProof, signedToken: Uint8Array, privateKey: KeyObject): Uint8Array {
  const problem = proofProblem(proof);
  if (problem !== undefined) {
    throw new LatchkeyError('invalid_input', `No proof of a credit payment code can say that: ${problem}.`);
  }
  const { counter, at, amount, payeeId } = proof;
  const payload = list([integer(counter), integer(secondsOf(at)), amount === undefined ? nullItem : integer(Number(amount)), payeeId === undefined ? nullItem : writeAccount(payeeId)]);
  return writeSign1({ payload, keyId: undefined, externalAad: digestOf(signedToken), privateKey }, proofForm);
}

/** The bytes of a code: a list of the two. */
export function joinCode(signedToken: Uint8Array, signedProof: Uint8Array): Uint8Array {
  return list([signedToken, signedProof]);
}

/** By structure alone, before anything is verified. `keyId` says who signed the token, as `keyIdOf`. Errors: `code_malformed`. */
export function splitCode(code: Uint8Array): { signedToken: Uint8Array; signedProof: Uint8Array; keyId: string } {
  const reader = readerOf(code);
  reader.arrayOf(2, 'it');
  const start = reader.position;
  const { keyId } = readSign1(reader, 'the token', tokenForm);
  const middle = reader.position;
  readSign1(reader, 'the proof', proofForm);
  reader.end('it');
  return { signedToken: code.subarray(start, middle), signedProof: code.subarray(middle), keyId: base64url(keyId!) };
}

/** By any of the keys, and only then what it says. Errors: `code_signature_invalid`, `code_malformed`. */
export function verifyToken(signedToken: Uint8Array, keys: readonly KeyObject[]): CreditToken {
  const sign1 = readWhole(signedToken, 'the token', tokenForm);
  if (!keys.some((key) => isSignedBy(sign1, nothing, key))) {
    throw new LatchkeyError('code_signature_invalid');
  }
  return readTokenPayload(sign1.payload);
}

/** Unverified: for whom it was issued to, from whom issued it. Errors: `code_malformed`. */
export function readToken(signedToken: Uint8Array): CreditToken {
  return readTokenPayload(readWhole(signedToken, 'the token', tokenForm).payload);
}

/** By the key that the token names, and only then what it says. Errors: `code_proof_invalid`, `code_malformed`. */
export function verifyProof(signedProof: Uint8Array, signedToken: Uint8Array, token: CreditToken): CreditProof {
  const sign1 = readWhole(signedProof, 'the proof', proofForm);
  if (!isSignedBy(sign1, digestOf(signedToken), ed25519Public(token.holderKey))) {
    throw new LatchkeyError('code_proof_invalid');
  }
  return readProofPayload(sign1.payload);
}

/** Unverified: of a code that was verified when it was brought. Errors: `code_malformed`. */
export function readProof(code: Uint8Array): CreditProof {
  return readProofPayload(readWhole(splitCode(code).signedProof, 'the proof', proofForm).payload);
}

function readWhole(bytes: Uint8Array, what: string, form: Sign1Form): Sign1 {
  const reader = readerOf(bytes);
  const sign1 = readSign1(reader, what, form);
  reader.end(what);
  return sign1;
}

function readTokenPayload(payload: Uint8Array): CreditToken {
  const reader = new CborReader(payload, malformed);
  let issuer = '';
  let expiresAt = 0;
  let issuedAt = 0;
  let id = '';
  let holderKey: Uint8Array = nothing;
  let limits: Pick<CreditToken, 'currency' | 'maxEach' | 'maxTotal' | 'uses' | 'payees'> | undefined;
  reader.map('what the token says', new Map([
    [claim.issuer, () => void (issuer = reader.text('the issuer'))],
    [claim.expiresAt, () => void (expiresAt = readInstant(reader, 'the expiry'))],
    [claim.issuedAt, () => void (issuedAt = readInstant(reader, 'the time of issue'))],
    [claim.id, () => void (id = codeIdOf(reader, 'the token’s id'))],
    [claim.confirmation, () => void (holderKey = readHolderKey(reader))],
    [claim.limits, () => void (limits = readLimits(reader))],
  ]));
  reader.end('what the token says');
  const token: CreditToken = { ...limits!, issuedAt: new Date(issuedAt * 1000), expiresAt: new Date(expiresAt * 1000), id, issuer, holderKey };
  return checked(token, tokenProblem(token));
}

function readLimits(reader: CborReader): Pick<CreditToken, 'currency' | 'maxEach' | 'maxTotal' | 'uses' | 'payees'> {
  const length = reader.array('the token’s limits');
  if (length !== 4 && length !== 5) {
    throw malformed(`the token’s limits have ${length} items and not 4 or 5`);
  }
  const currency = reader.text('the currency');
  const maxEach = BigInt(reader.unsigned('the largest amount'));
  const maxTotal = BigInt(reader.unsigned('the total'));
  const uses = reader.unsigned('the number of uses');
  return { currency, maxEach, maxTotal, uses, payees: length === 4 ? undefined : readPayees(reader) };
}

function readPayees(reader: CborReader): readonly string[] {
  const count = reader.array('the list of payees');
  if (count > mostPayees) {
    throw malformed(`it names ${count} payees, more than the ${mostPayees} that it may`);
  }
  return Array.from({ length: count }, () => readAccount(reader, 'a payee'));
}

function readHolderKey(reader: CborReader): Uint8Array {
  let key: Uint8Array = nothing;
  reader.map('the confirmation', new Map([[cnfKey, () => reader.map('the holder’s key', new Map([
    [coseKey.type, () => constant(reader, octetKeyPair, 'the type of the holder’s key')],
    [coseKey.curve, () => constant(reader, curveEd25519, 'the curve of the holder’s key')],
    [coseKey.x, () => void (key = reader.bytesOf(holderKeyBytes, 'the holder’s key'))],
  ]))]]));
  return Uint8Array.from(key);
}

function constant(reader: CborReader, expected: number, what: string): void {
  const found = reader.integer(what);
  if (found !== expected) {
    throw malformed(`${what} is ${found} and not ${expected}`);
  }
}

function readProofPayload(payload: Uint8Array): CreditProof {
  const reader = new CborReader(payload, malformed);
  reader.arrayOf(4, 'what the proof says');
  const counter = reader.unsigned('the counter');
  const at = new Date(readInstant(reader, 'the proof’s time') * 1000);
  const amount = reader.isNull('the proof’s amount') ? undefined : BigInt(reader.unsigned('the proof’s amount'));
  const payeeId = reader.isNull('the proof’s payee') ? undefined : readAccount(reader, 'the proof’s payee');
  reader.end('what the proof says');
  const proof: CreditProof = { counter, at, amount, payeeId };
  return checked(proof, proofProblem(proof));
}

/** What a token may not say, whoever signed it. */
function tokenProblem({ issuer, currency, maxEach, maxTotal, uses, payees, issuedAt, expiresAt, holderKey }: CreditToken): string | undefined {
  if (!isId(issuer)) return 'the issuer is no id';
  if (!knownCurrencies.has(currency)) return 'the currency is none of ISO 4217';
  if (maxEach < 1n) return 'the largest amount is nothing';
  if (maxTotal > mostMinor) return 'the total is more than is moved at once';
  if (maxEach > maxTotal) return 'the largest amount is more than the total';
  if (uses < 1) return 'it has no uses';
  if (uses > mostUses) return `it has more than ${mostUses} uses`;
  if (payees?.length === 0) return 'its list of payees is empty';
  if (payees !== undefined && payees.length > mostPayees) return `it names more than ${mostPayees} payees`;
  if (payees !== undefined && !payees.every(isId)) return 'a payee is no id';
  if (payees !== undefined && new Set(payees).size < payees.length) return 'it names a payee twice';
  if (!isInstant(issuedAt) || !isInstant(expiresAt)) return 'its times are not between 1970 and 9999';
  if (secondsOf(expiresAt) <= secondsOf(issuedAt)) return 'it expires before it is valid';
  return holderKey.length === holderKeyBytes ? undefined : 'the holder’s key has not 32 bytes';
}

function proofProblem({ counter, at, amount, payeeId }: CreditProof): string | undefined {
  if (counter < 1) return 'the counter is 0';
  if (counter > mostCounter) return `the counter is above ${mostCounter}`;
  if (!isInstant(at)) return 'the proof’s time is not between 1970 and 9999';
  if (amount !== undefined && amount < 1n) return 'the proof’s amount is nothing';
  if (amount !== undefined && amount > mostMinor) return 'the proof’s amount is more than is moved at once';
  return payeeId === undefined || isId(payeeId) ? undefined : 'the proof’s payee is no id';
}

function checked<T>(value: T, problem: string | undefined): T {
  if (problem !== undefined) {
    throw malformed(problem);
  }
  return value;
}

function readerOf(bytes: Uint8Array): CborReader {
  if (bytes.length > mostBytes) {
    throw malformed('it is longer than what a QR code holds');
  }
  return new CborReader(bytes, malformed);
}

function digestOf(signedToken: Uint8Array): Uint8Array {
  return hash('sha256', signedToken, 'buffer');
}

function malformed(detail: string): LatchkeyError {
  return new LatchkeyError('code_malformed', `This is no credit payment code of ours: ${detail}.`);
}
