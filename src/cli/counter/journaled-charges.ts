import { amountText } from '../../domain/money.ts';
import type { EndedCharge } from '../../roles/pos/charge-journal.ts';
import { JournaledCharges } from '../../roles/pos/journaled-charge.ts';
import { systemClock } from '../local-registry.ts';
import { localTime } from '../present/time.ts';
import { ChargeFile } from './charge-file.ts';
import type { Counter } from './open-counter.ts';

/** `caution`: told in a sentence of an earlier charge that has only now come to its end. */
export function journaledCharges({ pos, register }: Pick<Counter, 'pos' | 'register'>, caution: (text: string) => void): JournaledCharges {
  return new JournaledCharges({
    pos,
    journal: new ChargeFile(register.id),
    clock: systemClock,
    onSettled: (charge) => caution(settledSentence(charge)),
    failed: ({ message }) => caution(`What came of the charge could not be written down; it stands. ${message}`),
  });
}

/** What came of an earlier charge. */
export function settledSentence({ charge: { amount, authority }, begunAt, end }: EndedCharge): string {
  const what = `An earlier charge of ${amountText(amount)} (${authority.kind}), begun ${localTime(begunAt.toISOString())}, was open`;
  return end.kind === 'charged' ? `${what}: it is charged, and is sale ${end.saleId}.` : `${what}: it was refused. ${end.message}`;
}
