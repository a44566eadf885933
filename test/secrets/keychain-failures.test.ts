import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LatchkeyError } from '../../src/domain/errors.ts';
import { DbusSession } from '../../src/secrets/dbus-session.ts';
import { requires } from '../requirements.ts';
import { startEmptySession, startSecretService, type Session } from './secret-service.ts';
import { projectRoot, startStore, type StoreProcess } from './store-process.ts';

/** What there is not is missed in less than this. */
const limitMs = 1000;
/** What is there and does not answer may be slow, and is given up after this. */
const patienceMs = 6000;
const secret = 'tO0-s3cret';

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) {
    await stop();
  }
});

const calls = {
  get: (store: StoreProcess) => store.get('ap/password'),
  set: (store: StoreProcess) => store.set('ap/password', secret),
  delete: (store: StoreProcess) => store.delete('ap/password'),
  names: (store: StoreProcess) => store.names(),
};

/** Whatever is asked of it, the store says the same, soon, and the process can end. */
async function expectFailure(
  store: StoreProcess,
  expected: Partial<LatchkeyError>,
  { asked = ['get', 'set', 'delete', 'names'], within = limitMs }: { asked?: (keyof typeof calls)[]; within?: number } = {},
): Promise<void> {
  for (const call of asked) {
    const error = await calls[call](store).then(
      () => undefined,
      (thrown: LatchkeyError) => thrown,
    );
    expect(error).toMatchObject(expected);
    expect(`${error?.message} ${error?.hint}`).not.toContain(secret);
    expect(store.lastMs).toBeLessThan(within);
  }
  expect(await store.end()).toBe(0);
}

async function started<T extends Session>(session: Promise<T>): Promise<T> {
  const { stop } = await session;
  stops.push(stop);
  return session;
}

/** The project's own store with a keytar that asks the system's loader for a libsecret that does not exist. */
async function copyWithoutLibrary(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'lk-no-libsecret-'));
  stops.push(() => rm(root, { recursive: true, force: true }));
  const addon = `node_modules/keytar/prebuilds/${process.platform}-${process.arch}/keytar.node`;
  const parts = ['src/domain', 'src/secrets', 'test/secrets', 'node_modules/keytar/lib', 'node_modules/keytar/package.json', addon];
  for (const part of parts) {
    await cp(join(projectRoot, part), join(root, part), { recursive: true });
  }
  const binary = await readFile(join(root, addon), 'latin1');
  await writeFile(join(root, addon), binary.replace('libsecret-1.so.0', 'libsecret-0.so.0'), 'latin1');
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  return root;
}

const elsewhere = expect.stringContaining('LATCHKEY_SECRET_STORE=file');

requires('gnome-keyring', 'dbus', 'libsecret-1-0')('a machine whose keychain cannot be used says why', () => {
  test('no D-Bus session', async () => {
    await expectFailure(startStore({ env: { HOME: tmpdir() }, data: tmpdir() }), {
      code: 'secret_store_unavailable',
      message: expect.stringContaining('there is no D-Bus session'),
      hint: elsewhere,
    });
  });

  test.each(['unix:path=/nowhere/bus', 'unix:abstract=/nowhere/latchkey-test-bus'])(
    'a D-Bus session that is gone (%s)',
    async (address) => {
      await expectFailure(startStore({ env: { HOME: tmpdir(), DBUS_SESSION_BUS_ADDRESS: address }, data: tmpdir() }), {
        code: 'secret_store_unavailable',
        message: expect.stringContaining('the D-Bus session cannot be reached'),
        hint: elsewhere,
      });
    },
  );

  test('a D-Bus session without a Secret Service', async () => {
    const session = await started(startEmptySession());

    await expectFailure(startStore({ env: session.env, data: tmpdir() }), {
      code: 'secret_store_unavailable',
      message: expect.stringContaining('no Secret Service runs in this D-Bus session'),
      hint: elsewhere,
    });
  });

  test('a locked keychain, and what is in it is not called absent', async () => {
    const service = await started(startSecretService());
    const before = startStore({ env: service.env, data: tmpdir() });
    await before.set('ap/password', 'stored before');
    await before.end();
    await service.lock();

    await expectFailure(startStore({ env: service.env, data: tmpdir() }), {
      code: 'secret_store_unavailable',
      message: expect.stringContaining('it is locked and nobody is here to unlock it'),
      hint: elsewhere,
    });
  });

  test('a Secret Service that does not answer', async () => {
    const service = await started(startSecretService());
    const { thaw } = await service.freeze();
    stops.push(async () => thaw());

    const expected = {
      code: 'secret_store_unavailable',
      message: expect.stringContaining('the Secret Service does not answer'),
      hint: elsewhere,
    } as const;
    await expectFailure(startStore({ env: service.env, data: tmpdir() }), expected, { asked: ['set'], within: patienceMs });
  });

  test('a D-Bus session that does not answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-mute-bus-'));
    const path = join(folder, 'bus');
    const mute = createServer((socket) => void socket.on('error', () => {}).resume());
    await once(mute.listen(path), 'listening');
    stops.push(async () => {
      mute.close();
      await rm(folder, { recursive: true });
    });

    await expectFailure(
      startStore({ env: { HOME: tmpdir(), DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` }, data: tmpdir() }),
      { code: 'secret_store_unavailable', message: expect.stringContaining('the D-Bus session does not answer'), hint: elsewhere },
      { asked: ['get'] },
    );
  });

  test('the library that keytar needs is not installed', async () => {
    const root = await copyWithoutLibrary();

    await expectFailure(startStore({ env: { HOME: tmpdir() }, data: tmpdir(), root }), {
      code: 'secret_store_unavailable',
      message: expect.stringMatching(/cannot be used: libsecret-0\.so\.0: cannot open shared object file/),
      hint: expect.stringMatching(/libsecret-1-0.*LATCHKEY_SECRET_STORE=file/),
    });
  });

  test('a keychain that its user was asked to unlock and did not is locked', async () => {
    const service = await started(startSecretService());
    await service.lock();
    // A display, but no program that could show the question: the service dismisses it.
    const store = startStore({ env: { ...service.env, DISPLAY: ':nowhere' }, data: tmpdir(), mayPrompt: true });

    await expectFailure(store, { code: 'secret_store_locked', message: 'The keychain was not unlocked.' });
  });

  test('without a terminal nobody is asked, display or not', async () => {
    const service = await started(startSecretService());
    await service.lock();
    const store = startStore({ env: { ...service.env, DISPLAY: ':nowhere' }, data: tmpdir() });

    await expectFailure(store, { code: 'secret_store_unavailable' });
  });
});

requires('gnome-keyring', 'dbus', 'libsecret-1-0')('a machine that has much to do', () => {
  test('a Secret Service may take more than a second', async () => {
    const service = await started(startSecretService());
    const store = startStore({ env: service.env, data: tmpdir() });
    await store.set('ap/password', secret);
    const { thaw } = await service.freeze();
    const asked = store.get('ap/password');
    setTimeout(thaw, 1200);

    expect(await asked).toBe(secret);
    expect(await store.end()).toBe(0);
  });

  test('an answer counts that came while the process itself was held up', async () => {
    const session = await started(startEmptySession());
    const bus = await DbusSession.open(session.socketPath, patienceMs);
    try {
      const id = bus.call({ destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'GetId' }, 's');
      bus.limit(100);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);

      expect(await id).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    } finally {
      bus.close();
    }
  });
});
