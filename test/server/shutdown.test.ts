import { afterEach, expect, test } from 'vitest';
import type { Store } from '../../src/roles/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { withFault } from './faulty-store.ts';
import { RawConnection, requestBytes } from './raw-http.ts';
import { enrollIn, startServer, type RunningServer } from './running-server.ts';

let running: RunningServer;
afterEach(() => running.stop());

/** A server whose registrations wait for `release`, and `started` when one has begun. */
async function slowServer(): Promise<{ store: Store; started: Promise<void>; release: () => void }> {
  const store = await openMemoryStore(testSealer());
  const started = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  running = await startServer({
    store: withFault(store, 'devices', 'find', async (find) => {
      started.resolve();
      await released.promise;
      return find();
    }),
  });
  return { store, started: started.promise, release: released.resolve };
}

test('what was accepted is done and answered, and the connection ends after it', async () => {
  const { store, started, release } = await slowServer();
  const { secret } = await enrollIn(store, 'factory');
  const identity = await RawConnection.open(running.port);
  identity.send(requestBytes('POST', '/v1/devices', { token: secret, body: '{"ssid":"setup"}' }));
  const { uuid } = JSON.parse((await identity.reply())!.body) as { uuid: string };

  const connection = await RawConnection.open(running.port);
  connection.send(requestBytes('POST', `/v1/devices/${uuid}/confirm`, { token: secret }));
  await started;
  const stopped = running.server.stop();
  release();
  const reply = await connection.reply();
  expect(reply).toMatchObject({ status: 200 });
  expect(reply?.headers.get('connection')).toBe('close');
  await stopped;
  await connection.closed();
  expect((await store.devices.find(uuid))?.state).toBe('registered');
});

test('who waits for changes is answered at once', async () => {
  running = await startServer();
  const { secret } = await running.enroll('ap');
  const connection = await RawConnection.open(running.port);
  connection.send(requestBytes('GET', '/v1/aps/self/changes?revision=0&wait=30', { token: secret }));
  // Answered in the order of asking: when this one is, that one is waiting.
  const probe = await RawConnection.open(running.port);
  await probe.send(requestBytes('GET', '/v1/whoami', { token: secret })).reply();
  const stopped = running.server.stop();
  const reply = await connection.reply();
  expect(reply?.status).toBe(200);
  expect(JSON.parse(reply!.body)).toMatchObject({ revision: 0, requests: [], grants: [] });
  await stopped;
});

test('idle connections are closed and new ones refused while the last request is answered', async () => {
  const { store, started, release } = await slowServer();
  const { secret } = await enrollIn(store, 'factory');
  const idle = await RawConnection.open(running.port);
  await idle.send(requestBytes('GET', '/healthz')).reply();
  const busy = await RawConnection.open(running.port);
  busy.send(requestBytes('GET', '/v1/devices/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', { token: secret }));
  await started;
  const stopped = running.server.stop();
  await idle.closed();
  await expect(RawConnection.open(running.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  release();
  expect((await busy.reply())?.status).toBe(404);
  await stopped;
});

test('what does not end by itself is cut off after the grace', async () => {
  running = await startServer();
  const connection = await RawConnection.open(running.port);
  connection.send('POST /v1/devices HTTP/1.1\r\nHost: x\r\n');
  // Read by the server by the time that something sent later is answered.
  const probe = await RawConnection.open(running.port);
  await probe.send(requestBytes('GET', '/healthz')).reply();
  await running.server.stop(50);
  await connection.closed();
});

test('what was asked about devices is in the log by the end', async () => {
  const store = await openMemoryStore(testSealer());
  // Closing the store is put off, to look into it.
  running = await startServer({ store: withFault(store, 'devices', 'find', (find) => find()) });
  const { secret } = await enrollIn(store, 'ap');
  const nonce = Buffer.alloc(32).toString('base64url');
  const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';
  const connection = await RawConnection.open(running.port);
  connection.send(requestBytes('POST', '/v1/verifications', { token: secret, body: JSON.stringify({ uuid, device_nonce: nonce }) }));
  expect((await connection.reply())?.body).toContain('"status":"unknown"');
  await running.server.stop();
  expect((await store.audit.list({ uuid }, { limit: 10 })).items).toMatchObject([{ action: 'device.asked', detail: { status: 'unknown' } }]);
});
