import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { LatchkeyError } from '../../src/domain/errors.ts';
import { startEmptySession, startSecretService, type Session } from './secret-service.ts';
import { startStore, type StoreProcess } from './store-process.ts';

/** A store is asked for in less than this, whatever is wrong. */
const limitMs = 1000;
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

/** Whatever is asked of it, the store says the same, at once, and the process can end. */
async function expectFailure(
  store: StoreProcess,
  expected: Partial<LatchkeyError>,
  asked: (keyof typeof calls)[] = ['get', 'set', 'delete', 'names'],
): Promise<void> {
  for (const call of asked) {
    const error = await calls[call](store).then(
      () => undefined,
      (thrown: LatchkeyError) => thrown,
    );
    expect(error).toMatchObject(expected);
    expect(`${error?.message} ${error?.hint}`).not.toContain(secret);
    expect(store.lastMs).toBeLessThan(limitMs);
  }
  expect(await store.end()).toBe(0);
}

async function started<T extends Session>(session: Promise<T>): Promise<T> {
  const { stop } = await session;
  stops.push(stop);
  return session;
}

const elsewhere = expect.stringContaining('LATCHKEY_SECRET_STORE=file');

describe('a machine without a keychain says so at once and names the other stores', () => {
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
    await expectFailure(startStore({ env: service.env, data: tmpdir() }), expected, ['set']);
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
