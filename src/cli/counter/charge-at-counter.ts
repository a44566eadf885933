import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import type { outsideTenders } from '../../domain/sale.ts';
import { asSentence } from '../../domain/shown-text.ts';
import type { ChargeAuthority } from '../../roles/pos/ports.ts';
import { handOver, wantsFiles, writeQr, type CredentialFileFlags } from '../credential-output.ts';
import { toLatchkeyError } from '../failure.ts';
import type { HandedOver } from '../present/credentials.ts';
import { receiptToWire, type ReceiptWire } from '../present/sales.ts';
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
  /** Why the password could not be handed over. */
  readonly notHandedOver: string | undefined;
}

/**
 * Charges, and hands over the password if it bought time and that is wanted. Where there is a receipt code, pictures are
 * of that, unless the password is to be handed over. Whatever becomes of that, the charge
 * stands: a script that took it for failed would charge again. Errors: those of a charge.
 */
export async function chargeAtCounter(
  counter: Counter,
  authority: ChargeAuthority,
  flags: ChargeFlags,
  { signal, caution }: { readonly signal: AbortSignal; readonly caution: (text: string) => void },
): Promise<AtCounter> {
  const { amount, memo, 'idempotency-key': key = randomBytes(16).toString('base64url') } = flags;
  const { charged } = await openCharges(counter, caution).charge(key, { key, amount, memo, authority });
  const { grant, receiptCode } = charged;
  const receiptUrl = receiptCode === undefined ? undefined : await receiptUrlOf(counter, receiptCode);
  const receipt = (handedOver?: HandedOver) => receiptToWire({ charged, receiptUrl, handedOver }, new Date());
  if (grant === undefined) {
    return { receipt: receipt(), notHandedOver: undefined };
  }
  try {
    const ofCode = flags.credential || receiptCode === undefined ? undefined : await writeQr(receiptUrl ?? receiptCode, flags);
    const ofWifi = ofCode === undefined ? flags : { ...flags, png: undefined, svg: undefined };
    const handedOver = flags.credential || wantsFiles(ofWifi) ? await handOver(await credentialFor(counter, grant, signal), ofWifi, { onScreen: flags.credential }) : undefined;
    const written = [...(ofCode ?? []), ...(handedOver?.written ?? [])];
    return { receipt: receipt({ ...handedOver, written: written.length === 0 ? undefined : written }), notHandedOver: undefined };
  } catch (error) {
    const { message } = toLatchkeyError(error);
    return { receipt: receipt(), notHandedOver: `It is charged, but the Wi-Fi password could not be handed over. ${asSentence(message)} Try again with \`latchkey grant show ${grant.id} --qr\`.` };
  }
}
