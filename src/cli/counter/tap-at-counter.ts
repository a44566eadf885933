import { LatchkeyError } from '../../domain/errors.ts';
import { redeem, type CounterClaim } from '../../roles/pos/redemption.ts';
import { parseReceiptCode } from '../../roles/pos/subjects.ts';
import { handOver, isOnScreen, type ShownFlags } from '../credential-output.ts';
import type { HandedOver } from '../present/credentials.ts';
import { tapToWire, type TapWire } from '../present/sales.ts';
import { readGivenSecret, type SecretSources } from '../secret-input.ts';
import { credentialFor } from './hand-over.ts';
import type { Counter } from './open-counter.ts';
import { RedemptionFile } from './redemption-file.ts';

export interface ClaimFlags {
  readonly uid?: Uint8Array | undefined;
  readonly receipt?: string | undefined;
  readonly 'phone-token-file'?: string | undefined;
}

/** Who asks for access, by flags; undefined for nobody. Errors: `invalid_input` for several, those of reading a secret. */
export async function claimFrom({ uid, receipt, 'phone-token-file': file }: ClaimFlags, sources: SecretSources): Promise<CounterClaim | undefined> {
  const isNamed = uid !== undefined || receipt !== undefined;
  // The variable is for who names nobody else.
  const token = file === undefined && isNamed ? undefined : await readGivenSecret('phone-token', file, sources);
  if (uid !== undefined && (receipt !== undefined || token !== undefined)) {
    throw new LatchkeyError('invalid_input', '--uid goes without --receipt and --phone-token-file.');
  }
  if (receipt !== undefined) {
    return { kind: 'receipt', code: receipt, phoneToken: token };
  }
  return uid !== undefined ? { kind: 'nfc', uid } : token !== undefined ? { kind: 'phone', token } : undefined;
}

export interface Tapped {
  readonly tap: TapWire;
  /** Why the password could not be handed over. */
  readonly failure: unknown;
  /** To be called once the phone token is told: until then another try has the same one. */
  readonly told?: (() => Promise<void>) | undefined;
}

/**
 * The password for who is on the permission list and has time left. If it cannot be had, what became of the receipt code
 * is told all the same: it is used up. Errors: `not_permitted`, `time_used_up`, `grant_paused`, `receipt_code_invalid`.
 */
export async function tapAtCounter(counter: Counter, claim: CounterClaim, flags: ShownFlags, signal: AbortSignal): Promise<Tapped> {
  const { grant, phoneToken, told } = await letIn(counter, claim);
  const tap = (handedOver: HandedOver) => tapToWire(grant, phoneToken, handedOver, new Date());
  try {
    return { tap: tap(await handOver(await credentialFor(counter, grant, signal), flags, { format: flags.format, onScreen: isOnScreen(flags) })), failure: undefined, told };
  } catch (failure) {
    return { tap: tap({}), failure, told };
  }
}

async function letIn({ pos, register }: Counter, claim: CounterClaim) {
  if (claim.kind !== 'receipt') {
    return { ...(await pos.access(claim)), phoneToken: undefined, told: undefined };
  }
  const journal = new RedemptionFile(register.id);
  const redeemed = await redeem(pos, journal, claim);
  return { ...redeemed, told: () => journal.end(parseReceiptCode(claim.code)) };
}
