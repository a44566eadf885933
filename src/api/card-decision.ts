import { checkStatuses, checkTypes, outcomes, type CheckResult, type Compared, type Decision } from '../domain/security-check/decision.ts';
import { comparedText, resultText } from '../domain/security-check/words.ts';
import { remedies } from '../domain/security-check/application.ts';
import { arrayOf, boolean, bytes32, id, instant, object, oneOf, remark, type Static } from './schema.ts';
import { instantToWire } from './wire.ts';

const compared = { anyOf: [remark, { type: 'number' }, boolean] } as const;

export const checkResultSchema = object('CheckResult', {
  id,
  type: oneOf(checkTypes),
  status: oneOf(checkStatuses),
  effect: oneOf(['none', ...remedies]),
  detail: { ...remark, description: 'What was compared with what, in words.' },
}, { found: compared, limit: compared, missing: remark, error: remark, reason: remark });

export const decisionSchema = object('Decision', {
  outcome: oneOf(outcomes),
  application: id,
  version: { type: 'integer' },
  policy_hash: { ...bytes32, description: 'SHA-256 of the application as canonical JSON (RFC 8785).' },
  at: { ...instant, description: 'Of the service.' },
  confirmed: boolean,
  checks: arrayOf(checkResultSchema),
});
export type DecisionWire = Static<typeof decisionSchema>;
export type CheckResultWire = Static<typeof checkResultSchema>;

export function decisionToWire({ outcome, application, version, policyHash, at, confirmed, checks }: Decision): DecisionWire {
  return { outcome, application, version, policy_hash: policyHash, at: instantToWire(at), confirmed, checks: checks.map(checkResultToWire) };
}

/** What is compared is put into words once. Member by member: many thousand are written a second. */
function checkResultToWire(result: CheckResult): CheckResultWire {
  const { id: named, type, status, effect, missing, error, reason } = result;
  const [found, limit] = [comparedText(result.found), comparedText(result.limit)];
  const wire: { -readonly [Member in keyof CheckResultWire]: CheckResultWire[Member] } = { id: named, type, status, effect, detail: resultText(result, found, limit) };
  if (result.found !== undefined) wire.found = scalar(result.found) ?? found;
  if (result.limit !== undefined) wire.limit = scalar(result.limit) ?? limit;
  if (missing !== undefined) wire.missing = missing;
  if (error !== undefined) wire.error = error;
  if (reason !== undefined) wire.reason = reason;
  return wire;
}

function scalar(value: Compared): number | boolean | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
