import { grantSchema, grantToWire } from '../../api/grants.ts';
import { saleSchema, saleToWire, type RefundedWire } from '../../api/registers.ts';
import { count, object, type Static } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import { amountText } from '../../domain/money.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import { whyNoTime } from '../../domain/sale.ts';
import type { EndedCharge } from '../../roles/pos/charge-journal.ts';
import type { Charged } from '../../roles/pos/ports.ts';
import { credentialLines, credentialSchema, presentQr, writtenSchema, type HandedOver } from './credentials.ts';
import { untilForPeople } from './grants.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { subjectForPeople } from './subjects.ts';
import { details } from './table.ts';
import { allowanceForPeople, noTimeSchema, noTimeToWire, type NoTimeWire } from './tariffs.ts';
import { duration, localTime } from './time.ts';

const words = { type: 'string' } as const;
const leftMs = { ...count, description: 'What is left of the time; absent if it has no end.' } as const;

const delivered = { type: 'boolean', description: 'Whether the wallet that was held to the register has got the password.' } as const;

/** What is handed over with a sale; `sale` has what was paid and bought. */
export const receiptSchema = object('Receipt', { sale: saleSchema }, { grant: grantSchema, left_ms: leftMs, no_time: { ...noTimeSchema, description: 'Why it bought none.' }, receipt_code: words, receipt_url: words, credential: credentialSchema, written: writtenSchema, delivered });
export type ReceiptWire = Static<typeof receiptSchema>;

export interface ReceiptParts {
  readonly charged: Charged;
  /** Where a phone takes its receipt code. */
  readonly receiptUrl?: string | undefined;
  readonly handedOver?: HandedOver | undefined;
  readonly isDelivered?: boolean | undefined;
}

export function receiptToWire({ charged: { sale, grant, receiptCode }, receiptUrl, handedOver, isDelivered }: ReceiptParts, now: Date): ReceiptWire {
  const nothing = whyNoTime(sale);
  return present({
    sale: saleToWire(sale),
    grant: grant && grantToWire(grant),
    left_ms: grant && timeLeft(grant, now),
    no_time: nothing && noTimeToWire(nothing),
    receipt_code: receiptCode,
    receipt_url: receiptUrl,
    ...handedOver,
    delivered: isDelivered,
  });
}

/** `qr`: the receipt code as a picture, or where a credential is handed over, that. */
export function presentReceipt({ sale, grant, no_time: noTime, receipt_code: code, receipt_url: url, credential, written, delivered: isDelivered }: ReceiptWire, qr: boolean, screen: Screen): string {
  const lines = details(
    [
      ['receipt', sale.sale_id],
      ['time', localTime(sale.at)],
      ['paid', `${moneyForPeople(sale.amount)} (${sale.tender})`],
      ['for', sale.memo],
      ['bought', sale.quantity === undefined ? noTimeForPeople(noTime) : timeForPeople(sale.quantity)],
      ['until', grant && untilForPeople(grant)],
      ['grant', grant?.grant_id],
      ['receipt code', code],
      ['for the phone', url],
      ['password', isDelivered === true ? inTheWallet : undefined],
      ...credentialLines({ credential, written }),
    ],
    screen,
  );
  const picture = credential?.wifi_uri ?? url ?? code;
  return qr && picture !== undefined ? `${lines}\n\n${presentQr(picture, screen)}` : lines;
}

const inTheWallet = 'the wallet has it';

function noTimeForPeople(why: NoTimeWire | undefined): string {
  return why === undefined ? 'no time' : `no time: ${why.text}`;
}

function timeForPeople(quantity: string): string {
  return allowanceForPeople(quantity === 'unlimited' ? quantity : parseQuantity(quantity));
}

/** What came of an earlier charge, as a sentence. */
export function settledChargeSentence({ charge, begunAt, end }: EndedCharge): string {
  const { amount, authority } = charge;
  const what = `An earlier charge of ${amountText(amount)} (${authority.kind}), begun ${localTime(begunAt.toISOString())}, was open`;
  const again = authority.kind === 'cash' || authority.kind === 'card' ? ` The same charge with --idempotency-key ${charge.key} shows its receipt.` : '';
  return end.kind === 'charged' ? `${what}: it is charged, and is sale ${end.saleId}.${again}` : `${what}: it was refused. ${end.message}`;
}

/** Access that is handed over. */
export const tapSchema = object('Tap', { grant: grantSchema }, { left_ms: leftMs, credential: credentialSchema, written: writtenSchema, delivered });
export type TapWire = Static<typeof tapSchema>;

export function tapToWire(grant: Grant, handedOver: HandedOver, now: Date, isDelivered?: boolean): TapWire {
  return present({ grant: grantToWire(grant), left_ms: timeLeft(grant, now), ...handedOver, delivered: isDelivered });
}

/** `format`: its credential alone, in a form that is no text for people. */
export function presentTap({ grant, left_ms: left, credential, written, delivered: isDelivered }: TapWire, { qr, format }: { readonly qr: boolean; readonly format: string }, screen: Screen): string {
  const alone = credential === undefined || format === 'text' ? undefined : format === 'ndef-hex' ? credential.ndef : credential.wifi_uri;
  if (alone !== undefined) {
    return alone;
  }
  const lines = details(
    [
      ['for', subjectForPeople(grant.subject)],
      ['left', left === undefined ? 'no end' : duration(left)],
      ['until', untilForPeople(grant)],
      ...credentialLines({ credential, written }),
      ['password', isDelivered === true ? inTheWallet : undefined],
    ],
    screen,
  );
  return qr && credential !== undefined ? `${lines}\n\n${presentQr(credential.wifi_uri, screen)}` : lines;
}

export function presentRefunded({ grant, sales, in_ledger: inLedger, by_hand: byHand }: RefundedWire, screen: Screen): string {
  const back = (amounts: RefundedWire['in_ledger']) => sums(amounts).map(moneyForPeople).join(' + ') || undefined;
  return details(
    [
      ['grant', grant.grant_id],
      ['state', grant.state],
      ['back in the ledger', back(inLedger)],
      ['to be handed back', back(byHand)],
      ['nothing goes back', sales.length === 0 ? whyNothing : undefined],
      ...sales.map(({ sale, amount }) => [`of ${sale.sale_id}`, `${moneyForPeople(amount)} of ${moneyForPeople(sale.amount)} (${sale.tender})`] as const),
    ],
    screen,
  );
}

/** One for each currency. */
function sums(amounts: RefundedWire['in_ledger']): RefundedWire['in_ledger'] {
  return [...Map.groupBy(amounts, ({ currency }) => currency)].map(([currency, of]) => ({ currency, minor: String(of.reduce((sum, { minor }) => sum + BigInt(minor), 0n)) }));
}

const whyNothing = 'by its tariff, or because nothing is left';
