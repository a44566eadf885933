import { closeSync, existsSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import { roles, type Role } from '../domain/token.ts';
import { ensureFolder } from './paths.ts';

export interface ApIdentity {
  readonly apId: string;
  readonly name: string;
}

/** How one server is reached, and as whom. The token is in the secret store, under `secretName`. */
export interface Profile {
  readonly name: string;
  readonly server: string;
  /** PEM text of further certificate authorities. */
  readonly ca: string | undefined;
  /** What the token is for, as far as known. */
  readonly role: Role | undefined;
  /** The access point that it is, for an `ap` profile. */
  readonly ap: ApIdentity | undefined;
}

export function tokenName(profile: string): string {
  return `profile/${profile}/token`;
}

/** One file a profile, so that two commands at once lose nothing; `active` names the one that is used by default. */
export class Profiles {
  readonly #folder: string;
  readonly #active: string;

  constructor(config: string) {
    this.#folder = join(config, 'profiles');
    this.#active = join(config, 'active-profile');
  }

  /** In alphabetical order. */
  list(): Profile[] {
    if (!existsSync(this.#folder)) {
      return [];
    }
    const names = readdirSync(this.#folder)
      .filter((file) => file.endsWith('.json') && !file.startsWith('.'))
      .map((file) => file.slice(0, -'.json'.length));
    return names.sort().map((name) => this.get(name));
  }

  /** Errors: `profile_not_found`, `invalid_input` if its file is not a profile. */
  get(name: string): Profile {
    const file = this.#file(name);
    if (!isId(name) || !existsSync(file)) {
      throw new LatchkeyError('profile_not_found', `There is no profile "${name}".`);
    }
    return parseProfile(name, readFileSync(file, 'utf8'), file);
  }

  has(name: string): boolean {
    return isId(name) && existsSync(this.#file(name));
  }

  /** The first one becomes the active one. Errors: `profile_conflict`. */
  add(profile: Profile): void {
    const { name, server, ca, role, ap } = profile;
    const text = `${JSON.stringify({ server, ca, role, ap_id: ap?.apId, ap_name: ap?.name }, null, 2)}\n`;
    const file = this.#file(name);
    const draft = writeDraft(file, text);
    try {
      // Unlike a rename, a link refuses to replace what another command has just written.
      linkSync(draft, file);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? new LatchkeyError('profile_conflict', `There is already a profile "${name}".`)
        : error;
    } finally {
      rmSync(draft, { force: true });
    }
    if (this.activeName() === undefined) {
      this.use(name);
    }
  }

  /** Errors: `profile_not_found`. */
  use(name: string): Profile {
    const profile = this.get(name);
    renameSync(writeDraft(this.#active, `${name}\n`), this.#active);
    return profile;
  }

  /** No profile is active any more. */
  useNone(): void {
    rmSync(this.#active, { force: true });
  }

  /** Errors: `profile_not_found`. */
  remove(name: string): void {
    this.get(name);
    rmSync(this.#file(name));
    if (this.activeName() === name) {
      this.useNone();
    }
  }

  activeName(): string | undefined {
    return existsSync(this.#active) ? readFileSync(this.#active, 'utf8').trim() || undefined : undefined;
  }

  /** Errors: `profile_not_found` if the one that was chosen is gone. */
  active(): Profile | undefined {
    const name = this.activeName();
    return name === undefined ? undefined : this.get(name);
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

function writeDraft(file: string, text: string): string {
  const folder = ensureFolder(dirname(file));
  const draft = join(folder, `.${randomBytes(8).toString('hex')}.draft`);
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return draft;
}

function parseProfile(name: string, text: string, file: string): Profile {
  const invalid = (what: string) => new LatchkeyError('invalid_input', `${file} is not a profile: ${what}.`);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('it is not a JSON object');
  }
  const known = ['server', 'ca', 'role', 'ap_id', 'ap_name'];
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw invalid(`"${unknown}" is unknown`);
  }
  const { server, ca, role, ap_id: apId, ap_name: apName } = value as Record<string, unknown>;
  if (typeof server !== 'string' || !URL.canParse(server)) {
    throw invalid('"server" is not a URL');
  }
  if (ca !== undefined && typeof ca !== 'string') {
    throw invalid('"ca" is not text');
  }
  if (role !== undefined && !roles.includes(role as Role)) {
    throw invalid('"role" is none of ours');
  }
  if (apId !== undefined && (typeof apId !== 'string' || !isId(apId))) {
    throw invalid('"ap_id" is not an id');
  }
  if ((apName === undefined) !== (apId === undefined) || (apName !== undefined && typeof apName !== 'string')) {
    throw invalid('"ap_name" does not go with "ap_id"');
  }
  return { name, server, ca, role: role as Role | undefined, ap: apId === undefined ? undefined : { apId, name: apName as string } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
