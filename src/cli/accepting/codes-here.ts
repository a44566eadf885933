import type { Span } from '../../domain/day.ts';
import type { AcceptanceSum, WaitingToSettle } from '../../roles/codes/acceptance-journal.ts';
import type { RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { openAcceptancesIfThere } from './open-acceptances.ts';

/** How a cash register stands with credit payment codes, on this machine. */
export interface CodesHere {
  readonly waiting: WaitingToSettle;
  readonly trustAsOf: Date | undefined;
}

/** Undefined as long as its server has signed none. Nobody is asked. */
export async function codesHere(flags: RoleFlags, opening: Opening): Promise<CodesHere | undefined> {
  const store = (await openAcceptancesIfThere(flags, opening))?.store;
  const waiting = store?.waiting();
  return waiting === undefined || (waiting.count === 0 && store!.keys().length === 0) ? undefined : { waiting, trustAsOf: store!.trust()?.asOf };
}

/** What was accepted on this machine within a time. */
export async function codesAccepted(flags: RoleFlags, opening: Opening, span: Span): Promise<AcceptanceSum[]> {
  return (await openAcceptancesIfThere(flags, opening))?.store.sums(span) ?? [];
}
