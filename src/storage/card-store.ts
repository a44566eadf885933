import type { CardStore } from '../roles/card/store.ts';
import { CardFile } from './card/card-file.ts';
import { cardSchema } from './migrations/index.ts';
import { openSqliteFile } from './sqlite-file.ts';

/** Opens what the security check keeps, a SQLite file. `lockTimeoutMs`: as of `openAgentStore`. Errors: as `openStore`. */
export async function openCardStore(path: string, lockTimeoutMs = 30_000): Promise<CardStore> {
  return new CardFile(await openSqliteFile(path, cardSchema, lockTimeoutMs));
}
