import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { GuardPoint } from '../../domain/security-check/guard.ts';
import type { CardLanguage, TerminatedService, TerminationsRole } from './ports.ts';
import type { CardStore, UntoldDecision } from './store.ts';

interface TellingContext {
  readonly store: CardStore;
  readonly language: Pick<CardLanguage, 'readFailed'>;
  readonly clock: Clock;
}

const atOnce = 100;

/**
 * Tells an account's or a register's server what was terminated of it at these places, the oldest first. What it does not hear stays, for the next
 * time; nothing fails by it. Errors: those of storage here.
 */
export async function tellTerminations({ store, language, clock }: TellingContext, role: TerminationsRole, guards: readonly GuardPoint[], holder: string): Promise<void> {
  for (const untold of store.untold(guards, holder, atOnce)) {
    try {
      await role.terminated(toTell(untold, language));
    } catch (error) {
      if (error instanceof LatchkeyError) {
        return;
      }
      throw error;
    }
    await store.transaction(() => store.markTold(untold, clock.now()));
  }
}

/** No more of the service than that there was one, and of the decision no value that was compared. */
function toTell({ application, version, policyHash, json, service: { kind, at, key } }: UntoldDecision, { readFailed }: TellingContext['language']): TerminatedService {
  return { application, version, policyHash, kind, failed: readFailed(json).map(({ id, reason }) => ({ id, reason })), at, key };
}
