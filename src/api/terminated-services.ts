import type { TerminatedService } from '../roles/card/ports.ts';
import { arrayOf, bytes32, id, input, instant, note, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const mostFailed = 501;

export const terminatedServiceSchema = input('TerminatedService', {
  application: id,
  version: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const,
  policy_hash: bytes32,
  kind: id,
  failed: { ...arrayOf(input('FailedCheck', { id }, { reason: { ...note, description: 'The application’s own words.' } })), maxItems: mostFailed },
  at: instant,
  key: id,
});
type TerminatedServiceWire = Static<typeof terminatedServiceSchema>;

export function terminatedServiceToWire({ application, version, policyHash, kind, failed, at, key }: TerminatedService): TerminatedServiceWire {
  return { application, version, policy_hash: policyHash, kind, failed: failed.slice(0, mostFailed).map((each) => present(each)), at: instantToWire(at), key };
}

export function terminatedServiceFromWire({ policy_hash: policyHash, at, ...same }: TerminatedServiceWire): TerminatedService {
  return { ...same, policyHash, at: instantFromWire(at) };
}
