import { LatchkeyError } from './errors.ts';

/** Ids and idempotency keys on every wire (protocol.md, encodings). */
const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return idPattern.test(text);
}

export function parseId(text: string, what = 'id'): string {
  if (!isId(text)) {
    throw new LatchkeyError('invalid_input', `This ${what} is not made of 1 to 64 letters, digits, "_" and "-".`);
  }
  return text;
}

/** A uuid (RFC 9562) in lower-case text; upper case is accepted and lowered, nothing else is repaired. */
export function parseUuid(text: string): string {
  const uuid = text.toLowerCase();
  if (!uuidPattern.test(uuid)) {
    throw new LatchkeyError('invalid_input', 'This is not a uuid such as 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d.');
  }
  return uuid;
}

export type IdPrefix = 'req' | 'grt' | 'ap' | 'tok' | 'hel' | 'enr' | 'fls' | 'acc' | 'pay' | 'pst' | 'top' | 'ver' | 'sal' | 'sub' | 'code' | 'svc' | 'rcp' | 'net' | 'chl' | 'off' | 'srq';

/** Ids made by us: a prefix that says what they name, and 128 random bits in base64url (22 characters), or a hash of what they name. */
export function idFrom(prefix: IdPrefix, rest: string): string {
  return `${prefix}_${rest}`;
}
