import { parseId } from '../domain/identifiers.ts';
import { profiles, readAuthorities } from './destination.ts';
import { keepProfile, requireFreeName, usualTokenName } from './keep-profile.ts';
import { openEnrollmentAt, type Opening } from './open-role.ts';
import { profileToWire, type ProfileWire } from './present/profiles.ts';
import { readGivenSecret } from './secret-input.ts';

export interface NewProfileFlags {
  readonly name: string;
  readonly server: string;
  readonly ca?: string | undefined;
  readonly 'enroll-code-file'?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly 'token-name'?: string | undefined;
}

/** Errors: `profile_conflict`, `enroll_code_invalid`, `unauthorized`, those of the secret store and of the way there. */
export async function addProfile(flags: NewProfileFlags, opening: Opening): Promise<ProfileWire> {
  const { sources } = opening;
  const name = parseId(flags.name, 'name of a profile');
  const place = { name, server: flags.server, ca: readAuthorities(flags.ca, '--ca') };
  requireFreeName(name);
  const code = flags['token-file'] === undefined
    ? await readGivenSecret('enroll-code', flags['enroll-code-file'], { ...sources, message: 'Enrolment code:' })
    : undefined;
  // LATCHKEY_TOKEN is for commands; into a profile goes only what a flag names.
  const secret = flags['token-file'] === undefined ? undefined : await readGivenSecret('token', flags['token-file'], sources);
  if (code !== undefined) {
    const enrollment = await openEnrollmentAt({ url: place.server, token: undefined, ca: place.ca }, opening);
    await keepProfile(place, sources, () => enrollment.enroll(code, flags['token-name'] ?? usualTokenName()));
  } else if (secret !== undefined) {
    const enrollment = await openEnrollmentAt({ url: place.server, token: secret, ca: place.ca }, opening);
    await keepProfile(place, sources, async () => {
      const actor = await enrollment.whoami();
      return { secret, token: actor.kind === 'token' ? actor.token : { role: 'admin', apId: undefined } };
    });
  } else {
    profiles().add({ ...place, role: undefined, apId: undefined });
  }
  return profileToWire(profiles().get(name), profiles().activeName() === name);
}
