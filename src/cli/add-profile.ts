import { hostname } from 'node:os';
import { LatchkeyError } from '../domain/errors.ts';
import { parseId } from '../domain/identifiers.ts';
import type { Role } from '../domain/token.ts';
import { profiles, readAuthorities, viaOf } from './destination.ts';
import { keepProfile, requireFreeName, usualTokenName } from './keep-profile.ts';
import { openEnrollmentAt, type Opening } from './open-role.ts';
import { profileToWire, type ProfileWire } from './present/profiles.ts';
import { readGivenSecret, readSecret } from './secret-input.ts';

export interface NewProfileFlags {
  readonly name: string;
  readonly server: string;
  readonly ca?: string | undefined;
  readonly via?: string | undefined;
  readonly 'enroll-code-file'?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly 'token-name'?: string | undefined;
  /** The role that the code must be for; then a code must be there. */
  readonly role?: Role | undefined;
}

/** Errors: `profile_conflict`, `enroll_code_invalid`, `unauthorized`, those of the secret store and of the way there. */
export async function addProfile(flags: NewProfileFlags, opening: Opening): Promise<ProfileWire> {
  const { sources } = opening;
  const name = parseId(flags.name, 'name of a profile');
  const place = { name, server: flags.server, ca: readAuthorities(flags.ca, '--ca') };
  requireFreeName(name);
  const via = viaOf(flags);
  const code = await readCode(flags, opening);
  // LATCHKEY_TOKEN is for commands; into a profile goes only what a flag names.
  const secret = flags['token-file'] === undefined ? undefined : await readGivenSecret('token', flags['token-file'], sources);
  let enrolled: string | undefined;
  if (code !== undefined) {
    const tokenName = flags['token-name'] ?? (flags.role === undefined ? usualTokenName() : hostname().slice(0, 64));
    const enrollment = await openEnrollmentAt({ url: place.server, token: undefined, ca: place.ca, via }, opening);
    const { token } = await keepProfile(place, sources, () => enrollment.enroll(code, tokenName));
    if (flags.role !== undefined && token.role !== flags.role) {
      throw new LatchkeyError('forbidden', `The code was for the role ${token.role}, not ${flags.role}; its token is in the profile "${name}".`);
    }
    enrolled = token.name;
  } else if (secret !== undefined) {
    const enrollment = await openEnrollmentAt({ url: place.server, token: secret, ca: place.ca, via }, opening);
    await keepProfile(place, sources, async () => {
      const actor = await enrollment.whoami();
      if (actor.kind !== 'token') {
        throw new LatchkeyError('bad_reply', 'A server always knows a token.');
      }
      return { secret, token: actor.token };
    });
  } else {
    profiles().add({ ...place, role: undefined, ap: undefined });
  }
  return { ...profileToWire(profiles().get(name), profiles().activeName() === name), ...(enrolled === undefined ? {} : { token_name: enrolled }) };
}

async function readCode(flags: NewProfileFlags, { sources }: Opening): Promise<string | undefined> {
  const message = 'Enrolment code:';
  if (flags.role !== undefined) {
    return readSecret({ name: 'enroll-code', file: flags['enroll-code-file'], message, ...sources });
  }
  return flags['token-file'] === undefined ? readGivenSecret('enroll-code', flags['enroll-code-file'], { ...sources, message }) : undefined;
}
