import { randomBytes, randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Random } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Store } from '../roles/store.ts';
import type { Keyring, KeyringOptions } from '../secrets/keyring.ts';
import { secretStore } from './destination.ts';
import { ensureFolder, paths } from './paths.ts';
import type { SecretSources } from './secret-input.ts';

export const systemClock: Clock = { now: () => new Date() };
export const systemRandom: Random = { bytes: (length) => (length > poolBytes / 16 ? randomBytes(length) : pooledBytes(length)) };

/** Asking for a few bytes takes as long as for a thousand, so they come from a pool, as those of node:crypto's randomUUID do. */
const poolBytes = 1024;
const pool = Buffer.alloc(poolBytes);
let poolUsed = poolBytes;

function pooledBytes(length: number): Buffer {
  if (poolUsed + length > poolBytes) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const bytes = Buffer.from(pool.subarray(poolUsed, poolUsed + length));
  // What was given out is not kept.
  pool.fill(0, poolUsed, (poolUsed += length));
  return bytes;
}

/**
 * The registry's database: what a flag names, else LATCHKEY_DATABASE, else one in the user's data folder.
 * Errors: `invalid_input` for a password in the flag.
 */
export function databaseUrl(flag?: string): string {
  if (flag !== undefined && withoutPassword(flag) !== flag) {
    throw new LatchkeyError('invalid_input', 'A password in the arguments is seen by everybody on this machine.', {
      hint: 'Give the whole address in LATCHKEY_DATABASE, or the password in PGPASSWORD or ~/.pgpass.',
    });
  }
  return flag ?? (process.env['LATCHKEY_DATABASE'] || `sqlite:${join(ensureFolder(paths().data), 'latchkey.db')}`);
}

/** The address of a database as it may be shown. */
export function withoutPassword(database: string): string {
  const url = URL.canParse(database) && !database.startsWith('sqlite:') ? new URL(database) : undefined;
  if (url === undefined || (url.password === '' && !url.searchParams.has('password'))) {
    return database;
  }
  url.password = '';
  url.searchParams.delete('password');
  return url.href;
}

/** Where the keys are that seal the database's secrets: the secret store, or LATCHKEY_KEY_FILE. */
export function keyringOptions(sources: SecretSources): KeyringOptions {
  return { env: process.env, store: () => secretStore(sources), data: ensureFolder(paths().data) };
}

export interface Registry {
  readonly store: Store;
  readonly keyring: Keyring;
}

/** How often what runs long looks whether `server rekey` has made a new key. */
export const keyringReloadMs = 2_000;

/** `initialise`: this is `server init`. Errors: those of storage and of the secret store. */
export async function openRegistry(
  closing: AsyncDisposableStack,
  sources: SecretSources,
  url = databaseUrl(),
  { initialise = false }: { readonly initialise?: boolean } = {},
): Promise<Registry> {
  const { openKeyring } = await import('../secrets/keyring.ts');
  const keyring = await openKeyring({ ...keyringOptions(sources), create: mayMakeKey(url, initialise) });
  const { openStore } = await import('../storage/open-store.ts');
  const store = await openStore({ url, sealer: keyring });
  closing.defer(() => store.close());
  return { store, keyring };
}

/** Whether a database is named, or has been made on this machine. */
export function isRegistryHere(): boolean {
  return !mayMakeKey(databaseUrl(), false);
}

/** Keeps a keyring in step with the file or store that it came from. */
export function keepReloading(keyring: Keyring, closing: AsyncDisposableStack, onError: (error: unknown) => void): void {
  const timer = setInterval(() => void keyring.reload().catch(onError), keyringReloadMs);
  closing.defer(() => clearInterval(timer));
}

/**
 * A new SQLite file gets a key made, and whatever `server init` begins. A database that may hold something does not:
 * a second key would hide that the first is missing.
 */
function mayMakeKey(url: string, initialise: boolean): boolean {
  return url.startsWith('sqlite:') ? !existsSync(url.slice('sqlite:'.length)) : initialise;
}
