import { LatchkeyError } from '../../domain/errors.ts';

/** Errors: `invalid_input` where there is none. */
export function requireKey(key: string | undefined): string {
  if (key === undefined) {
    throw new LatchkeyError('invalid_input', 'This call needs an Idempotency-Key.');
  }
  return key;
}
