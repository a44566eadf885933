import { setTimeout as delay } from 'node:timers/promises';
import { nextDaily } from '../../domain/daily.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import { settleAccepted, type Settled } from '../../roles/codes/settle-accepted.ts';
import type { CodesRole } from '../../roles/codes/ports.ts';
import type { WaitingToSettle } from '../../roles/codes/acceptance-journal.ts';
import { openCounter } from '../counter/open-counter.ts';
import type { RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { localTime } from '../present/time.ts';
import { journalsOf, openAcceptancesAt, openAcceptancesOf, waitingIn, type Acceptances, type AcceptancesOpening } from './open-acceptances.ts';
import { guardOf, readyToAccept } from './sync-trust.ts';

/** Nearer to its end than this, what is not settled is worth a word. */
export const soonMs = 2 * 86_400_000;
/** A clock that is put is noticed within it. */
const lookMs = 30_000;
/** After a failure it is tried again so soon, or at the next time if that is sooner. */
const retryMs = 60_000;

/** Opens both sides and settles all that waits. Errors: those of a register and of `settleAccepted`. */
export async function settleCodes(flags: RoleFlags, opening: Opening & AcceptancesOpening): Promise<Settled & { readonly registerId: string }> {
  await using closing = new AsyncDisposableStack();
  const { acceptances, codes } = await openBoth(flags, { ...opening, closing }).catch((error: unknown) => {
    throw keptAll(error);
  });
  return { registerId: acceptances.register.id, ...(await settleWaiting(acceptances, codes)) };
}

async function openBoth(flags: RoleFlags, opening: Opening & AcceptancesOpening): Promise<{ readonly acceptances: Acceptances; readonly codes: CodesRole }> {
  const counter = await openCounter(flags, opening);
  await guardOf(counter, opening).tell();
  return { acceptances: await openAcceptancesOf(await readyToAccept(counter, flags), opening), codes: await counter.codes() };
}

function keptAll(error: unknown): unknown {
  return isServerAway(error)
    ? withOutcome(error, 'What is not settled yet is kept.', 'Run it again when the server can be reached; `latchkey pos status` says what waits, and until when it may.')
    : error;
}

export function settleWaiting(acceptances: Acceptances, codes: Pick<CodesRole, 'settle'>): Promise<Settled> {
  return settleAccepted({ codes, journals: journalsOf(acceptances), clock: systemClock });
}

/** Whether something will be late before long. */
export function isUrgent({ settleBy }: WaitingToSettle, now: Date): boolean {
  return settleBy !== undefined && settleBy.getTime() - now.getTime() < soonMs;
}

/** The same in a sentence, undefined if nothing is urgent. */
export function urgencyOf(waiting: WaitingToSettle, now: Date): string | undefined {
  if (!isUrgent(waiting, now)) {
    return undefined;
  }
  return `${waitingText(waiting)}; later the server need not pay. Run \`latchkey code settle\` while it can be reached.`;
}

function waitingText({ count, settleBy }: WaitingToSettle): string {
  const by = localTime(settleBy!.toISOString());
  return count === 1 ? `An accepted code has to be settled by ${by}` : `${count} accepted codes are not settled, and the first of them has to be by ${by}`;
}

/** What the register that this machine is, or was, by a profile would leave behind, in a sentence; undefined if nothing. Nobody is asked. */
export async function leftBehind(profile: string): Promise<string | undefined> {
  await using closing = new AsyncDisposableStack();
  const acceptances = await openAcceptancesAt(profile, { closing });
  const waiting = acceptances && waitingIn(acceptances);
  return waiting === undefined || waiting.count === 0
    ? undefined
    : `${waitingText(waiting)}. Run \`latchkey code settle\` first; or else only a cash register of this machine for the same account can settle them.`;
}

/** When: at a minute of the day by the clocks of a zone, or again and again beginning with now. */
export type SettlementTimes = { readonly minute: number; readonly zone: string } | { readonly everyMs: number };

export interface SettlingAgain {
  readonly settle: () => Promise<Settled & { readonly registerId: string }>;
  readonly onSettled: (settled: Settled & { readonly registerId: string }, next: Date) => Promise<void>;
  /** What failed is tried again. */
  readonly onFailure: (error: LatchkeyError, next: Date) => Promise<void>;
  readonly onWaiting: (next: Date) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Settles at each of the times, until the signal. Errors: what nobody foresaw. */
export async function settleAgainAndAgain(times: SettlementTimes, { settle, onSettled, onFailure, onWaiting, signal }: SettlingAgain): Promise<void> {
  const nextAfter = (at: Date) => ('minute' in times ? nextDaily(times.minute, times.zone, at) : new Date(at.getTime() + times.everyMs));
  let due = 'minute' in times ? nextAfter(systemClock.now()) : systemClock.now();
  await onWaiting(due);
  while (await untilDue(due, signal)) {
    const begun = systemClock.now();
    const next = nextAfter(begun);
    try {
      await onSettled(await settle(), next);
      due = next;
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      due = new Date(Math.min(begun.getTime() + retryMs, next.getTime()));
      await onFailure(error, due);
    }
  }
}

/** False if the signal comes first. */
async function untilDue(due: Date, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const left = due.getTime() - systemClock.now().getTime();
    if (left <= 0 || signal.aborted) {
      return !signal.aborted;
    }
    await delay(Math.min(left, lookMs), undefined, { signal }).catch(() => {});
  }
}
