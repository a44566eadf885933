import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseIdentityCode, parseVerificationCode, type PasswordAlgorithm } from '../../domain/payment.ts';
import type { NewBinding, VerificationSent } from '../../roles/wallet/ports.ts';
import type { RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { readSecret } from '../secret-input.ts';
import { openPayer, withAccount } from './open-payer.ts';

export interface BindFlags extends RoleFlags {
  readonly 'request-code': boolean;
  readonly verification?: string | undefined;
  readonly 'verification-code-file'?: string | undefined;
  readonly 'identity-code-file'?: string | undefined;
  readonly algorithm?: PasswordAlgorithm | undefined;
}

export interface BindOptions extends Opening {
  /** What the account is called, for who has to name it; asked for only where a code is to be sent. */
  readonly account: () => Promise<{ readonly account: string; readonly name: string }>;
  readonly interactive: boolean;
  readonly note: (text: string) => Promise<void>;
}

/**
 * Binds this terminal: has a code sent, asks for it and for the identity code, and keeps the first temporary code.
 * Where nobody can be asked that takes two runs. Errors: those of `WalletRole`, `missing_input`.
 */
export async function bindAccount(flags: BindFlags, { account, interactive, note, ...opening }: BindOptions): Promise<NewBinding | VerificationSent> {
  const { wallet, payer } = await openPayer(flags, opening);
  const { sources } = opening;
  let verificationId = flags.verification;
  if (verificationId === undefined) {
    if (!flags['request-code'] && !interactive) {
      throw new LatchkeyError('missing_input', 'Nobody can be asked for the verification code: have it sent with --request-code, and run it again with --verification ID and --verification-code-file PATH|-.');
    }
    const sent = await wallet.requestVerification({ key: randomBytes(16).toString('base64url'), ...(await account()) });
    if (flags['request-code']) {
      return sent;
    }
    await note('If there is such an account, a verification code is on its way to whom it belongs to.');
    verificationId = sent.verificationId;
  }
  const verificationCode = parseVerificationCode(await readSecret({
    name: 'verification-code', file: flags['verification-code-file'], message: 'Verification code:', ...sources,
  }));
  const identityCode = parseIdentityCode((await readSecret({
    name: 'identity-code', file: flags['identity-code-file'], message: 'Choose an identity code:', ...sources,
  })).normalize('NFC'));
  const binding = await wallet.bind({ verificationId, verificationCode, identityCode, algorithm: flags.algorithm });
  await withAccount(binding.accountId, () => payer.keep(binding));
  return binding;
}
