import { LatchkeyError } from '../../domain/errors.ts';
import { auditEntry, requireKnown, type ServiceContext } from '../service-context.ts';
import type { TerminatedService, TerminationsRole } from './ports.ts';

/** Puts into the audit log what security checks elsewhere have terminated. */
export class TerminationsService implements TerminationsRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async terminated({ application, version, policyHash, kind, failed, at, key }: TerminatedService): Promise<void> {
    const who = requireKnown(this.#context.actor);
    if (who.kind === 'token' && who.token.role !== 'terminal' && who.token.role !== 'pos') {
      throw new LatchkeyError('forbidden', 'Only a wallet and a cash register tell of services.');
    }
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
    await this.#context.store.audit.append(auditEntry(this.#context, { action: 'service.terminated', detail }));
  }
}
