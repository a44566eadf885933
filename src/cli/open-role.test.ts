import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRegistry } from './local-registry.ts';
import { factoryWhenNeeded, openAp } from './open-role.ts';

let folder: string;
let closing: AsyncDisposableStack;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-role-'));
  closing = new AsyncDisposableStack();
  vi.stubEnv('LATCHKEY_DATABASE', `sqlite:${join(folder, 'registry.db')}`);
  vi.stubEnv('LATCHKEY_KEY_FILE', join(folder, 'keys'));
  for (const home of ['CONFIG', 'DATA', 'STATE']) vi.stubEnv(`LATCHKEY_${home}_HOME`, folder);
});

afterEach(async () => {
  await closing.disposeAsync();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('an agent on a database without a server chains what waits in its audit log', async () => {
  const { store } = await openRegistry(closing, {});
  await store.audit.append({ at: new Date(), actor: 'local', action: 'server.initialised' });
  const unsealed = async () => (await store.audit.verify()).unsealed;
  const opening = { closing, sources: {}, timeoutMs: undefined };
  await openAp({ profile: 'local' }, 'Hall', opening);
  expect(await unsealed()).toBe(1n);
  await openAp({ profile: 'local' }, 'Hall', opening, (_, error) => { throw error; });
  await expect.poll(unsealed).toBe(0n);
});

test('a role that is opened when it is needed is opened once', async () => {
  const factory = factoryWhenNeeded({ profile: 'local' }, { closing, sources: {}, timeoutMs: undefined });
  expect(await factory()).toBe(await factory());
});
