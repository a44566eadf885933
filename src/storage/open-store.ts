import { LatchkeyError } from '../domain/errors.ts';
import type { Sealer } from '../roles/sealer.ts';
import type { Store } from '../roles/store.ts';
import type { OpenDatabase } from './database.ts';

export interface StoreOptions {
  /** `sqlite:PATH`, or `postgres://…` (libpq's URIs; what is absent comes from the PG* environment variables). */
  readonly url: string;
  readonly sealer: Sealer;
  /** How long to try again while others hold the database's lock; then `storage_locked`. */
  readonly lockTimeoutMs?: number;
}

const defaultLockTimeoutMs = 30_000;

/**
 * Opens the registry's database and brings its schema to the newest version.
 * Errors: the storage ones of `Store`, `storage_too_new`, and `invalid_input` for an address of another kind.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { RelationalStore } = await import('./relational-store.ts');
  return new RelationalStore(await openDatabase(options), options.sealer);
}

/** A SQLite database in memory, for tests. */
export function openMemoryStore(sealer: Sealer): Promise<Store> {
  return openStore({ url: 'sqlite::memory:', sealer });
}

/** What is imported costs start-up time: only the database that is used. */
export async function openDatabase(options: Pick<StoreOptions, 'url' | 'lockTimeoutMs'>): Promise<OpenDatabase> {
  const { url, lockTimeoutMs = defaultLockTimeoutMs } = options;
  if (url.startsWith('sqlite:')) {
    const { openSqlite } = await import('./sqlite-database.ts');
    return openSqlite(url.slice('sqlite:'.length), lockTimeoutMs);
  }
  if (url.startsWith('postgres:') || url.startsWith('postgresql:')) {
    const { openPostgres } = await import('./postgres-database.ts');
    return openPostgres(url, lockTimeoutMs);
  }
  throw new LatchkeyError('invalid_input', 'A database is sqlite:PATH or postgres://….');
}
