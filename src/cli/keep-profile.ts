import { hostname, userInfo } from 'node:os';
import { LatchkeyError } from '../domain/errors.ts';
import type { Token } from '../domain/token.ts';
import { localProfile, profiles, secretStore } from './destination.ts';
import { tokenName, type Profile } from './profiles.ts';
import type { SecretSources } from './secret-input.ts';

interface Obtained {
  readonly secret: string;
  readonly token: Pick<Token, 'role' | 'apId' | 'name'>;
}

/**
 * Adds a profile with a token that `obtain` gets; the token goes into the secret store. Whether it can go there is
 * tried before, for an enrolment code is good once. Errors: `profile_conflict`, those of the secret store.
 */
export async function keepProfile<T extends Obtained>(
  place: Pick<Profile, 'name' | 'server' | 'ca'>,
  sources: SecretSources,
  obtain: () => Promise<T>,
): Promise<T> {
  requireFreeName(place.name);
  const store = await secretStore(sources);
  const secretName = tokenName(place.name);
  await store.set(secretName, 'being enrolled');
  const obtained = await obtain().catch(async (error: unknown) => {
    await store.delete(secretName);
    throw error;
  });
  await store.set(secretName, obtained.secret);
  const { role, apId, name } = obtained.token;
  profiles().add({ ...place, role, ap: apId === undefined ? undefined : { apId, name } });
  return obtained;
}

/** Errors: `profile_conflict`, `invalid_input` for the name that means the database on this machine. */
export function requireFreeName(name: string): void {
  if (name === localProfile) {
    throw new LatchkeyError('invalid_input', `"${localProfile}" is what the database on this machine is called; choose another name.`);
  }
  if (profiles().has(name)) {
    throw new LatchkeyError('profile_conflict', `There is already a profile "${name}".`);
  }
}

/** How a token is called in the server's list unless somebody says otherwise. */
export function usualTokenName(): string {
  return `${userInfo().username}@${hostname()}`.slice(0, 64);
}
