import { Buffer } from 'node:buffer';
import { grantStates } from '../domain/grant.ts';
import { parseQuantity, quantityText, type Allowance } from '../domain/quantity.ts';
import { tenders, type Mandate, type Register, type Sale } from '../domain/sale.ts';
import { parseTariff, tariffToJson } from '../domain/tariff-json.ts';
import { base64url } from '../protocol/encoding.ts';
import type { Charge, Charged, Claim, MandateSetting, Refunded, RegisterDescription } from '../roles/pos/ports.ts';
import type { Identifier } from '../roles/pos/subjects.ts';
import { grantFromWire, grantSchema, grantToWire } from './grants.ts';
import { amountFromWire, amountInputSchema, amountSchema, amountToWire, currency, minor } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { paymentReplyFromWire, paymentReplySchema, paymentReplyToWire } from './payments.ts';
import { arrayOf, bytes32, count, id, input, instant, name, object, oneOf, remark, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const tariff = { type: 'object', additionalProperties: true, description: 'As `latchkey pos tariff show --json` prints it.' } as const;
const jwk = { type: 'string', maxLength: 1024, description: 'A public JWK (RFC 7517) as JSON.' } as const;
const receiptKey = { ...bytes32, description: 'By which it signs receipts for credit payment codes: a public key of Ed25519, 32 bytes in base64url.' } as const;
const uid = { type: 'string', pattern: '^([0-9a-f]{2}){4,10}$', description: 'In hexadecimal.' } as const;
const allowance = { type: 'string', maxLength: 32, description: 'A duration, or `unlimited`.' } as const;

export const registerSchema = object('Register', { register_id: id, name: text, payee_id: id, ap_id: id }, { tariff, jwk, receipt_key: receiptKey });
export type RegisterWire = Static<typeof registerSchema>;
export const registerDescriptionSchema = input('RegisterDescription', {}, { ssid: { type: 'string', minLength: 1, maxLength: 32 }, jwk, account: text, receipt_key: receiptKey });
export type RegisterDescriptionWire = Static<typeof registerDescriptionSchema>;
export const tariffInputSchema = input('TariffInput', {}, { tariff });

const walletAuthoritySchema = input('WalletAuthority', { kind: oneOf(['wallet']), account_id: id, terminal_id: id, code_number: { ...count, minimum: 1 }, password: name });
const mandateAuthoritySchema = input('MandateAuthority', { kind: oneOf(['mandate']), uid });
const outsideAuthoritySchema = input('OutsideAuthority', { kind: oneOf(['cash', 'card']) }, { uid });
export const chargeSchema = input(
  'Charge',
  { amount: amountInputSchema, authority: { anyOf: [walletAuthoritySchema, mandateAuthoritySchema, outsideAuthoritySchema] } },
  { memo: text },
);
export type ChargeWire = Static<typeof chargeSchema>;

export const saleSchema = object(
  'Sale',
  { sale_id: id, register_id: id, key: id, at: instant, tender: oneOf(tenders), amount: amountSchema, payee_id: id, used: minor, refunded: minor },
  { payer_id: id, subject_id: id, memo: remark, payment_id: id, grant_id: id, tariff, quantity: allowance, bought: allowance },
);
export type SaleWire = Static<typeof saleSchema>;
export const salePageSchema = pageOf('SalePage', saleSchema);
export const saleQuerySchema = input('SaleQuery', {}, { from: instant, to: instant, ...pageQuery });

export const chargedSchema = object('Charged', { sale: saleSchema }, { grant: grantSchema, reply: paymentReplySchema, receipt_code: text });
export type ChargedWire = Static<typeof chargedSchema>;

const subjectTokenSchema = input('SubjectToken', { account_id: id, terminal_id: id, code_number: { ...count, minimum: 1 }, at: instant, mac: bytes32 });
/** One of them; a receipt code with the token that the phone shows from then on. */
export const claimSchema = input('AccessClaim', {}, { uid, receipt_code: text, phone_token: name, terminal: subjectTokenSchema });
export type ClaimWire = Static<typeof claimSchema>;

export const moveSchema = input('Move', {}, { uid, phone_token: name, terminal_id: id });
export const sealedCodeSchema = object('SealedCode', {}, { sealed: { type: 'string', maxLength: 4096, description: 'A compact JWE (RFC 7516).' } });
export const sealedCodeInputSchema = input('SealedCodeInput', { register_id: id, sealed: { type: 'string', minLength: 1, maxLength: 4096, pattern: '^[A-Za-z0-9_.-]+$' } });
export const accessCodeQuerySchema = input('AccessCodeQuery', {}, { wait: { type: 'integer', minimum: 0, maximum: 30, description: 'Seconds.' } });

export const refundedSchema = object('Refunded', {
  grant: grantSchema,
  sales: arrayOf(object('RefundedSale', { sale: saleSchema, amount: amountSchema })),
  in_ledger: arrayOf(amountSchema),
  by_hand: arrayOf(amountSchema),
});
export type RefundedWire = Static<typeof refundedSchema>;

export const permissionQuerySchema = input('PermissionQuery', {}, { subject_id: name, state: oneOf(grantStates), ...pageQuery });

export const registersSchema = object('Registers', { registers: arrayOf(registerSchema) });

export const mandateInputSchema = input('MandateInput', { uid, account_id: id, per_tap: amountInputSchema, per_day: amountInputSchema });
export type MandateInputWire = Static<typeof mandateInputSchema>;
export const mandateSchema = object('Mandate', { subject_id: id, account_id: id, currency, per_tap: minor, per_day: minor, set_at: instant }, { ended_at: instant });
export type MandateWire = Static<typeof mandateSchema>;
export const mandatesSchema = object('Mandates', { mandates: arrayOf(mandateSchema) });

export function registerToWire({ id: registerId, name: called, payeeId, apId, tariff: sold, jwk: key, receiptKey: signs }: Register): RegisterWire {
  return present({
    register_id: registerId, name: called, payee_id: payeeId, ap_id: apId, tariff: sold && { ...tariffToJson(sold) }, jwk: key,
    receipt_key: signs && base64url(signs),
  });
}

export function registerFromWire(wire: RegisterWire): Register {
  return {
    id: wire.register_id,
    name: wire.name,
    payeeId: wire.payee_id,
    apId: wire.ap_id,
    tariff: wire.tariff === undefined ? undefined : parseTariff(wire.tariff),
    jwk: wire.jwk,
    receiptKey: wire.receipt_key === undefined ? undefined : Buffer.from(wire.receipt_key, 'base64url'),
  };
}

export function registerDescriptionToWire({ receiptKey: signs, ...described }: RegisterDescription): RegisterDescriptionWire {
  return present({ ...described, receipt_key: signs && base64url(signs) });
}

export function registerDescriptionFromWire({ receipt_key: signs, ...described }: RegisterDescriptionWire): RegisterDescription {
  return { ...described, receiptKey: signs === undefined ? undefined : Buffer.from(signs, 'base64url') };
}

export function chargeToWire({ amount, memo, authority }: Charge): ChargeWire {
  return present({ amount: amountToWire(amount), memo, authority: authorityToWire(authority) });
}

function authorityToWire(authority: Charge['authority']): ChargeWire['authority'] {
  switch (authority.kind) {
    case 'wallet': {
      const { kind, accountId, terminalId, codeNumber, password } = authority;
      return { kind, account_id: accountId, terminal_id: terminalId, code_number: codeNumber, password };
    }
    case 'mandate':
      return { kind: authority.kind, uid: hex(authority.uid) };
    case 'cash':
    case 'card':
      return present({ kind: authority.kind, uid: authority.uid && hex(authority.uid) });
  }
}

export function chargeFromWire({ amount, memo, authority }: ChargeWire, key: string): Charge {
  return { key, amount: amountFromWire(amount), memo, authority: authorityFromWire(authority) };
}

function authorityFromWire(wire: ChargeWire['authority']): Charge['authority'] {
  if ('password' in wire) {
    return { kind: 'wallet', accountId: wire.account_id, terminalId: wire.terminal_id, codeNumber: wire.code_number, password: wire.password };
  }
  if (wire.kind === 'mandate') {
    return { kind: 'mandate', uid: bytes(wire.uid!) };
  }
  return { kind: wire.kind, uid: wire.uid === undefined ? undefined : bytes(wire.uid) };
}

export function saleToWire(sale: Sale): SaleWire {
  return present({
    sale_id: sale.id,
    register_id: sale.registerId,
    key: sale.key,
    payer_id: sale.payerId,
    subject_id: sale.subjectId,
    at: instantToWire(sale.at),
    tender: sale.tender,
    amount: amountToWire(sale.amount),
    payee_id: sale.payeeId,
    memo: sale.memo,
    payment_id: sale.paymentId,
    grant_id: sale.grantId,
    tariff: sale.tariff && { ...tariffToJson(sale.tariff) },
    quantity: allowanceToWire(sale.quantity),
    bought: allowanceToWire(sale.bought),
    used: sale.used.toString(),
    refunded: sale.refunded.toString(),
  });
}

export function saleFromWire(wire: SaleWire): Sale {
  return {
    id: wire.sale_id,
    registerId: wire.register_id,
    key: wire.key,
    payerId: wire.payer_id,
    subjectId: wire.subject_id,
    at: instantFromWire(wire.at),
    tender: wire.tender,
    amount: amountFromWire(wire.amount),
    payeeId: wire.payee_id,
    memo: wire.memo,
    paymentId: wire.payment_id,
    grantId: wire.grant_id,
    tariff: wire.tariff === undefined ? undefined : parseTariff(wire.tariff),
    quantity: allowanceFromWire(wire.quantity),
    bought: allowanceFromWire(wire.bought),
    used: BigInt(wire.used),
    refunded: BigInt(wire.refunded),
  };
}

function allowanceToWire(value: Allowance | undefined): string | undefined {
  return value === undefined || value === 'unlimited' ? value : quantityText(value);
}

function allowanceFromWire(wire: string | undefined): Allowance | undefined {
  return wire === undefined || wire === 'unlimited' ? wire : parseQuantity(wire);
}

export function chargedToWire({ sale, grant, reply, receiptCode }: Charged): ChargedWire {
  return present({ sale: saleToWire(sale), grant: grant && grantToWire(grant), reply: reply && paymentReplyToWire(reply), receipt_code: receiptCode });
}

export function chargedFromWire({ sale, grant, reply, receipt_code: receiptCode }: ChargedWire): Charged {
  return { sale: saleFromWire(sale), grant: grant && grantFromWire(grant), reply: reply && paymentReplyFromWire(reply), receiptCode };
}

export function claimToWire(claim: Claim): ClaimWire {
  switch (claim.kind) {
    case 'nfc':
      return { uid: hex(claim.uid) };
    case 'receipt':
      return { receipt_code: claim.code, phone_token: claim.phoneToken };
    case 'phone':
      return { phone_token: claim.token };
    case 'terminal': {
      const { accountId, terminalId, codeNumber, at, mac } = claim.token;
      return { terminal: { account_id: accountId, terminal_id: terminalId, code_number: codeNumber, at: instantToWire(at), mac: base64url(mac) } };
    }
  }
}

/** Undefined unless it is exactly one, and whole. */
export function claimFromWire({ uid: card, receipt_code: code, phone_token: token, terminal }: ClaimWire): Claim | undefined {
  if (code !== undefined && token === undefined) {
    return undefined;
  }
  const claims: Claim[] = [
    ...(card === undefined ? [] : [{ kind: 'nfc', uid: bytes(card) } as const]),
    ...(token === undefined ? [] : [code === undefined ? ({ kind: 'phone', token } as const) : ({ kind: 'receipt', code, phoneToken: token } as const)]),
    ...(terminal === undefined ? [] : [{
      kind: 'terminal',
      token: {
        accountId: terminal.account_id,
        terminalId: terminal.terminal_id,
        codeNumber: terminal.code_number,
        at: instantFromWire(terminal.at),
        mac: Buffer.from(terminal.mac, 'base64url'),
      },
    } as const]),
  ];
  return claims.length === 1 ? claims[0] : undefined;
}

export type MoveTarget = Exclude<Identifier, { readonly kind: 'receipt' }>;

export function moveToWire(to: MoveTarget): Static<typeof moveSchema> {
  return to.kind === 'nfc' ? { uid: hex(to.uid) } : to.kind === 'phone' ? { phone_token: to.token } : { terminal_id: to.id };
}

/** Undefined unless it is exactly one. */
export function moveFromWire({ uid: card, phone_token: token, terminal_id: terminal }: Static<typeof moveSchema>): MoveTarget | undefined {
  const targets: MoveTarget[] = [
    ...(card === undefined ? [] : [{ kind: 'nfc', uid: bytes(card) } as const]),
    ...(token === undefined ? [] : [{ kind: 'phone', token } as const]),
    ...(terminal === undefined ? [] : [{ kind: 'terminal', id: terminal } as const]),
  ];
  return targets.length === 1 ? targets[0] : undefined;
}

export function refundedToWire({ grant, sales, inLedger, byHand }: Refunded): RefundedWire {
  return {
    grant: grantToWire(grant),
    sales: sales.map(({ sale, amount }) => ({ sale: saleToWire(sale), amount: amountToWire(amount) })),
    in_ledger: inLedger.map(amountToWire),
    by_hand: byHand.map(amountToWire),
  };
}

export function refundedFromWire({ grant, sales, in_ledger: inLedger, by_hand: byHand }: RefundedWire): Refunded {
  return {
    grant: grantFromWire(grant),
    sales: sales.map(({ sale, amount }) => ({ sale: saleFromWire(sale), amount: amountFromWire(amount) })),
    inLedger: inLedger.map(amountFromWire),
    byHand: byHand.map(amountFromWire),
  };
}

export function mandateInputToWire({ uid: card, accountId, perTap, perDay }: MandateSetting): MandateInputWire {
  return { uid: hex(card), account_id: accountId, per_tap: amountToWire(perTap), per_day: amountToWire(perDay) };
}

export function mandateInputFromWire(wire: MandateInputWire): MandateSetting {
  return { uid: bytes(wire.uid), accountId: wire.account_id, perTap: amountFromWire(wire.per_tap), perDay: amountFromWire(wire.per_day) };
}

export function mandateToWire({ subjectId, accountId, currency: code, perTap, perDay, setAt, endedAt }: Mandate): MandateWire {
  return present({
    subject_id: subjectId, account_id: accountId, currency: code,
    per_tap: perTap.toString(), per_day: perDay.toString(), set_at: instantToWire(setAt), ended_at: instantToWire(endedAt),
  });
}

export function mandateFromWire(wire: MandateWire): Mandate {
  return {
    subjectId: wire.subject_id,
    accountId: wire.account_id,
    currency: wire.currency,
    perTap: BigInt(wire.per_tap),
    perDay: BigInt(wire.per_day),
    setAt: instantFromWire(wire.set_at),
    endedAt: instantFromWire(wire.ended_at),
  };
}

function hex(of: Uint8Array): string {
  return Buffer.from(of).toString('hex');
}

function bytes(of: string): Uint8Array {
  return Buffer.from(of, 'hex');
}
