import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/cli/local-registry.ts';
import { AdminService } from '../../src/roles/admin/service.ts';
import { EnrollmentService } from '../../src/roles/enrollment/service.ts';
import type { ServiceContext } from '../../src/roles/service-context.ts';
import { keyLength, KeyringSealer } from '../../src/secrets/seal.ts';
import { openDatabase, openStore } from '../../src/storage/open-store.ts';
import { passTmpPlace } from '../../src/storage/repositories/devices.ts';
import { benchDevice } from './bench-device.ts';
import { cached } from './cached.ts';

/** A registry that is full of the bench's devices, all registered, with one enrolled access point. */
export interface SeededRegistry {
  readonly url: string;
  /** As LATCHKEY_KEY_FILE takes it. */
  readonly keyFile: string;
  readonly apId: string;
  readonly apToken: string;
}

/** What every device of the bench was written with. */
export const benchDeviceData = { ssid: 'latchkey-setup', model: 'bench-1', batch: '2026-11' } as const;

const chunk = 20_000;

/** Fills a new database of either kind through the storage layer, everything sealed as it always is. */
export async function seedRegistry(url: string, keyFile: string, devices: number): Promise<SeededRegistry> {
  const key = existsSync(keyFile) ? Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64url') : randomBytes(keyLength);
  writeFileSync(keyFile, `${key.toString('base64url')}\n`, { mode: 0o600 });
  const sealer = new KeyringSealer([key]);
  const store = await openStore({ url, sealer });
  const context: ServiceContext = { store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } };
  const { code } = await new AdminService(context).createEnrollCode({ role: 'ap', scope: {}, lifetimeMs: 60_000 });
  const { secret, token } = await new EnrollmentService(context).enroll(code, 'bench');
  await store.close();

  // In the order of their key, as a table is filled fastest.
  const sorted = Array.from({ length: devices }, (_, number) => benchDevice(number)).sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  const database = await openDatabase({ url });
  const at = new Date();
  for (let from = 0; from < devices; from += chunk) {
    await database.insertAll('devices', sorted.slice(from, from + chunk).map(({ uuid, passTmp }) => ({
      uuid, ...benchDeviceData, label: null, state: 'registered', weak: false, spent_by: null,
      created_at: at, registered_at: at, revoked_at: null, pass_tmp: sealer.seal(passTmp, passTmpPlace(uuid)),
    })));
  }
  await database.close();
  return { url, keyFile, apId: String(token.apId), apToken: secret };
}

export interface CachedRegistry extends SeededRegistry {
  readonly file: string;
  readonly devices: number;
}

/** A seeded SQLite file, made once for each size and schema; who writes to it takes a copy. */
export async function cachedRegistry(cache: string, devices: number): Promise<CachedRegistry> {
  const { folder, made } = await cached<SeededRegistry>(cache, `registry-${devices}`, benchDeviceData, (empty) =>
    seedRegistry(`sqlite:${join(empty, 'latchkey.db')}`, join(empty, 'key'), devices));
  return { ...made, file: join(folder, 'latchkey.db'), devices };
}
