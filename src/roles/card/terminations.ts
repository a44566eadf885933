import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { GuardPoint } from '../../domain/security-check/guard.ts';
import type { CardLanguage, TerminatedService, TerminationsRole } from './ports.ts';
import type { CardStore, UntoldDecision } from './store.ts';

interface TellingContext {
  readonly store: CardStore;
  readonly language: Pick<CardLanguage, 'readFailed'>;
  readonly clock: Clock;
}

const atOnce = 100;
/** The server would refuse the same once more. */
const refusedForGood: readonly ErrorCode[] = ['payload_too_large', 'invalid_input', 'idempotency_mismatch'];
const mostFailed = 20;
const mostReasonLetters = 1_024;

/**
 * Tells an account's or a register's server what was terminated of it at these places, the oldest first. What it does not hear stays, for the next
 * time, except what it would never take; nothing fails by it. Errors: those of storage here.
 */
export async function tellTerminations({ store, language, clock }: TellingContext, role: TerminationsRole, guards: readonly GuardPoint[], holder: string): Promise<void> {
  for (const untold of store.untold(guards, holder, atOnce)) {
    try {
      await role.terminated(toTell(untold, language));
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      if (!refusedForGood.includes(error.code)) {
        return;
      }
    }
    await store.transaction(() => store.markTold(untold, clock.now()));
  }
}

/** No more of the service than that there was one, and of the decision no value that was compared. */
function toTell({ application, version, policyHash, json, service: { kind, at, key } }: UntoldDecision, { readFailed }: TellingContext['language']): TerminatedService {
  return { application, version, policyHash, kind, failed: cappedFailures(readFailed(json)), at, key };
}

/** As many as somebody reads: the first twenty, and of their reasons a kilobyte together. */
export function cappedFailures(failed: TerminatedService['failed']): TerminatedService['failed'] {
  let letters = 0;
  return failed.slice(0, mostFailed).map(({ id, reason }) => {
    letters += reason?.length ?? 0;
    return { id, reason: letters > mostReasonLetters ? undefined : reason };
  });
}
