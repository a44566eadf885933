import { createHash } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { recordedActor } from '../../domain/token.ts';
import { once } from '../idempotency.ts';
import type { RateLimit } from '../rate-limit.ts';
import { auditEntry, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { TerminatedService, TerminationsRole } from './ports.ts';
import { cappedFailures } from './terminations.ts';

export interface TerminationsServiceContext extends ServiceContext {
  /** How much one token may put into the audit log; without it there is no limit. */
  readonly tellings?: RateLimit | undefined;
}

/**
 * Puts into the audit log what security checks elsewhere have terminated: once for a token, an application's version and
 * the key of a service. Errors beside those of the role: `rate_limited`; what was not taken is told later.
 */
export class TerminationsService implements TerminationsRole {
  readonly #context: TerminationsServiceContext;

  constructor(context: TerminationsServiceContext) {
    this.#context = context;
  }

  async terminated({ application, version, policyHash, kind, failed: all, at, key }: TerminatedService): Promise<void> {
    const { store, clock, actor, tellings } = this.#context;
    const who = requireKnown(actor);
    if (who.kind === 'token' && who.token.role !== 'terminal' && who.token.role !== 'pos') {
      throw new LatchkeyError('forbidden', 'Only a wallet and a cash register tell of services.');
    }
    if (who.kind === 'token' && tellings !== undefined && tellings.take(who.token.id) > 0) {
      // No time to come again at: whoever tells it has other work, and does it with a later service.
      throw new LatchkeyError('rate_limited');
    }
    const failed = cappedFailures(all);
    const reasons = failed.flatMap(({ reason }) => reason ?? []);
    const detail = {
      application,
      version,
      policy_hash: policyHash,
      kind,
      failed: failed.map(({ id }) => id).join(', '),
      ...(reasons.length === 0 ? {} : { reason: reasons.join(' ') }),
      service_at: at.toISOString(),
      key,
    };
    const use = { scope: `${recordedActor(actor)} terminated`, key: createHash('sha256').update(JSON.stringify([application, version, key])).digest('base64url'), request: '' };
    await once(store, clock, use, async (tx) => {
      await tx.audit.append(auditEntry(within(this.#context, tx), { action: 'service.terminated', detail }));
      return { status: 204, body: '' };
    });
  }
}
