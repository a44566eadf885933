import { amountFlag, fileFlag, yesFlag } from '../flags.ts';

/** On commands that pay for access. */
export const feeFlags = {
  'max-fee': amountFlag({ description: 'Pay without a question up to this, and nothing if the fee is more.' }),
  yes: { ...yesFlag, description: 'Pay the fee whatever it is. It does not answer what a security check asks.' },
  'identity-code-file': fileFlag({ description: 'Take the identity code in this file, - for stdin (or LATCHKEY_IDENTITY_CODE).' }),
};
