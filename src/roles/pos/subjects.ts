import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { idFrom } from '../../domain/identifiers.ts';
import { nfcIdentifier } from '../../domain/nfc-identifier.ts';
import { base64url, parseBase64url } from '../../protocol/encoding.ts';
import { keyedHash } from '../keyed-hash.ts';
import type { ServiceContext } from '../service-context.ts';

const keyName = 'subject-key';

/** By what somebody at the counter is known. */
export type Identifier =
  /** The UID of a card or of a phone that has one, 4 to 10 bytes. */
  | { readonly kind: 'nfc'; readonly uid: Uint8Array }
  /** A terminal that has proven itself. */
  | { readonly kind: 'terminal'; readonly id: string }
  /** A code from a receipt that nobody has redeemed yet. */
  | { readonly kind: 'receipt'; readonly code: string }
  /** What a phone shows since it redeemed one. */
  | { readonly kind: 'phone'; readonly token: string };

/**
 * Whose grant it is: identifiers are kept as keyed hashes, so that nobody learns a UID from the database.
 * Errors: `random_identifier`, `receipt_code_invalid`.
 */
export async function subjectOf(context: ServiceContext, identifier: Identifier): Promise<Grant['subject']> {
  switch (identifier.kind) {
    case 'terminal':
      return { kind: 'terminal', id: identifier.id };
    case 'nfc':
      return { kind: 'nfc', id: await hash(context, 'nfc', nfcIdentifier(identifier.uid)) };
    case 'receipt':
      return { kind: 'receipt', id: await hash(context, 'receipt', parseReceiptCode(identifier.code)) };
    case 'phone':
      return { kind: 'phone', id: await hash(context, 'phone', identifier.token) };
  }
}

async function hash(context: ServiceContext, kind: string, value: string): Promise<string> {
  const digest = await keyedHash(context, keyName, `${kind}\0`, value);
  // A prefix, so that none begins with what command lines take for a flag.
  return idFrom('sub', base64url(digest.subarray(0, 16)));
}

/** Without letters that look like others (Crockford's base32). */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 40 random bits for people: `7K2M-9QXA`. */
export function newReceiptCode({ random }: Pick<ServiceContext, 'random'>): string {
  const code = [...random.bytes(8)].map((byte) => letters[byte & 31]).join('');
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** As `newReceiptCode` writes it, from what somebody typed. Errors: `receipt_code_invalid`. */
export function parseReceiptCode(text: string): string {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!/^[0-9A-HJKMNP-TV-Z]{8}$/.test(code)) {
    throw new LatchkeyError('receipt_code_invalid', 'A receipt code has eight letters and digits, such as 7K2M-9QXA.');
  }
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

const phoneTokenBytes = 16;

/** What a phone shows in the place of a receipt code that it has redeemed: 16 random bytes in base64url. */
export function newPhoneToken({ random }: Pick<ServiceContext, 'random'>): string {
  return base64url(random.bytes(phoneTokenBytes));
}

/** Whether it is as `newPhoneToken` writes it, and in no other form. */
export function isPhoneToken(text: string): boolean {
  return parseBase64url(text, phoneTokenBytes) !== undefined;
}

/** Errors: `invalid_input` unless it is as `newPhoneToken` writes it. */
export function parsePhoneToken(text: string): string {
  if (!isPhoneToken(text)) {
    throw new LatchkeyError('invalid_input', 'A phone token has 16 bytes in base64url.');
  }
  return text;
}
