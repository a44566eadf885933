import { codeReceiptToWire, settlementSchema, type CodeReceiptWire } from '../../api/codes.ts';
import { amountSchema, amountToWire } from '../../api/money.ts';
import { arrayOf, boolean, id, object, oneOf, remark, instant, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { receiptIdOf, receiptText } from '../../protocol/code-receipt.ts';
import { acceptanceChecks } from '../../roles/codes/acceptance-checks.ts';
import { ageText } from '../../roles/codes/acceptance-words.ts';
import type { AcceptedAtRegister } from '../accepting/accept-code.ts';
import type { ReadReceipt } from '../accepting/read-receipt.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';
import { localTime } from './time.ts';

const words = { type: 'string' } as const;
const receiptTextSchema = { ...words, description: 'For the payer: `LKR1:` and base45. It may end in a space.' } as const;
const { receipt } = settlementSchema.properties;

export const codeAcceptanceSchema = object(
  'CodeAcceptance',
  {
    accepted: { ...boolean, description: 'Provisionally: until it is settled.' },
    register_id: id,
    amount: amountSchema,
    checks: { ...arrayOf(object('AcceptanceCheck', { check: oneOf(acceptanceChecks), outcome: oneOf(['passed', 'failed', 'not_reached']) })), description: 'In the order in which they are made.' },
  },
  {
    trust_age_ms: { type: 'integer', description: 'How old the trust list is by this machine’s clock; negative if that clock is behind.' },
    error_code: words, message: remark,
    receipt_id: id, receipt, receipt_text: receiptTextSchema, receipt_file: words, memo: remark, settle_by: instant,
  },
);
export interface CodeAcceptanceWire extends Omit<Static<typeof codeAcceptanceSchema>, 'receipt'> {
  readonly receipt?: CodeReceiptWire;
}

export function codeAcceptanceToWire({ register, decision, receiptFile }: AcceptedAtRegister, amount: Parameters<typeof amountToWire>[0]): CodeAcceptanceWire {
  const { accepted, refusal, checks, trustAgeMs } = decision;
  return present({
    accepted: accepted !== undefined,
    register_id: register.id,
    amount: amountToWire(amount),
    checks: checks.map((each) => ({ ...each })),
    trust_age_ms: trustAgeMs,
    error_code: refusal?.code,
    message: refusal?.message,
    receipt_id: accepted && receiptIdOf(accepted.signedReceipt),
    receipt: accepted && codeReceiptToWire(accepted.receipt),
    receipt_text: accepted && receiptText(accepted.signedReceipt),
    receipt_file: receiptFile,
    memo: accepted?.memo,
    settle_by: instantToWire(accepted?.settleBy),
  });
}

/** One line, and the receipt if it is in no file. What was refused is said as the error that it is. */
export function presentCodeAcceptance({ accepted, amount, settle_by: settleBy, receipt_text: text, receipt_file: file }: CodeAcceptanceWire, { style }: Screen): string {
  if (!accepted) {
    return '';
  }
  const line = `${style.good('accepted (provisional)')} ${moneyForPeople(amount)}, settle by ${localTime(settleBy!)}`;
  return file === undefined ? `${line}\n${text}` : `${line}; the receipt is in ${file}`;
}

/** A warning. */
export function oldTrustText(ageMs: number): string {
  return `The trust list is ${ageText(ageMs)}: what was revoked since is accepted. Fetch the newest with \`latchkey code trust sync\`.`;
}

export const shownCodeReceiptSchema = object('ShownCodeReceipt', {
  receipt_id: id,
  receipt,
  signature: { ...oneOf(['valid', 'not_checked']), description: 'By the key of the register, or what its server knows of that.' },
}, {
  not_checked_because: remark,
});
export interface ShownCodeReceiptWire extends Omit<Static<typeof shownCodeReceiptSchema>, 'receipt'> {
  readonly receipt: CodeReceiptWire;
}

export function shownCodeReceiptToWire({ signed, receipt: read, unchecked }: ReadReceipt): ShownCodeReceiptWire {
  return present({
    receipt_id: receiptIdOf(signed),
    receipt: codeReceiptToWire(read),
    signature: unchecked === undefined ? 'valid' as const : 'not_checked' as const,
    not_checked_because: unchecked,
  });
}

export function presentShownCodeReceipt({ receipt_id: receiptId, receipt: read, signature, not_checked_because: unchecked }: ShownCodeReceiptWire, screen: Screen): string {
  return details(
    [
      ['receipt', receiptId],
      ['paid', moneyForPeople(read.amount)],
      ['to', read.payee_id],
      ['at register', read.register_id],
      ['time', `${localTime(read.at)}, by the register’s clock`],
      ['by code', `${read.code_id}, showing ${read.counter}`],
      ['trust list', `of ${localTime(read.trust_as_of)}`],
      ['signature', signature === 'valid' ? 'valid: this register signed it' : `not checked: ${unchecked}`],
    ],
    screen,
  );
}
