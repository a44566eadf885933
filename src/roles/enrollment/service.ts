import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { KnownActor } from '../../domain/token.ts';
import { issueToken } from '../admin/service.ts';
import { secretHash } from '../admin/token-secret.ts';
import { auditEntry, newId, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { Enrollment, EnrollmentRole } from './ports.ts';

export class EnrollmentService implements EnrollmentRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async enroll(code: string, name: string): Promise<Enrollment> {
    const { store, clock, actor } = this.#context;
    const called = parseDescription(name, 'name');
    return store.transaction(async (tx) => {
      const enrollCode = await tx.enrollCodes.take(secretHash(code), clock.now());
      if (enrollCode === undefined) {
        throw new LatchkeyError('enroll_code_invalid');
      }
      const isNew = actor.kind === 'newcomer';
      // The code is all that is known of a newcomer, and who made it is on record.
      const context = within({ ...this.#context, actor: isNew ? { ...actor, enrollCodeId: enrollCode.id } : actor }, tx);
      const { role, scope } = enrollCode;
      const apId = role === 'ap' ? newId(context, 'ap') : undefined;
      if (apId !== undefined) {
        await tx.accessPoints.insert({ id: apId, name: called, createdAt: clock.now() });
      }
      const detail = { enroll_code_id: enrollCode.id, role, ...(isNew ? { from: actor.from } : {}) };
      await tx.audit.append(auditEntry(context, { action: 'enroll_code.used', apId, detail }));
      return issueToken(context, { role, name: called, scope, apId });
    });
  }

  async whoami(): Promise<KnownActor> {
    return requireKnown(this.#context.actor);
  }
}
