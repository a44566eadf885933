import { hash, type KeyObject } from 'node:crypto';
import { mostCounter, type CodeReceipt } from '../domain/credit-code.ts';
import { currencies } from '../domain/currency.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { idFrom, isId } from '../domain/identifiers.ts';
import { mostMinor } from '../domain/money.ts';
import { base45, parseBase45 } from './base45.ts';
import { CborReader } from './cbor-reader.ts';
import { bytes, integer, map, text } from './cbor-writer.ts';
import { codeIdBytes, codeIdOf, isInstant, readAccount, readInstant, secondsOf, writeAccount } from './code-values.ts';
import { isSignedBy, nothing, readSign1, writeSign1, type Sign1, type Sign1Form } from './cose-sign1.ts';
import { base64url } from './encoding.ts';

/** Receipts of credit payment codes (protocol.md section 5): what a cash register signs of a code that it accepted. */

const textPrefix = 'LKR1:';
const hashBytes = 32;
/** With the longest ids it has 346. */
const mostBytes = 384;
const mostCharacters = textPrefix.length + (mostBytes / 2) * 3;
const form = { tagged: true, keyIdBytes: undefined } as const satisfies Sign1Form;
const member = { register: 1, payee: 2, token: 3, counter: 4, amount: 5, currency: 6, at: 7, trustAsOf: 8, codeHash: 9 } as const;

const knownCurrencies = new Set(currencies);

/** By the register's receipt key. Errors: `invalid_input` if no receipt may say that. */
export function signReceipt(receipt: CodeReceipt, privateKey: KeyObject): Uint8Array {
  const problem = receiptProblem(receipt);
  if (problem !== undefined) {
    throw new LatchkeyError('invalid_input', `No receipt can say that: ${problem}.`);
  }
  const { registerId, payeeId, tokenId, counter, amount, at, trustAsOf, codeHash } = receipt;
  const payload = map([
    [member.register, text(registerId)],
    [member.payee, writeAccount(payeeId)],
    [member.token, bytes(codeIdBytes(tokenId))],
    [member.counter, integer(counter)],
    [member.amount, integer(Number(amount.minor))],
    [member.currency, text(amount.currency)],
    [member.at, integer(secondsOf(at))],
    [member.trustAsOf, integer(secondsOf(trustAsOf))],
    [member.codeHash, bytes(codeHash)],
  ]);
  return writeSign1({ payload, keyId: undefined, externalAad: nothing, privateKey }, form);
}

/** Unverified. Errors: `receipt_malformed`. */
export function readReceipt(signed: Uint8Array): CodeReceipt {
  return readPayload(readWhole(signed).payload);
}

/** The signature, and only then what it says. Errors: `receipt_signature_invalid`, `receipt_malformed`. */
export function verifyReceipt(signed: Uint8Array, publicKey: KeyObject): CodeReceipt {
  const sign1 = readWhole(signed);
  if (!isSignedBy(sign1, nothing, publicKey)) {
    throw new LatchkeyError('receipt_signature_invalid');
  }
  return readPayload(sign1.payload);
}

/** As its payer gets it: `LKR1:` and base45. */
export function receiptText(signed: Uint8Array): string {
  return textPrefix + base45(signed);
}

/** Without the end of its line. Errors: `receipt_malformed`. */
export function parseReceiptText(text: string): Uint8Array {
  if (text.length > mostCharacters) {
    throw malformed('it is too long');
  }
  if (!text.startsWith(textPrefix)) {
    throw malformed(`it does not begin with ${textPrefix}`);
  }
  return parseBase45(text, textPrefix.length, malformed);
}

/** By which it is known: `rcp_` and base64url of its SHA-256. A register signs the same in the same way. */
export function receiptIdOf(signed: Uint8Array): string {
  return idFrom('rcp', base64url(hash('sha256', signed, 'buffer')));
}

function readWhole(signed: Uint8Array): Sign1 {
  if (signed.length > mostBytes) {
    throw malformed('it is too long');
  }
  const reader = new CborReader(signed, malformed);
  const sign1 = readSign1(reader, 'the receipt', form);
  reader.end('the receipt');
  return sign1;
}

function readPayload(payload: Uint8Array): CodeReceipt {
  const reader = new CborReader(payload, malformed);
  let registerId = '';
  let payeeId = '';
  let tokenId = '';
  let counter = 0;
  let minor = 0;
  let currency = '';
  let at = 0;
  let trustAsOf = 0;
  let codeHash: Uint8Array = nothing;
  reader.map('what the receipt says', new Map([
    [member.register, () => void (registerId = reader.text('the register'))],
    [member.payee, () => void (payeeId = readAccount(reader, 'the payee'))],
    [member.token, () => void (tokenId = codeIdOf(reader, 'the token’s id'))],
    [member.counter, () => void (counter = reader.unsigned('the counter'))],
    [member.amount, () => void (minor = reader.unsigned('the amount'))],
    [member.currency, () => void (currency = reader.text('the currency'))],
    [member.at, () => void (at = readInstant(reader, 'the time'))],
    [member.trustAsOf, () => void (trustAsOf = readInstant(reader, 'the time of the trust list'))],
    [member.codeHash, () => void (codeHash = reader.bytesOf(hashBytes, 'the code’s hash'))],
  ]));
  reader.end('what the receipt says');
  const receipt: CodeReceipt = {
    registerId, payeeId, tokenId, counter,
    amount: { minor: BigInt(minor), currency },
    at: new Date(at * 1000),
    trustAsOf: new Date(trustAsOf * 1000),
    codeHash: Uint8Array.from(codeHash),
  };
  const problem = receiptProblem(receipt);
  if (problem !== undefined) {
    throw malformed(problem);
  }
  return receipt;
}

/** What a receipt may not say, whoever signed it. */
function receiptProblem({ registerId, payeeId, counter, amount, at, trustAsOf, codeHash }: CodeReceipt): string | undefined {
  if (!isId(registerId)) return 'the register is no id';
  if (!isId(payeeId)) return 'the payee is no id';
  if (counter < 1) return 'the counter is 0';
  if (counter > mostCounter) return `the counter is above ${mostCounter}`;
  if (!knownCurrencies.has(amount.currency)) return 'the currency is none of ISO 4217';
  if (amount.minor < 1n) return 'the amount is nothing';
  if (amount.minor > mostMinor) return 'the amount is more than is moved at once';
  if (!isInstant(at) || !isInstant(trustAsOf)) return 'its times are not between 1970 and 9999';
  return codeHash.length === hashBytes ? undefined : 'the code’s hash has not 32 bytes';
}

function malformed(detail: string): LatchkeyError {
  return new LatchkeyError('receipt_malformed', `This is no receipt of a credit payment code: ${detail}.`);
}
