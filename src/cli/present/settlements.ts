import { settlementSchema, type DisputeWire } from '../../api/codes.ts';
import { amountSchema, amountToWire } from '../../api/money.ts';
import { arrayOf, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { settlementOutcomes, type SettlementOutcome } from '../../domain/credit-code.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { receiptIdOf, receiptText } from '../../protocol/code-receipt.ts';
import type { KeptAcceptance } from '../../roles/codes/acceptance-journal.ts';
import { sumOf, type Settled } from '../../roles/codes/settle-accepted.ts';
import { troubleOf } from './message.ts';
import { moneyForPeople, someMoney } from './money.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

const words = { type: 'string' } as const;
const outcome = oneOf(settlementOutcomes);
/** How many codes came to each outcome. */
export const settledCountsSchema = object('SettledCounts', Object.fromEntries(settlementOutcomes.map((each) => [each, count])) as Record<SettlementOutcome, typeof count>);
const unsettledSchema = object(
  'NotSettled',
  { receipt_id: id, code_id: id, counter: count, amount: amountSchema, at: settlementSchema.properties.at, outcome },
  { reason: remark },
);

/** One run. With --at and --every a line each, and one for what is waited for. */
export const codeSettlementSchema = object(
  'CodeSettlementRun',
  {},
  {
    register_id: id,
    counts: settledCountsSchema,
    disputes: { ...arrayOf(unsettledSchema), description: 'What did not come to `settled`, the first hundred.' },
    error_code: words, message: remark,
    next_at: { ...instant, description: 'When it is done again.' },
  },
);
export type CodeSettlementWire = Static<typeof codeSettlementSchema>;

export function codeSettlementToWire({ registerId, counts, disputed }: Settled & { readonly registerId: string }, next?: Date): CodeSettlementWire {
  return present({ register_id: registerId, counts: { ...counts }, disputes: disputed.map(unsettledToWire), next_at: instantToWire(next) });
}

export function failedSettlementToWire(error: LatchkeyError, next: Date): CodeSettlementWire {
  return { ...troubleOf(error), next_at: instantToWire(next) };
}

export function waitingSettlementToWire(next: Date): CodeSettlementWire {
  return { next_at: instantToWire(next) };
}

function unsettledToWire({ signedReceipt, receipt, settled }: KeptAcceptance): Static<typeof unsettledSchema> {
  return present({
    receipt_id: receiptIdOf(signedReceipt), code_id: receipt.tokenId, counter: receipt.counter, amount: amountToWire(receipt.amount), at: instantToWire(receipt.at),
    outcome: settled!.outcome, reason: settled!.reason,
  });
}

export const outcomeWords: Readonly<Record<SettlementOutcome | 'waiting', string>> = {
  waiting: 'not settled yet', settled: 'settled', duplicate: 'duplicate', over_limit: 'over limit', late: 'late', rejected: 'rejected',
};

/** `12 settled, 1 duplicate`. */
export function countsForPeople(counts: Readonly<Record<SettlementOutcome, number>>): string {
  const parts = settlementOutcomes.filter((each) => counts[each] > 0).map((each) => `${counts[each]} ${outcomeWords[each]}`);
  return parts.length === 0 ? 'nothing to settle' : parts.join(', ');
}

/** Of codes that wait, until when the first of them has to be settled. */
export function settleByForPeople(settleBy: string, now: Date): string {
  return Date.parse(settleBy) < now.getTime() ? `the first overdue since ${localTime(settleBy)}: the server need not pay it` : `the first to be by ${localTime(settleBy)}`;
}

export function presentCodeSettlement({ counts, disputes = [], message, next_at: next }: CodeSettlementWire, screen: Screen): string {
  const head = details(
    [
      ['codes', counts && countsForPeople(counts)],
      ['not settled', message],
      ['next', next && localTime(next)],
    ],
    screen,
  );
  return disputes.length === 0 ? head : `${head}\n\n${table(disputes, [
    { title: 'RECEIPT', cell: ({ receipt_id: receipt }) => receipt },
    { title: 'AMOUNT', right: true, cell: ({ amount }) => moneyForPeople(amount) },
    { title: 'ACCEPTED', cell: ({ at }) => localTime(at) },
    { title: 'OUTCOME', cell: (each) => outcomeWords[each.outcome] },
    { title: 'WHY', cell: ({ reason }) => reason },
  ], screen)}`;
}

export function isAllSettled(counts: Readonly<Record<SettlementOutcome, number>>): boolean {
  return counts.settled === sumOf(counts);
}

export function presentDisputes(page: PageWire<DisputeWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No disputes.';
  }
  return table(
    page.items,
    [
      { title: 'DISPUTE', cell: ({ receipt_id: receipt }) => receipt },
      { title: 'OUTCOME', cell: (each) => outcomeWords[each.outcome] },
      { title: 'AMOUNT', right: true, cell: ({ receipt }) => moneyForPeople(receipt.amount) },
      { title: 'LOSS', right: true, cell: ({ loss }) => someMoney(loss) },
      { title: 'BORNE BY', cell: ({ loss, borne_by: bearer }) => (loss.minor === '0' ? undefined : bearer) },
      { title: 'CODE', cell: ({ receipt }) => receipt.code_id },
      ...(page.items.some(({ account_id: account }) => account !== undefined) ? [{ title: 'ACCOUNT', cell: ({ account_id: account }: DisputeWire) => account }] : []),
      { title: 'REGISTER', cell: ({ receipt }) => receipt.register_id },
      { title: 'ACCEPTED', cell: ({ receipt }) => localTime(receipt.at) },
      { title: 'WHY', cell: ({ reason }) => reason },
    ],
    screen,
  ) + morePages(page, screen);
}

/** With the receipts as their payers have them. */
export function presentDispute(dispute: DisputeWire, screen: Screen): string {
  const { receipt, loss } = dispute;
  return details(
    [
      ['dispute', dispute.receipt_id],
      ['outcome', outcomeWords[dispute.outcome]],
      ['why', dispute.reason],
      ['amount', moneyForPeople(receipt.amount)],
      ['loss', loss.minor === '0' ? 'none' : `${moneyForPeople(loss)}, borne by the ${dispute.borne_by}`],
      ['to', receipt.payee_id],
      ['at register', receipt.register_id],
      ['accepted', `${localTime(receipt.at)}, by the register’s clock`],
      ['brought', localTime(dispute.at)],
      ['by code', `${receipt.code_id}, showing ${receipt.counter}`],
      ['of account', dispute.account_id],
      ['trust list', `of ${localTime(receipt.trust_as_of)}`],
      ['posting', dispute.posting_id],
      ['receipt', textOf(dispute.signed_receipt)],
      ['other', dispute.other?.receipt_id],
      ['its receipt', dispute.other && textOf(dispute.other.signed_receipt)],
    ],
    screen,
  );
}

function textOf(receipt: string): string {
  return receiptText(Buffer.from(receipt, 'base64url'));
}
