import type { Clock } from '../../domain/clock.ts';
import { settlementOutcomes, type SettlementOutcome } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import { receiptIdOf } from '../../protocol/code-receipt.ts';
import type { AcceptanceJournal, KeptAcceptance } from './acceptance-journal.ts';
import { settlementBatch, type CodesRole } from './ports.ts';

export interface Settling {
  readonly codes: Pick<CodesRole, 'settle'>;
  /** One after the other. */
  readonly journals: readonly Pick<AcceptanceJournal, 'unsettled' | 'settle'>[];
  readonly clock: Clock;
  /** How many acceptances go to the server at once; as many as it takes if left out. */
  readonly batch?: number | undefined;
}

/** How many came to which outcome, and what did not come to `settled`. */
export interface Settled {
  readonly counts: Readonly<Record<SettlementOutcome, number>>;
  readonly disputed: readonly KeptAcceptance[];
}

/** What is listed of disputes; the server has them all. */
const mostListed = 100;

/**
 * Brings to the server what a register has accepted, the most urgent first, batch by batch: what came of one is on the
 * disk before the next, so that what ends in between goes on where it was. What was brought and not answered is brought
 * again: a receipt is settled once. Errors: what keeps the rest from being settled, with how many were.
 */
export async function settleAccepted({ codes, journals, clock, batch = settlementBatch }: Settling): Promise<Settled> {
  const counts = noneSettled();
  const disputed: KeptAcceptance[] = [];
  const left = [...journals];
  for (let journal = left.shift(); journal !== undefined; ) {
    const waiting = journal.unsettled(batch);
    if (waiting.length === 0) {
      journal = left.shift();
      continue;
    }
    try {
      const replies = await codes.settle(waiting.map(({ code, signedReceipt }) => ({ code, receipt: signedReceipt })));
      if (replies.length !== waiting.length || waiting.some(({ signedReceipt }, index) => receiptIdOf(signedReceipt) !== replies[index]!.id)) {
        throw new LatchkeyError('bad_reply', 'The server answers other receipts than it was brought.');
      }
      const at = clock.now();
      await journal.settle(new Map(waiting.map(({ number }, index) => [number, replies[index]!])), at);
      waiting.forEach((acceptance, index) => {
        const { outcome, reason } = replies[index]!;
        counts[outcome] += 1;
        if (outcome !== 'settled' && disputed.length < mostListed) {
          disputed.push({ ...acceptance, settled: { outcome, reason, at } });
        }
      });
    } catch (error) {
      const done = sumOf(counts);
      const hint = isServerAway(error) || !(error instanceof LatchkeyError) ? 'Run `latchkey code settle` again when the server can be reached.' : error.hint;
      throw withOutcome(error, `${done === 0 ? 'None' : done} of the accepted codes ${done === 1 ? 'was' : 'were'} settled by this, and none is lost.`, hint);
    }
  }
  return { counts, disputed };
}

export function sumOf(counts: Readonly<Record<SettlementOutcome, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function noneSettled(): Record<SettlementOutcome, number> {
  return Object.fromEntries(settlementOutcomes.map((outcome) => [outcome, 0])) as Record<SettlementOutcome, number>;
}
