import { Buffer } from 'node:buffer';
import {
  creditCodeStates, longestValidityMs, lossBearers, mostCounter, mostPayees, mostUses, settlementOutcomes, shortestValidityMs,
  type CodeOrder, type CodeReceipt, type CreditCode,
} from '../domain/credit-code.ts';
import { longestCodeText } from '../protocol/credit-code.ts';
import { base64url } from '../protocol/encoding.ts';
import {
  settlementBatch, signingKeyStates,
  type AcceptedCode, type Dispute, type IssuedCode, type Settlement, type SettlementReply, type SigningKey, type TrustedKey, type TrustList,
} from '../roles/codes/ports.ts';
import { amountFromWire, amountSchema, amountToWire, currency } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, bytes32, count, digits, id, input, instant, object, oneOf, remark, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

/** Of bytes in base64url, in characters. */
const charactersOf = (bytes: number) => Math.ceil((bytes * 4) / 3);
/** Base45 makes three characters of two bytes. */
const mostCodeCharacters = charactersOf((longestCodeText * 2) / 3);
const mostReceiptCharacters = charactersOf(512);
/** A body with as many codes as are settled at once. */
export const settlementBodyBytes = 1024 + settlementBatch * (mostCodeCharacters + mostReceiptCharacters + 64);

const base64 = (maxLength: number, description: string) => ({ type: 'string', minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$', description }) as const;
const codeBytes = base64(mostCodeCharacters, 'The bytes of a code (docs/credit-code.cddl), in base64url.');
const receiptBytes = base64(mostReceiptCharacters, 'The bytes of a receipt (docs/credit-code.cddl), in base64url.');
const tokenBytes = base64(mostCodeCharacters, 'The token, a COSE_Sign1 (docs/credit-code.cddl), in base64url.');
const publicKey = { ...bytes32, description: 'A public key of Ed25519, 32 bytes in base64url.' } as const;
const keyId = { type: 'string', pattern: '^[A-Za-z0-9_-]{11}$', description: '`kid`: 8 bytes in base64url.' } as const;
const minorUnits = { ...digits, description: 'Minor units (cents) in decimal digits.' } as const;
const uses = { type: 'integer', minimum: 1, maximum: mostUses } as const;
const counter = { type: 'integer', minimum: 1, maximum: mostCounter } as const;
const payees = { ...arrayOf(id), minItems: 1, maxItems: mostPayees } as const;

/** What a payment has issued. */
export const codeOrderSchema = input(
  'CodeOrder',
  { max_each: minorUnits, uses, valid_s: { type: 'integer', minimum: shortestValidityMs / 1000, maximum: longestValidityMs / 1000, description: 'Seconds.' }, holder_key: publicKey },
  { payees },
);
export type CodeOrderWire = Static<typeof codeOrderSchema>;

const codeMembers = {
  code_id: id,
  state: oneOf(creditCodeStates),
  issuer: id,
  key_id: keyId,
  holder_key: publicKey,
  currency,
  max_each: minorUnits,
  max_total: minorUnits,
  uses,
  issued_at: instant,
  expires_at: instant,
  settle_by: instant,
  account_id: id,
  terminal_id: id,
  payment_id: id,
  settled: minorUnits,
  settled_uses: count,
} as const;
const someCodeMembers = { payees, revoked_at: instant } as const;
export const codeSchema = object('CreditCode', codeMembers, someCodeMembers);
export type CodeWire = Static<typeof codeSchema>;
export const codePageSchema = pageOf('CreditCodePage', codeSchema);
export const codeQuerySchema = input('CreditCodeQuery', {}, { account_id: id, state: oneOf(creditCodeStates), ...pageQuery });
export const issuedCodeSchema = object('IssuedCode', { ...codeMembers, signed: tokenBytes }, someCodeMembers);
export type IssuedCodeWire = Static<typeof issuedCodeSchema>;

const receiptSchema = object('CodeReceipt', {
  register_id: id, payee_id: id, code_id: id, counter, amount: amountSchema, at: instant, trust_as_of: instant, code_hash: { ...bytes32, description: 'SHA-256 of the code.' },
});
export type CodeReceiptWire = Static<typeof receiptSchema>;
const settlementMembers = { receipt_id: id, receipt: receiptSchema, outcome: oneOf(settlementOutcomes), at: instant } as const;
const someSettlementMembers = { reason: remark, posting_id: id } as const;
export const settlementSchema = object('CodeSettlement', settlementMembers, someSettlementMembers);
export type SettlementWire = Static<typeof settlementSchema>;
export const codeWithSettlementsSchema = object('CodeWithSettlements', { ...codeMembers, settlements: arrayOf(settlementSchema) }, someCodeMembers);
export type CodeWithSettlementsWire = Static<typeof codeWithSettlementsSchema>;

const otherReceiptSchema = object('OtherReceipt', { receipt_id: id, signed_receipt: receiptBytes });
export const disputeSchema = object(
  'CodeDispute',
  { ...settlementMembers, signed_receipt: receiptBytes, code: codeBytes, loss: amountSchema, borne_by: oneOf(lossBearers) },
  { ...someSettlementMembers, other: otherReceiptSchema, account_id: { ...id, description: 'The payer’s; only for admins.' } },
);
export type DisputeWire = Static<typeof disputeSchema>;
export const disputePageSchema = pageOf('CodeDisputePage', disputeSchema);
export const disputeQuerySchema = input('CodeDisputeQuery', {}, { outcome: oneOf(settlementOutcomes), code_id: id, account_id: { ...id, description: 'The payer’s; only for admins.' }, ...pageQuery });

export const settlementInputSchema = input('CodeSettlementInput', {
  accepted: { ...arrayOf(input('AcceptedCode', { code: codeBytes, receipt: receiptBytes })), maxItems: settlementBatch },
});
export type SettlementInputWire = Static<typeof settlementInputSchema>;
const settlementReplySchema = object('CodeSettlementReply', { receipt_id: id, outcome: oneOf(settlementOutcomes) }, { reason: remark });
export const settlementRepliesSchema = object('CodeSettlementReplies', { settled: arrayOf(settlementReplySchema) });
export type SettlementRepliesWire = Static<typeof settlementRepliesSchema>;

export const receiptKeysSchema = object('ReceiptKeys', { receipt_keys: arrayOf(publicKey) });
export type ReceiptKeysWire = Static<typeof receiptKeysSchema>;

const trustedKeySchema = object('TrustedKey', { key_id: keyId, public_key: publicKey }, { revoked_at: instant });
export const trustListSchema = object('TrustList', { issuer: id, as_of: instant, keys: arrayOf(trustedKeySchema), revoked: arrayOf(id) });
export type TrustListWire = Static<typeof trustListSchema>;

export const signingKeySchema = object(
  'SigningKey',
  { key_id: keyId, public_key: publicKey, state: oneOf(signingKeyStates), created_at: instant, signs_from: instant },
  { revoked_at: instant, needed_until: instant },
);
export type SigningKeyWire = Static<typeof signingKeySchema>;
export const signingKeysSchema = object('SigningKeys', { keys: arrayOf(signingKeySchema) });
export const rotationSchema = input('KeyRotation', {}, { overlap_s: { type: 'integer', minimum: 0, maximum: 31_536_000, description: 'Seconds, in which registers learn of it before it signs; none if left out.' } });

export function codeOrderToWire({ maxEach, uses: times, payees: named, validMs, holderKey }: CodeOrder): CodeOrderWire {
  return present({ max_each: maxEach.toString(), uses: times, payees: named && [...named], valid_s: validMs / 1000, holder_key: base64url(holderKey) });
}

export function codeOrderFromWire(wire: CodeOrderWire): CodeOrder {
  return { maxEach: BigInt(wire.max_each), uses: wire.uses, payees: wire.payees, validMs: wire.valid_s * 1000, holderKey: bytes(wire.holder_key) };
}

export function codeToWire({ token, ...code }: CreditCode): CodeWire {
  return present({
    code_id: token.id,
    state: code.state,
    issuer: token.issuer,
    key_id: code.keyId,
    holder_key: base64url(token.holderKey),
    currency: token.currency,
    max_each: token.maxEach.toString(),
    max_total: token.maxTotal.toString(),
    uses: token.uses,
    payees: token.payees && [...token.payees],
    issued_at: instantToWire(token.issuedAt),
    expires_at: instantToWire(token.expiresAt),
    settle_by: instantToWire(code.settleBy),
    account_id: code.accountId,
    terminal_id: code.terminalId,
    payment_id: code.paymentId,
    settled: code.settled.toString(),
    settled_uses: code.settledUses,
    revoked_at: instantToWire(code.revokedAt),
  });
}

export function codeFromWire(wire: CodeWire): CreditCode {
  return {
    token: {
      id: wire.code_id,
      issuer: wire.issuer,
      holderKey: bytes(wire.holder_key),
      currency: wire.currency,
      maxEach: BigInt(wire.max_each),
      maxTotal: BigInt(wire.max_total),
      uses: wire.uses,
      payees: wire.payees,
      issuedAt: instantFromWire(wire.issued_at),
      expiresAt: instantFromWire(wire.expires_at),
    },
    state: wire.state,
    keyId: wire.key_id,
    accountId: wire.account_id,
    terminalId: wire.terminal_id,
    paymentId: wire.payment_id,
    settled: BigInt(wire.settled),
    settledUses: wire.settled_uses,
    revokedAt: instantFromWire(wire.revoked_at),
    settleBy: instantFromWire(wire.settle_by),
  };
}

export function issuedCodeToWire(code: IssuedCode): IssuedCodeWire {
  return { ...codeToWire(code), signed: base64url(code.signed) };
}

export function issuedCodeFromWire(wire: IssuedCodeWire): IssuedCode {
  return { ...codeFromWire(wire), signed: bytes(wire.signed) };
}

type CodeWithSettlements = CreditCode & { readonly settlements: readonly Settlement[] };

export function codeWithSettlementsToWire({ settlements, ...code }: CodeWithSettlements): CodeWithSettlementsWire {
  return { ...codeToWire(code), settlements: settlements.map(settlementToWire) };
}

export function codeWithSettlementsFromWire({ settlements, ...code }: CodeWithSettlementsWire): CodeWithSettlements {
  return { ...codeFromWire(code), settlements: settlements.map(settlementFromWire) };
}

export function codeReceiptToWire(receipt: CodeReceipt): CodeReceiptWire {
  return {
    register_id: receipt.registerId,
    payee_id: receipt.payeeId,
    code_id: receipt.tokenId,
    counter: receipt.counter,
    amount: amountToWire(receipt.amount),
    at: instantToWire(receipt.at),
    trust_as_of: instantToWire(receipt.trustAsOf),
    code_hash: base64url(receipt.codeHash),
  };
}

function codeReceiptFromWire(wire: CodeReceiptWire): CodeReceipt {
  return {
    registerId: wire.register_id,
    payeeId: wire.payee_id,
    tokenId: wire.code_id,
    counter: wire.counter,
    amount: amountFromWire(wire.amount),
    at: instantFromWire(wire.at),
    trustAsOf: instantFromWire(wire.trust_as_of),
    codeHash: bytes(wire.code_hash),
  };
}

function settlementToWire({ id: receiptId, receipt, outcome, reason, at, postingId }: Settlement): SettlementWire {
  return present({ receipt_id: receiptId, receipt: codeReceiptToWire(receipt), outcome, reason, at: instantToWire(at), posting_id: postingId });
}

function settlementFromWire(wire: SettlementWire): Settlement {
  return {
    id: wire.receipt_id, receipt: codeReceiptFromWire(wire.receipt), outcome: wire.outcome, reason: wire.reason, at: instantFromWire(wire.at), postingId: wire.posting_id,
  };
}

export function disputeToWire({ signedReceipt, code, other, loss, borneBy, accountId, ...settlement }: Dispute): DisputeWire {
  return present({
    ...settlementToWire(settlement),
    signed_receipt: base64url(signedReceipt),
    code: base64url(code),
    loss: amountToWire(loss),
    borne_by: borneBy,
    other: other && { receipt_id: other.id, signed_receipt: base64url(other.signedReceipt) },
    account_id: accountId,
  });
}

export function disputeFromWire(wire: DisputeWire): Dispute {
  return {
    ...settlementFromWire(wire),
    signedReceipt: bytes(wire.signed_receipt),
    code: bytes(wire.code),
    loss: amountFromWire(wire.loss),
    borneBy: wire.borne_by,
    other: wire.other && { id: wire.other.receipt_id, signedReceipt: bytes(wire.other.signed_receipt) },
    accountId: wire.account_id,
  };
}

export function settlementInputToWire(accepted: readonly AcceptedCode[]): SettlementInputWire {
  return { accepted: accepted.map(({ code, receipt }) => ({ code: base64url(code), receipt: base64url(receipt) })) };
}

export function settlementInputFromWire({ accepted }: SettlementInputWire): AcceptedCode[] {
  return accepted.map(({ code, receipt }) => ({ code: bytes(code), receipt: bytes(receipt) }));
}

export function settlementRepliesToWire(replies: readonly SettlementReply[]): SettlementRepliesWire {
  return { settled: replies.map(({ id: receiptId, outcome, reason }) => present({ receipt_id: receiptId, outcome, reason })) };
}

export function settlementRepliesFromWire({ settled }: SettlementRepliesWire): SettlementReply[] {
  return settled.map(({ receipt_id: receiptId, outcome, reason }) => ({ id: receiptId, outcome, reason }));
}

export function trustListToWire({ issuer, asOf, keys, revoked }: TrustList): TrustListWire {
  return { issuer, as_of: instantToWire(asOf), keys: keys.map(trustedKeyToWire), revoked: [...revoked] };
}

export function trustListFromWire({ issuer, as_of: asOf, keys, revoked }: TrustListWire): TrustList {
  return { issuer, asOf: instantFromWire(asOf), keys: keys.map(trustedKeyFromWire), revoked };
}

function trustedKeyToWire({ id: named, publicKey: key, revokedAt }: TrustedKey): TrustListWire['keys'][number] {
  return present({ key_id: named, public_key: base64url(key), revoked_at: instantToWire(revokedAt) });
}

function trustedKeyFromWire({ key_id: named, public_key: key, revoked_at: revokedAt }: TrustListWire['keys'][number]): TrustedKey {
  return { id: named, publicKey: bytes(key), revokedAt: instantFromWire(revokedAt) };
}

export function signingKeyToWire({ state, createdAt, signsFrom, neededUntil, ...key }: SigningKey): SigningKeyWire {
  return present({ ...trustedKeyToWire(key), state, created_at: instantToWire(createdAt), signs_from: instantToWire(signsFrom), needed_until: instantToWire(neededUntil) });
}

export function signingKeyFromWire(wire: SigningKeyWire): SigningKey {
  return {
    ...trustedKeyFromWire(wire),
    state: wire.state,
    createdAt: instantFromWire(wire.created_at),
    signsFrom: instantFromWire(wire.signs_from),
    neededUntil: instantFromWire(wire.needed_until),
  };
}

function bytes(of: string): Uint8Array {
  return Buffer.from(of, 'base64url');
}

export function receiptKeysToWire(keys: readonly Uint8Array[]): ReceiptKeysWire {
  return { receipt_keys: keys.map(base64url) };
}

export function receiptKeysFromWire({ receipt_keys: keys }: ReceiptKeysWire): Uint8Array[] {
  return keys.map(bytes);
}
