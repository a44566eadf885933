import type { signingKeysSchema, SigningKeyWire } from '../../api/codes.ts';
import type { Static } from '../../api/schema.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

export type SigningKeysWire = Static<typeof signingKeysSchema>;

export function presentSigningKeys({ keys }: SigningKeysWire, screen: Screen): string {
  return keys.length === 0 ? 'No key yet: the first is made when the first code is issued.' : table(
    keys,
    [
      { title: 'KEY', cell: ({ key_id: key }) => key },
      { title: 'STATE', cell: ({ state }) => state },
      { title: 'CREATED', cell: ({ created_at: at }) => localTime(at) },
      { title: 'SIGNS FROM', cell: signsFrom },
      { title: 'NEEDED UNTIL', cell: ({ needed_until: at }) => at && localTime(at) },
      { title: 'REVOKED', cell: ({ revoked_at: at }) => at && localTime(at) },
      { title: 'PUBLIC KEY', cell: ({ public_key: key }) => key },
    ],
    screen,
  );
}

/** One that was to sign later does so already where no other is left. */
function signsFrom({ state, signs_from: at }: SigningKeyWire): string {
  return state === 'current' && Date.parse(at) > Date.now() ? 'now: no other is left' : localTime(at);
}

export function presentSigningKey(key: SigningKeyWire, screen: Screen): string {
  return details(
    [
      ['key', key.key_id],
      ['state', key.state],
      ['created', localTime(key.created_at)],
      ['signs from', signsFrom(key)],
      ['needed until', key.needed_until && localTime(key.needed_until)],
      ['revoked', key.revoked_at && localTime(key.revoked_at)],
      ['public key', key.public_key],
    ],
    screen,
  );
}
