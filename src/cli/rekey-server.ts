import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../domain/errors.ts';
import { databaseUrl, keyringOptions, keyringReloadMs, openRegistry, systemClock } from './local-registry.ts';
import type { Opening } from './open-role.ts';

export interface Rekeying extends Opening {
  readonly note: (text: string) => Promise<void>;
  readonly emit: (rekeyed: { examined: number; resealed: number; unreadable: number; retired: boolean }) => Promise<void>;
}

const mostRuns = 5;

/**
 * A new key first, known to every running server before anything is sealed with it here; then everything anew, until
 * a run finds nothing left. Errors: `partly_done`, those of storage and secret store.
 */
export async function rekeyServer(flags: { database?: string | undefined; retire: boolean }, rekeying: Rekeying): Promise<void> {
  const { closing, sources, note, emit } = rekeying;
  const url = databaseUrl(flags.database);
  const { store } = await openRegistry(closing, sources, url);
  const { addKey, retireKeys } = await import('../secrets/keyring.ts');
  const { rekeyDatabase } = await import('../storage/rekey.ts');
  const sealer = await addKey(keyringOptions(sources));
  await note(`Made a new key; giving running servers ${keyringReloadMs / 500} s to take it.`);
  await sleep(2 * keyringReloadMs, undefined, { signal: sources.signal });
  let counts = await rekeyDatabase({ url, sealer });
  let resealed = counts.resealed;
  for (let run = 1; counts.resealed + counts.overtaken > 0 && run < mostRuns; run += 1) {
    counts = await rekeyDatabase({ url, sealer });
    resealed += counts.resealed;
  }
  const { examined, unreadable, overtaken } = counts;
  const done = unreadable + overtaken === 0;
  const retired = flags.retire && done;
  if (retired) {
    await retireKeys(keyringOptions(sources));
  }
  await store.audit.append({ at: systemClock.now(), actor: 'local', action: 'server.rekeyed', detail: { examined, resealed, unreadable, retired } });
  await emit({ examined, resealed, unreadable, retired });
  if (!done) {
    throw new LatchkeyError('partly_done', `${unreadable + overtaken} values are not under the new key.`);
  }
}
