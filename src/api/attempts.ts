import { attemptFailures, type Attempt } from '../domain/audit.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, id, input, instant, name, note, object, oneOf, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const told = {
  attempt_id: id,
  at: instant,
  from: { ...name, maxLength: 64, description: 'Client address at the agent.' },
  outcome: oneOf(['asked', ...attemptFailures]),
} as const;
const perhaps = { uuid, detail: note } as const;

/** One try of a device at the access point that speaks. */
export const ownAttemptSchema = input('OwnAttempt', told, perhaps);
type OwnAttemptWire = Static<typeof ownAttemptSchema>;

/** One try of a device, and where. */
export const attemptSchema = object('Attempt', { ...told, ap_id: id }, perhaps);
export type AttemptWire = Static<typeof attemptSchema>;

export const attemptPageSchema = pageOf('AttemptPage', attemptSchema);
export const attemptQuerySchema = input('AttemptQuery', {}, { uuid, ...pageQuery });

export const attemptBatchSchema = input('AttemptBatch', {
  attempts: { ...arrayOf(ownAttemptSchema), minItems: 1, maxItems: 1000 },
});

export function attemptToWire(attempt: Attempt): OwnAttemptWire {
  return present({
    attempt_id: attempt.id,
    at: instantToWire(attempt.at),
    uuid: attempt.uuid,
    from: attempt.from,
    outcome: attempt.outcome,
    detail: attempt.detail,
  });
}

export function attemptFromWire(wire: OwnAttemptWire): Attempt {
  return {
    id: wire.attempt_id,
    at: instantFromWire(wire.at),
    uuid: wire.uuid,
    from: wire.from,
    outcome: wire.outcome,
    detail: wire.detail,
  };
}

export function listedAttemptToWire(attempt: Attempt & { readonly apId: string }): AttemptWire {
  return { ...attemptToWire(attempt), ap_id: attempt.apId };
}

export function listedAttemptFromWire(wire: AttemptWire): Attempt & { readonly apId: string } {
  return { ...attemptFromWire(wire), apId: wire.ap_id };
}
