import type { GrantOnAir, Shortfall } from '../../roles/agent/radio.ts';
import type { ServingBss } from './read-configuration.ts';

/**
 * Why the stations of these BSSes can be put into no VLAN; undefined: they can. hostapd takes a key with a VLAN also
 * where it has none: 2.10 then refuses its station as if the password were wrong, and some older ones let it into the
 * untagged network. One such BSS is enough: stations go from one to the other.
 */
export function lackOfVlans(bsses: readonly Pick<ServingBss, 'interface' | 'hasVlans'>[]): string | undefined {
  const without = bsses.filter(({ hasVlans }) => !hasVlans).map(({ interface: name }) => name);
  return without.length === 0 ? undefined : `hostapd’s configuration has no dynamic_vlan=1 in the section of ${without.join(' and ')}`;
}

/** Of these grants those with a VLAN are kept off the air, for a reason; undefined: there are none. */
export function withoutVlans(wanted: readonly GrantOnAir[], reason: string, hint: string): Required<Shortfall> | undefined {
  const [first, ...others] = wanted.filter(({ vlan }) => vlan !== undefined);
  if (first === undefined) {
    return undefined;
  }
  const one = `${first.grant.id} for VLAN ${first.vlan}`;
  const which = others.length === 0 ? `Grant ${one} is` : `${others.length + 1} grants for a VLAN, such as ${one}, are`;
  return { detail: `${which} off the air: ${reason}.`, hint, offAir: new Set([first, ...others].map(({ grant }) => grant.id)) };
}
