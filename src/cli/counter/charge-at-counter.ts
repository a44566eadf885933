import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import type { outsideTenders } from '../../domain/sale.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import type { ChargeAuthority } from '../../roles/pos/ports.ts';
import { handOver, wantsFiles, writeQr, type CredentialFileFlags } from '../credential-output.ts';
import { receiptToWire, type ReceiptWire } from '../present/sales.ts';
import { afterCharge, passwordFailure, type AfterCharge } from './after-charge.ts';
import { credentialFor } from './hand-over.ts';
import { openCharges, type Counter } from './open-counter.ts';
import { receiptUrlOf } from './receipt-url.ts';

export interface ChargeFlags extends CredentialFileFlags {
  readonly amount: Amount;
  readonly tender?: (typeof outsideTenders)[number] | undefined;
  readonly mandate: boolean;
  readonly uid?: Uint8Array | undefined;
  readonly memo?: string | undefined;
  readonly credential: boolean;
  readonly 'idempotency-key'?: string | undefined;
}

/** By what flags say that a charge is paid. Errors: `missing_input`. */
export function authorityFrom({ tender, mandate, uid }: Pick<ChargeFlags, 'tender' | 'mandate' | 'uid'>): ChargeAuthority {
  if (mandate) {
    if (uid === undefined) {
      throw new LatchkeyError('missing_input', 'What was tapped is missing: give --uid HEX.');
    }
    return { kind: 'mandate', uid };
  }
  if (tender === undefined) {
    throw new LatchkeyError('missing_input', 'Say how it is paid: --tender cash, --tender card, or --mandate with --uid HEX.');
  }
  return { kind: tender, uid };
}

export interface AtCounter {
  readonly receipt: ReceiptWire;
  /** What could not be handed over, and why, in sentences. */
  readonly troubles: readonly string[];
}

const codeOnReceipt = 'The code is on the receipt: it can be typed.';
const pageFailure: AfterCharge = { failure: 'the address of the page that takes the receipt code could not be had', wayOut: codeOnReceipt };
const pictureFailure: AfterCharge = { failure: 'the picture of the receipt code could not be written', wayOut: codeOnReceipt };

/**
 * Charges, and hands over the password if it bought time and that is wanted. Where there is a receipt code, pictures are
 * of that, unless the password is to be handed over. Errors: those of a charge.
 */
export async function chargeAtCounter(
  counter: Counter,
  authority: ChargeAuthority,
  flags: ChargeFlags,
  { guard, signal, caution }: { readonly guard: RegisterGuard; readonly signal: AbortSignal; readonly caution: (text: string) => void },
): Promise<AtCounter> {
  const { amount, memo, 'idempotency-key': key = randomBytes(16).toString('base64url') } = flags;
  const { charged } = await openCharges(counter, caution, guard).charge(key, { key, amount, memo, authority });
  const { grant, receiptCode } = charged;
  const page = receiptCode === undefined ? undefined : await afterCharge(pageFailure, () => receiptUrlOf(counter, receiptCode));
  const receiptUrl = page?.done;
  const pictured = flags.credential ? undefined : (receiptUrl ?? receiptCode);
  const pictures = pictured === undefined ? undefined : await afterCharge(pictureFailure, () => writeQr(pictured, flags));
  const ofWifi = pictured === undefined ? flags : { ...flags, png: undefined, svg: undefined };
  const password =
    grant === undefined || !(flags.credential || wantsFiles(ofWifi))
      ? undefined
      : await afterCharge({ failure: passwordFailure, wayOut: `Try again with \`latchkey grant show ${grant.id} --qr\`.` }, async () =>
          handOver(await credentialFor(counter, grant, signal), ofWifi, { onScreen: flags.credential }),
        );
  const written = [...(pictures?.done ?? []), ...(password?.done?.written ?? [])];
  const handedOver = { ...password?.done, written: written.length === 0 ? undefined : written };
  return {
    receipt: receiptToWire({ charged, receiptUrl, handedOver }, new Date()),
    troubles: [page, pictures, password].flatMap((followed) => followed?.trouble ?? []),
  };
}
