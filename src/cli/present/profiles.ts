import { arrayOf, boolean, id, object, oneOf, remark, text, type Static } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { roles } from '../../domain/token.ts';
import type { Profile } from '../profiles.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';

export const profileSchema = object(
  'Profile',
  { name: text, active: boolean },
  { server: { type: 'string' }, token_name: { ...text, description: 'What the server calls its token, where it was just enrolled.' }, role: oneOf(roles), ap_id: id, ap_name: remark, ca: { type: 'string', description: 'PEM.' } },
);
export const profileListSchema = object('ProfileList', { items: arrayOf(profileSchema) });
export type ProfileWire = Static<typeof profileSchema>;

export function profileToWire({ name, server, role, ap, ca }: Profile, active: boolean): ProfileWire {
  return present({ name, active, server, role, ap_id: ap?.apId, ap_name: ap?.name, ca });
}

export function presentProfiles({ items }: { readonly items: readonly ProfileWire[] }, screen: Screen): string {
  return table(
    items,
    [
      { title: 'NAME', cell: (profile) => `${profile.active ? '* ' : '  '}${profile.name}` },
      { title: 'SERVER', cell: (profile) => profile.server ?? 'the database on this machine' },
      { title: 'ROLE', cell: (profile) => profile.role },
      { title: 'AP', cell: (profile) => profile.ap_name },
    ],
    screen,
  );
}

export function presentProfile(profile: ProfileWire, screen: Screen): string {
  return details(
    [
      ['name', profile.name],
      ['active', profile.active ? 'yes' : 'no'],
      ['server', profile.server ?? 'the database on this machine'],
      ['role', profile.role],
      // An access point is called as its token.
      ['enrolled as', profile.ap_id === undefined ? profile.token_name : undefined],
      ['access point', profile.ap_id && `${profile.ap_name} (${profile.ap_id})`],
      ['authorities', profile.server === undefined ? undefined : profile.ca === undefined ? 'the usual ones' : 'its own'],
    ],
    screen,
  );
}
