import { attemptFailures, type Attempt } from '../domain/audit.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, id, input, instant, object, oneOf, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const told = {
  attempt_id: id,
  at: instant,
  from: { type: 'string', maxLength: 64, description: 'Client address at the agent.' },
  outcome: oneOf(['asked', ...attemptFailures]),
} as const;
const perhaps = { uuid, detail: { type: 'string', maxLength: 256 } } as const;

/** One try of a device; `ap_id` is absent where an access point speaks of its own. */
export const attemptSchema = object('Attempt', told, { ...perhaps, ap_id: id });
export type AttemptWire = Static<typeof attemptSchema>;

export const attemptPageSchema = pageOf('AttemptPage', attemptSchema);
export const attemptQuerySchema = input('AttemptQuery', {}, { uuid, ...pageQuery });

export const attemptBatchSchema = input('AttemptBatch', {
  attempts: { ...arrayOf(input('AttemptInput', told, perhaps)), minItems: 1, maxItems: 1000 },
});

export function attemptToWire(attempt: Attempt & { readonly apId?: string }): AttemptWire {
  return present({
    attempt_id: attempt.id,
    at: instantToWire(attempt.at),
    ap_id: attempt.apId,
    uuid: attempt.uuid,
    from: attempt.from,
    outcome: attempt.outcome,
    detail: attempt.detail,
  });
}

export function attemptFromWire(wire: AttemptWire): Attempt {
  return {
    id: wire.attempt_id,
    at: instantFromWire(wire.at),
    uuid: wire.uuid,
    from: wire.from,
    outcome: wire.outcome,
    detail: wire.detail,
  };
}
