import { LatchkeyError } from '../../domain/errors.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import { permittedBy } from '../../roles/pos/counter.ts';
import type { Claim } from '../../roles/pos/ports.ts';
import { parseReceiptCode } from '../../roles/pos/subjects.ts';
import { handOver, isOnScreen, type ShownFlags } from '../credential-output.ts';
import { tapToWire, type TapWire } from '../present/sales.ts';
import { readGivenSecret, type SecretSources } from '../secret-input.ts';
import { credentialFor } from './hand-over.ts';
import type { Counter } from './open-counter.ts';
import { phoneTokenToRedeem } from './phone-token-file.ts';

export interface ClaimFlags {
  readonly uid?: Uint8Array | undefined;
  readonly receipt?: string | undefined;
  readonly 'phone-token-file'?: string | undefined;
}

/**
 * Who asks for access, by flags; undefined for nobody. Errors: `invalid_input` for several, `receipt_code_invalid`, those
 * of `phoneTokenToRedeem`.
 */
export async function claimFrom({ uid, receipt, 'phone-token-file': file }: ClaimFlags, sources: SecretSources): Promise<Claim | undefined> {
  if (uid !== undefined) {
    if (receipt !== undefined || file !== undefined) {
      throw new LatchkeyError('invalid_input', '--uid goes without --receipt and --phone-token-file.');
    }
    return { kind: 'nfc', uid };
  }
  if (receipt !== undefined) {
    return { kind: 'receipt', code: parseReceiptCode(receipt), phoneToken: await phoneTokenToRedeem(file, sources) };
  }
  const token = await readGivenSecret('phone-token', file, sources);
  return token === undefined ? undefined : { kind: 'phone', token };
}

export interface TapOptions {
  /** The register's security check. */
  readonly guard: RegisterGuard;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => void;
}

/**
 * The password for who is on the permission list and has time left. If it cannot be had, the same claim is good again.
 * Errors: those of `permittedBy`, `PosRole.access` and `credentialFor`.
 */
export async function tapAtCounter(counter: Counter, claim: Claim, flags: ShownFlags, { guard, signal, caution }: TapOptions): Promise<TapWire> {
  const failed = ({ message }: LatchkeyError) => caution(`What the security check has counted could not be given back. ${message}`);
  const grant = await permittedBy({ guard, failed }, claim, () => counter.pos.access(claim));
  const handedOver = await handOver(await credentialFor(counter, grant, signal), flags, { format: flags.format, onScreen: isOnScreen(flags) });
  return tapToWire(grant, handedOver, new Date());
}
