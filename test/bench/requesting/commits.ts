import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const [headerBytes, frameHeaderBytes] = [32, 24];

/** Begins a file's write-ahead log anew. */
export function emptyLog(database: string): void {
  const connection = new DatabaseSync(database, { timeout: 5000 });
  connection.exec('pragma wal_checkpoint(truncate)');
  connection.close();
}

/** How many transactions are in it: a frame that ends one says how large the database is then (sqlite.org/fileformat2.html, 4.1). */
export function commitsInLog(database: string): number {
  const log = existsSync(`${database}-wal`) ? readFileSync(`${database}-wal`) : Buffer.alloc(0);
  const frameBytes = frameHeaderBytes + (log.length === 0 ? 0 : log.readUInt32BE(8));
  let commits = 0;
  for (let at = headerBytes; at + frameBytes <= log.length; at += frameBytes) {
    if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
