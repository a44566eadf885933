import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startStore, type StoreProcess } from './store-process.ts';

let data: string;
let running: StoreProcess[];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'lk-processes-'));
  await writeFile(join(data, 'key'), '0123456789abcdef0123456789abcdef', { mode: 0o600 });
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((store) => store.end()));
  await rm(data, { recursive: true, force: true });
});

function start(): StoreProcess {
  const env = { LATCHKEY_SECRET_STORE: 'file', LATCHKEY_SECRET_KEY_FILE: join(data, 'key') };
  const store = startStore({ env, data });
  running.push(store);
  return store;
}

test('processes that write at once lose nothing of each other', async () => {
  const stores = Array.from({ length: 4 }, start);
  const names = stores.map((_, which) => Array.from({ length: 25 }, (_, index) => `of-${which}/${index}`));
  await Promise.all(
    stores.map(async (store, which) => {
      for (const name of names[which]!) {
        await store.set(name, `value of ${name}`);
      }
    }),
  );

  const reader = start();
  expect(await reader.names()).toEqual(names.flat().sort());
  for (const name of names.flat()) {
    expect(await reader.get(name)).toBe(`value of ${name}`);
  }
});

test('a process killed while it writes leaves what was acknowledged, and no lock', async () => {
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 10; round += 1) {
    const store = start();
    const value = `of round ${round}`;
    const name = (index: number) => `secret-${index}`;
    for (let index = 0; index < round; index += 1) {
      await store.set(name(index), value);
      acknowledged.set(name(index), value);
    }
    const onItsWay = store.set(name(round), value).then(
      () => acknowledged.set(name(round), value),
      () => undefined,
    );
    // A little later each round, to meet each step of a write that takes some milliseconds.
    await delay(round / 2);
    await Promise.all([onItsWay, store.kill()]);
  }

  const reader = start();
  for (const [name, value] of acknowledged) {
    expect(await reader.get(name)).toBe(value);
  }
  await reader.set('after', 'all');
  expect(reader.lastMs).toBeLessThan(1000);
});
