import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import { date, type AuditEntryTable } from './tables.ts';

/** What the first link follows. */
export const firstLink = Buffer.alloc(32);

/**
 * SHA-256(hash of the link before ‖ entry). The entry is encoded as the UTF-8 of a JSON array without white
 * space: [id as text, time in RFC 3339 UTC with milliseconds, actor, action, uuid or null, access point or null,
 * detail as the JSON text that is stored].
 */
export function linkHash(previous: Uint8Array, entry: Selectable<AuditEntryTable>): Buffer {
  const { id, at, actor, action, uuid, ap_id, detail } = entry;
  const encoded = JSON.stringify([String(id), date(at).toISOString(), actor, action, uuid, ap_id, detail]);
  return createHash('sha256').update(previous).update(encoded).digest();
}
