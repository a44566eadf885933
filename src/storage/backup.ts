import { execFile } from 'node:child_process';
import { link, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { LatchkeyError } from '../domain/errors.ts';
import { connect, inMemory } from './sqlite-file.ts';
import { fileError, sqliteError } from './sqlite-errors.ts';

const run = promisify(execFile);

export interface BackupOptions {
  /** As `openStore` takes it. */
  readonly url: string;
  /** A new file; in a folder that exists. */
  readonly file: string;
}

/**
 * Writes a consistent copy of the database to a new file, readable to its user alone, while servers run: for
 * SQLite a database file, for PostgreSQL what `pg_dump` writes in its custom format. The copy has its name only
 * once it is whole, checked and on the disk. Sealed values in it need the key, which is not in it.
 * Errors: `file_exists`, `file_not_found` (no such folder), `storage_*`.
 */
export async function backupDatabase({ url, file }: BackupOptions): Promise<{ readonly bytes: number }> {
  // In the same file system, so that giving the name is one step.
  const folder = await mkdtemp(join(dirname(file), '.latchkey-backup-')).catch((error: unknown) => {
    throw writeError(error, file);
  });
  const copy = join(folder, 'copy');
  try {
    await (url.startsWith('sqlite:') ? copySqlite(url.slice('sqlite:'.length), copy) : dumpPostgres(url, copy, folder));
    const bytes = await flush(copy);
    await link(copy, file);
    await flush(dirname(file));
    return { bytes };
  } catch (error) {
    throw writeError(error, file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function writeError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) {
    return error;
  }
  if (error.code === 'EEXIST') {
    return new LatchkeyError('file_exists', `${file} exists already.`, { cause: error });
  }
  if (error.code === 'ENOENT') {
    return new LatchkeyError('file_not_found', `There is no folder ${dirname(file)}.`, { cause: error });
  }
  return fileError(error, file);
}

/** Waits until a file, or the names in a folder, are on the disk; resolves to the size. */
async function flush(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function copySqlite(path: string, copy: string): Promise<void> {
  if (path === inMemory) {
    throw new LatchkeyError('invalid_input', 'A database in memory has nothing to back up.');
  }
  // Opened before SQLite does it, which would make what is not there.
  await (await open(path, 'r').catch((error: unknown) => { throw fileError(error, path); })).close();
  await (await open(copy, 'wx', 0o600)).close();
  const source = connect(path);
  try {
    // All pages in one step: between steps another process's commit would start it over.
    await backup(source, copy, { rate: 0x7fff_ffff });
  } catch (error) {
    throw sqliteError(error);
  } finally {
    source.close();
  }
  check(copy);
}

function check(copy: string): void {
  const database = new DatabaseSync(copy);
  try {
    const findings = database.prepare('pragma integrity_check').all();
    if (findings.length !== 1 || findings[0]!['integrity_check'] !== 'ok') {
      throw new LatchkeyError('storage_corrupt', 'The database is damaged: its copy does not pass the integrity check.');
    }
    // One file, without a write-ahead log beside it.
    database.exec('pragma journal_mode = delete');
  } catch (error) {
    throw sqliteError(error);
  } finally {
    database.close();
  }
}

/** The password goes to pg_dump in a file that only its user can read, never in arguments or environment. */
async function dumpPostgres(url: string, copy: string, folder: string): Promise<void> {
  const address = new URL(url);
  const password = address.searchParams.get('password') || decodeURIComponent(address.password) || process.env['PGPASSWORD'];
  address.password = '';
  address.searchParams.delete('password');
  const { PGPASSWORD: _, ...environment } = process.env;
  if (password !== undefined) {
    const passwordFile = join(folder, 'pgpass');
    await writeFile(passwordFile, `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 });
    environment['PGPASSFILE'] = passwordFile;
  }
  const options = { env: environment };
  await (await open(copy, 'wx', 0o600)).close();
  await pgProgram('pg_dump', ['--format=custom', '--no-password', `--file=${copy}`, `--dbname=${address.href}`], options);
  await pgProgram('pg_restore', ['--list', copy], options);
}

async function pgProgram(name: string, arguments_: string[], options: { env: NodeJS.ProcessEnv }): Promise<void> {
  try {
    await run(name, arguments_, { ...options, maxBuffer: 2 ** 26 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new LatchkeyError('storage_unavailable', `${name} is not installed here, and PostgreSQL is backed up with it.`, {
        hint: 'Install PostgreSQL’s client programs (Debian: postgresql-client).',
        cause: error,
      });
    }
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new LatchkeyError('storage_unavailable', `${name} failed: ${said}`, { cause: error });
  }
}
