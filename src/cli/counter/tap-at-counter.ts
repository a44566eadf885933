import { LatchkeyError } from '../../domain/errors.ts';
import type { Claim } from '../../roles/pos/ports.ts';
import { handOver, type CredentialFileFlags, type CredentialFormat } from '../credential-output.ts';
import type { CredentialWire } from '../present/credentials.ts';
import { tapToWire, type TapWire } from '../present/sales.ts';
import { readGivenSecret, type SecretSources } from '../secret-input.ts';
import { credentialFor } from './hand-over.ts';
import type { Counter } from './open-counter.ts';

export interface ClaimFlags {
  readonly uid?: Uint8Array | undefined;
  readonly receipt?: string | undefined;
  readonly 'phone-token-file'?: string | undefined;
}

/** Who asks for access, by flags; undefined for nobody. Errors: `invalid_input` for several, those of reading a secret. */
export async function claimFrom({ uid, receipt, 'phone-token-file': file }: ClaimFlags, sources: SecretSources): Promise<Claim | undefined> {
  const isNamed = uid !== undefined || receipt !== undefined;
  // The variable is for who names nobody else.
  const token = file === undefined && isNamed ? undefined : await readGivenSecret('phone-token', file, sources);
  const claims: Claim[] = [
    ...(uid === undefined ? [] : [{ kind: 'nfc', uid } as const]),
    ...(receipt === undefined ? [] : [{ kind: 'receipt', code: receipt } as const]),
    ...(token === undefined ? [] : [{ kind: 'phone', token } as const]),
  ];
  const [claim] = claims;
  if (claims.length > 1) {
    throw new LatchkeyError('invalid_input', '--uid, --receipt and --phone-token-file go one at a time.');
  }
  return claim;
}

export interface Tapped {
  readonly tap: TapWire;
  /** Why the password could not be handed over. */
  readonly failure: unknown;
}

/**
 * The password for who is on the permission list and has time left. If it cannot be had, what became of the receipt code
 * is told all the same: it is used up. Errors: `not_permitted`, `time_used_up`, `grant_paused`, `receipt_code_invalid`.
 */
export async function tapAtCounter(counter: Counter, claim: Claim, flags: CredentialFileFlags & { readonly format: CredentialFormat }, signal: AbortSignal): Promise<Tapped> {
  const { grant, phoneToken } = await counter.pos.access(claim);
  const tap = (credential?: CredentialWire) => tapToWire(grant, phoneToken, credential, new Date());
  try {
    return { tap: tap(await handOver(await credentialFor(counter, grant, signal), flags, flags.format)), failure: undefined };
  } catch (failure) {
    return { tap: tap(), failure };
  }
}
