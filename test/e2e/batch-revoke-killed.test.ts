import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeyringSealer } from '../../src/secrets/seal.ts';
import { openDatabase, openStore } from '../../src/storage/open-store.ts';
import { makeHome, program, run } from '../program.ts';

const devices = 20_000;
const kills = 3;
const revoking = ['device', 'batch', 'revoke', 'b', '--reason', 'leaked', '--yes', '--json'];

test('`device batch revoke` killed in the middle, then again: all are revoked, none is counted twice', { timeout: 120_000 }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  const url = `sqlite:${join(home.folder, 'registry.db')}`;
  const env = { ...home.env, LATCHKEY_DATABASE: url };
  const store = await openStore({ url, sealer: new KeyringSealer([home.key]) });
  onTestFinished(() => store.close());
  const database = await openDatabase({ url });
  const at = new Date();
  await database.insertAll('devices', Array.from({ length: devices }, () => randomUUID()).sort().map((uuid) => ({
    uuid, ssid: 'setup', model: null, batch: 'b', label: null, state: 'registered', weak: false, spent_by: null,
    created_at: at, registered_at: at, revoked_at: null, pass_tmp: new Uint8Array([1]),
  })));
  await database.close();
  /** How many devices each step revoked. */
  const stepped = async () => {
    const { items } = await store.audit.list({ action: 'batch.revoked' }, { limit: 1000 });
    return items.filter(({ detail }) => 'count' in detail).map(({ detail }) => Number(detail['count']));
  };

  for (let kill = 0; kill < kills; kill += 1) {
    const before = (await stepped()).length;
    const child = spawn(process.execPath, [program, ...revoking], { env, stdio: 'ignore' });
    const gone = once(child, 'exit');
    const watching = new AbortController();
    void gone.then(() => watching.abort());
    try {
      for await (const _ of watch(home.folder, { signal: watching.signal })) {
        if ((await stepped()).length > before) child.kill('SIGKILL');
      }
    } catch (error) {
      expect(error).toMatchObject({ name: 'AbortError' });
    }
    expect(await gone).toEqual([null, 'SIGKILL']);
    const { unreached, revoked } = (await store.batches.find('b'))!;
    expect(revoked).toBe(devices);
    expect(unreached).toBeGreaterThan(0);
    expect(unreached).toBeLessThan(devices);
  }

  const { stdout, exit } = await run(revoking, env);
  const { unreached } = JSON.parse(stdout) as { unreached: number };
  expect({ exit, unreached }).toEqual({ exit: 0, unreached: 0 });
  expect((await stepped()).reduce((sum, count) => sum + count, 0)).toBe(devices);
  expect(JSON.parse((await run(revoking, env)).stdout)).toMatchObject({ devices, revoked: devices, changed: 0 });
});
