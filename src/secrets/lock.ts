import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../domain/errors.ts';
import { makePrivateFolder } from './private-file.ts';

const busy = 5;
const usualPatienceMs = 10_000;

interface LockOptions {
  readonly patienceMs?: number;
  /** What is thrown where somebody else keeps it. */
  readonly refusal?: () => LatchkeyError;
}

/**
 * Does `work` while no other process and nobody else in this one holds the lock `path`, an empty file. The lock is
 * SQLite's: the operating system releases it when its holder dies, so it never has to be broken.
 * Errors: `secret_store_unavailable`, `storage_full`, and what `work` throws.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, { patienceMs = usualPatienceMs, refusal }: LockOptions = {}): Promise<T> {
  await makePrivateFolder(dirname(path));
  const { DatabaseSync } = await import('node:sqlite');
  let lock;
  try {
    // Not by SQLite, which would let others read it: whoever can read it can hold the lock.
    await (await open(path, 'a', 0o600)).close();
    lock = new DatabaseSync(path, { timeout: 0 });
    const giveUpAt = performance.now() + patienceMs;
    while (!taken(lock)) {
      if (performance.now() > giveUpAt) {
        throw refusal?.() ?? new LatchkeyError('secret_store_unavailable', `Another process holds the lock ${path}.`, {
          hint: 'Try again, or end what holds it.',
        });
      }
      // Waiting for others by asking: SQLite has no other way that leaves this process free meanwhile.
      await delay(5 + Math.random() * 10);
    }
  } catch (error) {
    lock?.close();
    throw error instanceof LatchkeyError
      ? error
      : new LatchkeyError('secret_store_unavailable', `The lock ${path} cannot be taken.`, {
          hint: 'Check the permissions of the folder.',
          cause: error,
        });
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

function taken(lock: { exec(sql: string): void }): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) {
      return false;
    }
    throw error;
  }
}
