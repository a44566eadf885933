import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const longestName = 200;
const longestValue = 8192;

/** What every secret store takes and no other: see roles/secret-store.ts. Errors: `invalid_input`. */
export function checkName(name: string): string {
  if (name.length > longestName || !namePattern.test(name)) {
    throw new LatchkeyError('invalid_input', 'This is not a name of a secret such as "profile/ap/token".');
  }
  return name;
}

export function checkValue(name: string, value: string): string {
  const length = Buffer.byteLength(value);
  if (length === 0 || length > longestValue || value.includes('\0') || !value.isWellFormed()) {
    throw new LatchkeyError('invalid_input', `The secret ${name} must be text of 1 to ${longestValue} bytes without NUL.`);
  }
  return value;
}
