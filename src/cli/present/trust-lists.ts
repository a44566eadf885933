import { arrayOf, boolean, id, instant, object, type Static } from '../../api/schema.ts';
import { trustListSchema } from '../../api/codes.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { longestTrustMs } from '../../domain/credit-code.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { Acceptances } from '../accepting/open-acceptances.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { age, localTime, span } from './time.ts';

const { keys } = trustListSchema.properties;
const ms = { type: 'integer' } as const;

export const keptTrustSchema = object(
  'KeptTrustList',
  {
    register_id: id, issuer: id, as_of: instant, age_ms: { ...ms, description: 'By this machine’s clock; negative if it is behind.' },
    too_old: { ...boolean, description: 'By --trust-max of `code accept`, if that is left out: codes are refused.' },
    keys, revoked: { ...arrayOf(id), description: 'Codes that were revoked and are not over yet.' },
  },
  { clock_ahead_ms: { ...ms, description: 'How far this machine’s clock is ahead of the server’s; negative if behind.' } },
);
export type KeptTrustWire = Static<typeof keptTrustSchema>;

export function keptTrustToWire({ register, store }: Acceptances, now: Date, clockAheadMs?: number): KeptTrustWire | undefined {
  const trust = store.trust();
  if (trust === undefined) {
    return undefined;
  }
  const ageMs = now.getTime() - trust.asOf.getTime();
  return present({
    register_id: register.id,
    issuer: trust.issuer,
    as_of: instantToWire(trust.asOf),
    age_ms: ageMs,
    too_old: ageMs > longestTrustMs,
    keys: store.keys().map(({ id: keyId, publicKey, revokedAt }) => present({ key_id: keyId, public_key: base64url(publicKey), revoked_at: instantToWire(revokedAt) })),
    revoked: store.revoked(),
    clock_ahead_ms: clockAheadMs,
  });
}

export function trustAgeForPeople(asOf: string, now: Date): string {
  const ageMs = now.getTime() - Date.parse(asOf);
  return `${ageMs < 0 ? `${span(-ageMs)} ahead of this machine’s clock` : `${age(asOf, now)} old`}${ageMs > longestTrustMs ? ': too old to accept codes by' : ''}`;
}

export function presentKeptTrust(trust: KeptTrustWire, screen: Screen): string {
  const { clock_ahead_ms: ahead } = trust;
  const head = details(
    [
      ['register', trust.register_id],
      ['issuer', trust.issuer],
      ['written', `${localTime(trust.as_of)}, ${trustAgeForPeople(trust.as_of, new Date(Date.parse(trust.as_of) + trust.age_ms))}`],
      ['clock', ahead === undefined ? undefined : ahead === 0 ? 'in step with the server’s' : `${span(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the server’s`],
      ['revoked codes', trust.revoked.length === 0 ? 'none' : trust.revoked.join(' ')],
      ['keys', trust.keys.length === 0 ? 'none: the server has signed no codes yet' : undefined],
    ],
    screen,
  );
  if (trust.keys.length === 0) {
    return head;
  }
  const list = table(
    trust.keys,
    [
      { title: 'KEY', cell: ({ key_id: key }) => key },
      { title: 'REVOKED', cell: ({ revoked_at: at }) => (at === undefined ? 'no' : localTime(at)) },
    ],
    screen,
  );
  return `${head}\n\n${list}`;
}
