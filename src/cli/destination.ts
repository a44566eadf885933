import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../domain/errors.ts';
import type { Role } from '../domain/token.ts';
import type { SecretStore } from '../roles/secret-store.ts';
import { paths } from './paths.ts';
import { parseServerUrl } from './server-url.ts';
import { Profiles, tokenName, type ApIdentity, type Profile } from './profiles.ts';
import { readGivenSecret, type SecretSources } from './secret-input.ts';

/** The flags that say whom a command talks to; see `remoteFlags`. */
export interface RoleFlags {
  readonly server?: string | undefined;
  readonly profile?: string | undefined;
  readonly 'ca-file'?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly via?: string | undefined;
}

/** A server, and as whom it is spoken to. */
export interface ServerAccess {
  readonly url: string;
  readonly token: string | undefined;
  /** PEM text of further certificate authorities. */
  readonly ca: string | undefined;
  /** By way of whom: an access point's agent, as `HOST[:PORT]`, or `auto`. */
  readonly via?: string | undefined;
  /** What the token is for, as far as its profile says. */
  readonly role?: Role | undefined;
  /** The access point that the token is, as its enrolment said. */
  readonly ap?: ApIdentity | undefined;
}

/** The name by which the database on this machine is chosen where a profile is. */
export const localProfile = 'local';

/**
 * Where a command goes: --server or --profile, else LATCHKEY_SERVER or LATCHKEY_PROFILE, else the active profile,
 * else undefined: the database on this machine.
 */
export async function destination(flags: RoleFlags, sources: SecretSources): Promise<ServerAccess | undefined> {
  return (await explicitDestination(flags, sources)) ?? (explicitlyLocal(flags) ? undefined : activeDestination(flags, sources));
}

/** Only what flags or variables name. */
export async function explicitDestination(flags: RoleFlags, sources: SecretSources): Promise<ServerAccess | undefined> {
  const { server, profile } = named(flags);
  if (server !== undefined) {
    return access(server, profileOf(server), flags, sources);
  }
  if (profile === undefined || profile === localProfile) {
    return undefined;
  }
  const found = profiles().get(profile);
  return access(found.server, found, flags, sources);
}

export async function activeDestination(flags: RoleFlags, sources: SecretSources): Promise<ServerAccess | undefined> {
  const profile = profiles().active();
  return profile === undefined ? undefined : access(profile.server, profile, flags, sources);
}

/** As `destination`; where nothing is named and the active profile is none of the role's, the one that is. */
export async function roleDestination(role: Role, flags: RoleFlags, sources: SecretSources): Promise<ServerAccess | undefined> {
  const explicit = await explicitDestination(flags, sources);
  if (explicit !== undefined || explicitlyLocal(flags)) {
    return explicit;
  }
  const chosen = profileFor(role);
  return chosen === undefined ? undefined : access(chosen.server, chosen, flags, sources);
}

/** What `roleDestination` leads to, by name, without anybody being asked: a profile, a server's address, or `local`. Errors: `profile_not_found`. */
export function roleDestinationName(role: Role, flags: RoleFlags): string {
  const { server, profile } = named(flags);
  if (server !== undefined) {
    return profileOf(server)?.name ?? server;
  }
  if (profile !== undefined) {
    return profile === localProfile ? localProfile : profiles().get(profile).name;
  }
  return profileFor(role)?.name ?? localProfile;
}

/** The profile that `roleDestinationName` names, if it is known to be of another role. */
export function otherRoleAt(role: Role, flags: RoleFlags): (Profile & { readonly role: Role }) | undefined {
  const name = roleDestinationName(role, flags);
  const profile = profiles().list().find((each) => each.name === name);
  return profile?.role === undefined || profile.role === role ? undefined : { ...profile, role: profile.role };
}

/** Where nothing is named. */
function profileFor(role: Role): Profile | undefined {
  const active = profiles().active();
  return active?.role === role ? active : (profiles().list().find((profile) => profile.role === role) ?? active);
}

/** The server's address alone, undefined for the database on this machine. */
export function serverOf(flags: RoleFlags): string | undefined {
  const { server, profile } = named(flags);
  if (server !== undefined) {
    return server;
  }
  return profile === undefined ? profiles().active()?.server : profile === localProfile ? undefined : profiles().get(profile).server;
}

export function explicitlyLocal(flags: RoleFlags): boolean {
  const { server, profile } = named(flags);
  return server === undefined && profile === localProfile;
}

export function profiles(): Profiles {
  return new Profiles(paths().config);
}

/** Flags go before variables, all of them. */
function named({ server, profile }: RoleFlags): { server: string | undefined; profile: string | undefined } {
  if (server !== undefined || profile !== undefined) {
    return { server, profile };
  }
  const { LATCHKEY_SERVER: url, LATCHKEY_PROFILE: name } = process.env;
  return { server: url ? parseServerUrl(url) : undefined, profile: name || undefined };
}

/** A profile's token goes to that profile's server and to no other. */
function profileOf(server: string): Profile | undefined {
  const all = profiles();
  const active = all.active();
  return active?.server === server ? active : all.list().find((profile) => profile.server === server);
}

async function access(url: string, profile: Profile | undefined, flags: RoleFlags, sources: SecretSources): Promise<ServerAccess> {
  const given = await readGivenSecret('token', flags['token-file'], sources);
  const token = given ?? (profile === undefined ? undefined : await storedToken(profile, sources));
  const known = given === undefined ? profile : undefined;
  return { url, token, ca: readAuthorities(flags['ca-file']) ?? profile?.ca, via: viaOf(flags), role: known?.role, ap: known?.ap };
}

/** By way of whom a server is reached, if anybody. */
export function viaOf({ via }: Pick<RoleFlags, 'via'>): string | undefined {
  return via ?? (process.env['LATCHKEY_VIA'] || undefined);
}

async function storedToken(profile: Profile, sources: SecretSources): Promise<string | undefined> {
  const store = await secretStore(sources);
  return store.get(tokenName(profile.name));
}

export async function secretStore({ interactive = false }: SecretSources = {}): Promise<SecretStore> {
  const { openSecretStore } = await import('../secrets/open-secret-store.ts');
  return openSecretStore(process.env, { data: paths().data }, { mayPrompt: interactive });
}

/** Errors: `file_not_found`, `invalid_input` if it holds no certificate. */
export function readAuthorities(path: string | undefined, flag = '--ca-file'): string | undefined {
  if (path === undefined) {
    return undefined;
  }
  const pem = readText(path, flag);
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new LatchkeyError('invalid_input', `${flag}: ${path} holds no certificate in PEM.`);
  }
  return pem;
}

/** A text file that a flag names. Errors: `file_not_found`, `invalid_input` if it cannot be read. */
export function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new LatchkeyError('file_not_found', `${flag}: there is no file ${path}.`, { cause: error });
    }
    throw new LatchkeyError('invalid_input', `${flag}: ${path} cannot be read (${code}).`, { cause: error });
  }
}
