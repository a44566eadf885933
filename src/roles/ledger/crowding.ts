import { LatchkeyError } from '../../domain/errors.ts';

/** How often a payment, or a new binding, that others come in between of begins again. */
export const mostTries = 100;

/** After the last try. */
export function crowdedOut(): LatchkeyError {
  return new LatchkeyError('storage_locked', 'Too many payments at once.');
}
