import { resolve } from 'node:path';
import { databaseUrl, openRegistry, systemClock } from './local-registry.ts';
import type { Opening } from './open-role.ts';

/** Errors: `file_exists`, `file_not_found`, those of storage. */
export async function backUpServer(path: string, database: string | undefined, { closing, sources }: Opening): Promise<{ file: string; bytes: number }> {
  const url = databaseUrl(database);
  const file = resolve(path);
  const { store } = await openRegistry(closing, sources, url);
  const { backupDatabase } = await import('../storage/backup.ts');
  const { bytes } = await backupDatabase({ url, file });
  await store.audit.append({ at: systemClock.now(), actor: 'local', action: 'server.backed_up', detail: { bytes } });
  return { file, bytes };
}
