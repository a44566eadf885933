import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { keyLength, KeyringSealer } from '../../../src/secrets/seal.ts';
import { openAgentStore } from '../../../src/storage/agent-store.ts';
import { grantKeyPlace } from '../../../src/storage/agent/grant-keys.ts';
import { toGrantRow } from '../../../src/storage/repositories/grant-row.ts';
import { newGrant } from '../../storage/samples.ts';
import { cached } from '../cached.ts';
import { benchSsid, benchStation } from './bench-station.ts';

/** What an agent keeps of so many active grants whose devices have been seen. */
export interface SeededAgent {
  readonly file: string;
  /** As LATCHKEY_KEY_FILE takes it. */
  readonly keyFile: string;
}

/** Made once for each size and schema; who serves from it takes a copy. */
export async function cachedAgent(cache: string, apId: string, grants: number): Promise<SeededAgent> {
  const { folder } = await cached(cache, `agent-${grants}`, apId, async (empty) => {
    await seed(join(empty, 'agent.db'), join(empty, 'key'), apId, grants);
    return { grants };
  });
  return { file: join(folder, 'agent.db'), keyFile: join(folder, 'key') };
}

/** The rows that the store would write, past it: a million commits to the disk would take an hour. */
async function seed(file: string, keyFile: string, apId: string, grants: number): Promise<void> {
  const key = randomBytes(keyLength);
  writeFileSync(keyFile, `${key.toString('base64url')}\n`, { mode: 0o600 });
  const sealer = new KeyringSealer([key]);
  (await openAgentStore({ path: file, sealer })).close();
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -2000000; begin');
  const insertMac = database.prepare('insert into subject_macs (subject_id, mac) values (?, ?)');
  let insertGrant: StatementSync | undefined;
  for (let number = 0; number < grants; number += 1) {
    const { mac, subjectId, grantId, password, vlan } = benchStation(number);
    const grant = newGrant(apId, {
      id: grantId, subject: { kind: 'device', id: subjectId }, network: { apId, ssid: benchSsid }, vlan, revision: number + 1,
    });
    const row = { ...toGrantRow(grant), mac, password: sealer.seal(password, grantKeyPlace(grantId, 'password')) };
    const columns = Object.keys(row);
    insertGrant ??= database.prepare(`insert into grants (${columns.join()}) values (${columns.map(() => '?').join()})`);
    insertGrant.run(...Object.values(row).map((value) => (value instanceof Date ? value.getTime() : value)));
    insertMac.run(subjectId, mac);
  }
  database.exec('commit; pragma journal_mode = wal');
  database.close();
}
