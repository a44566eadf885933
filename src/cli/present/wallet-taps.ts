import { count, id, instant, object, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import type { BegunPayment, EndedPayment } from '../../roles/wallet/payer.ts';
import { credentialLines, credentialSchema, presentQr, writtenSchema, type CredentialWire, type HandedOver } from './credentials.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';
import { duration, localTime } from './time.ts';
import { orderSchema, orderToWire, type OrderWire } from './wallet.ts';

/** What came of a tap: what was paid, and what lets this phone in. */
export const walletTapSchema = object('WalletTap', { account_id: id }, {
  payment: orderSchema,
  ends_at: instant,
  left_s: { ...count, description: 'Seconds left, as far as the register says.' },
  credential: credentialSchema,
  written: writtenSchema,
  message: { ...remark, description: 'Why there is no password.' },
});

export type WalletTapWire = Omit<Static<typeof walletTapSchema>, 'payment' | 'credential'> & { readonly payment?: OrderWire; readonly credential?: CredentialWire; readonly written?: string[] };

export interface WalletTapped {
  readonly accountId: string;
  readonly payment: BegunPayment | EndedPayment | undefined;
  readonly endsAt: Date | undefined;
  readonly leftMs: number | undefined;
  readonly handedOver: HandedOver;
  readonly trouble: LatchkeyError | undefined;
}

export function walletTapToWire({ accountId, payment, endsAt, leftMs, handedOver, trouble }: WalletTapped): WalletTapWire {
  return present({
    account_id: accountId,
    payment: payment && orderToWire(payment),
    ends_at: instantToWire(endsAt),
    left_s: leftMs === undefined ? undefined : Math.floor(leftMs / 1000),
    ...handedOver,
    message: trouble?.message,
  });
}

/** `format`: its credential alone, in a form that is no text for people. */
export function presentWalletTap({ payment, ends_at: end, left_s: left, credential, written, message }: WalletTapWire, { qr, format }: { readonly qr: boolean; readonly format: string }, screen: Screen): string {
  const alone = credential === undefined || format === 'text' ? undefined : format === 'ndef-hex' ? credential.ndef : credential.wifi_uri;
  if (alone !== undefined) {
    return alone;
  }
  const lines = details(
    [
      [payment?.state ?? 'payment', payment && `${moneyForPeople(payment.amount)} to ${payment.payee.name}`],
      ['payment', payment?.payment_id],
      ...credentialLines({ credential, written }),
      ['left', left === undefined ? undefined : duration(left * 1000)],
      ['until', end && localTime(end)],
      ['no password yet', message],
    ],
    screen,
  );
  return qr && credential !== undefined ? `${lines}\n\n${presentQr(credential.wifi_uri, screen)}` : lines;
}
