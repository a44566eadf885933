import { LatchkeyError } from '../domain/errors.ts';
import { localProfile, profiles, secretStore } from './destination.ts';
import { profileToWire, type ProfileWire } from './present/profiles.ts';
import { tokenName } from './profiles.ts';
import type { SecretSources } from './secret-input.ts';

/** All profiles, and the database on this machine as what there always is. */
export function listProfiles(): ProfileWire[] {
  const all = profiles();
  const active = all.activeName() ?? localProfile;
  return [{ name: localProfile, active: active === localProfile }, ...all.list().map((profile) => profileToWire(profile, profile.name === active))];
}

/** The one of that name, the active one without a name. Errors: `profile_not_found`. */
export function showProfile(name?: string): ProfileWire {
  const found = listProfiles().find((profile) => (name === undefined ? profile.active : profile.name === name));
  if (found === undefined) {
    throw new LatchkeyError('profile_not_found', `There is no profile "${name ?? profiles().activeName()}".`);
  }
  return found;
}

export function useProfile(name: string): ProfileWire {
  if (name === localProfile) {
    profiles().useNone();
  } else {
    profiles().use(name);
  }
  return showProfile(name);
}

/** The token goes first: a profile without one can be removed again, a token without a profile is forgotten. */
export async function removeProfile(name: string, sources: SecretSources): Promise<void> {
  profiles().get(name);
  const store = await secretStore(sources);
  if (store.kind !== 'env') {
    await store.delete(tokenName(name));
  }
  profiles().remove(name);
}
