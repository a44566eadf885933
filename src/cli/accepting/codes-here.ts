import type { Span } from '../../domain/day.ts';
import type { AcceptanceSum, WaitingToSettle } from '../../roles/codes/acceptance-journal.ts';
import { roleDestinationName, type RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { journalsOf, openAcceptancesAt, waitingIn } from './open-acceptances.ts';

/** How a cash register stands with credit payment codes, on this machine. */
export interface CodesHere {
  readonly waiting: WaitingToSettle;
  readonly trustAsOf: Date | undefined;
}

/** Undefined as long as its server has signed none. Nobody is asked. */
export async function codesHere(flags: RoleFlags, opening: Opening): Promise<CodesHere | undefined> {
  const acceptances = await openAcceptancesAt(roleDestinationName('pos', flags), opening);
  if (acceptances === undefined) {
    return undefined;
  }
  const { store } = acceptances;
  const waiting = waitingIn(acceptances);
  return waiting.count === 0 && store.keys().length === 0 ? undefined : { waiting, trustAsOf: store.trust()?.asOf };
}

/** What was accepted on this machine within a time. */
export async function codesAccepted(flags: RoleFlags, opening: Opening, span: Span): Promise<AcceptanceSum[]> {
  const acceptances = await openAcceptancesAt(roleDestinationName('pos', flags), opening);
  const sums = new Map<string, AcceptanceSum>();
  for (const sum of acceptances === undefined ? [] : journalsOf(acceptances).flatMap((journal) => journal.sums(span))) {
    const key = `${sum.currency} ${sum.outcome}`;
    const { count = 0, minor = 0n } = sums.get(key) ?? {};
    sums.set(key, { ...sum, count: sum.count + count, minor: sum.minor + minor });
  }
  return [...sums.values()];
}
