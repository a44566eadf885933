import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Claim, PosRole } from './ports.ts';
import { parseReceiptCode } from './subjects.ts';

/** Whoever comes with a receipt code, and perhaps with a token of their own. */
export interface ShownReceipt {
  readonly kind: 'receipt';
  readonly code: string;
  readonly phoneToken?: string | undefined;
}

/** As a claim, of who may leave the token to the register. */
export type CounterClaim = Exclude<Claim, { readonly kind: 'receipt' }> | ShownReceipt;

/** The tokens that the register has made for those who brought none, until the outcome is known. */
export interface RedemptionJournal {
  /** The one under which this code was sent before, or else a new one; on the disk when the promise resolves. */
  begin(code: string): Promise<string>;
  /** Whoever comes with this code now is somebody else. What cannot be forgotten is no error. */
  end(code: string): Promise<void>;
}

export interface Redeemed {
  readonly grant: Grant;
  /** What the phone shows from now on in the place of the receipt code. */
  readonly phoneToken: string;
}

/** After these no other request under this token has an answer of its own. */
const ends = ['receipt_code_invalid', 'time_used_up'];

/**
 * Redeems a receipt code. Without a token it goes under one that is written down before it is sent, so that whoever asks
 * again after a reply that was lost gets what was paid for; who has told of the answer ends that (`RedemptionJournal.end`).
 * Errors: those of `PosRole.access` and of the journal.
 */
export async function redeem(pos: Pick<PosRole, 'access'>, journal: RedemptionJournal, shown: ShownReceipt): Promise<Redeemed> {
  const code = parseReceiptCode(shown.code);
  const phoneToken = shown.phoneToken ?? (await journal.begin(code));
  try {
    return { grant: (await pos.access({ kind: 'receipt', code, phoneToken })).grant, phoneToken };
  } catch (error) {
    if (shown.phoneToken === undefined && error instanceof LatchkeyError && ends.includes(error.code)) {
      await journal.end(code);
    }
    throw error;
  }
}
