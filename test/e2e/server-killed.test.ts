import { randomInt } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { Agent, request as httpRequest } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { LongRunning, makeHome } from '../program.ts';
import { Registry } from './registry.ts';

const kills = 30;
const workers = 8;

interface Acknowledged {
  readonly passTmp: string;
  state: 'reserved' | 'registered' | 'revoked';
}

test(`a server killed ${kills} times under load has lost nothing that it acknowledged`, { timeout: 240_000 }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  const file = path.join(home.folder, 'registry.db');
  const database = `sqlite:${file}`;
  const registry = await Registry.open(database, home.key);
  onTestFinished(() => registry.close());
  const { secret } = await registry.token('admin', 'load');
  const acknowledged = new Map<string, Acknowledged>();

  for (let kill = 0; kill < kills; kill++) {
    const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0', '--database', database], home.env);
    onTestFinished(() => server.end('SIGKILL'));
    const before = acknowledged.size;
    await loadUntilKilled(server, secret, acknowledged, 10 + randomInt(60));
    expect(acknowledged.size, 'a round counts only with acknowledged work in it').toBeGreaterThan(before);

    for (const [uuid, { passTmp, state }] of acknowledged) {
      const found = await registry.store.devices.findWithPassTmp(uuid);
      expect(found?.passTmp, uuid).toBe(passTmp);
      // It may have come further than its acknowledgement, which the kill cut off.
      const later = { reserved: ['reserved', 'registered'], registered: ['registered', 'revoked'], revoked: ['revoked'] };
      expect(later[state], uuid).toContain(found?.device.state);
    }
  }

  expect(acknowledged.size).toBeGreaterThan(10 * kills);
  const { broken } = await registry.store.audit.verify();
  expect(broken).toBeUndefined();
  using raw = new DatabaseSync(file, { readOnly: true });
  expect(raw.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});

/** Several clients reserve, confirm and now and then revoke; after `enough` acknowledgements the server is killed in mid-work. */
async function loadUntilKilled(
  server: LongRunning,
  token: string,
  acknowledged: Map<string, Acknowledged>,
  enough: number,
): Promise<void> {
  const http = new Agent({ connections: workers });
  let answers = 0;
  let inFlight = 0;
  let killed: Promise<void> | undefined;

  const post = async (route: string, body: object): Promise<Record<string, string>> => {
    inFlight++;
    try {
      const reply = await httpRequest(`${String(server.ready['url'])}${route}`, {
        method: 'POST',
        dispatcher: http,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const json = (await reply.body.json()) as Record<string, string>;
      expect(reply.statusCode, JSON.stringify(json)).toBeLessThan(300);
      answers++;
      return json;
    } finally {
      inFlight--;
    }
  };

  const worker = async () => {
    for (;;) {
      const { uuid, pass_tmp: passTmp } = await post('/v1/devices', { ssid: 'setup' });
      const device: Acknowledged = { passTmp: passTmp!, state: 'reserved' };
      acknowledged.set(uuid!, device);
      if (answers >= enough && inFlight > 0) {
        killed ??= server.end('SIGKILL');
      }
      await post(`/v1/devices/${uuid}/confirm`, {});
      device.state = 'registered';
      if (answers % 5 === 0) {
        await post(`/v1/devices/${uuid}/revoke`, {});
        device.state = 'revoked';
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: workers }, worker));
  await killed;
  for (const end of ends) {
    // Each worker ends because the connection does, not because the server refused something.
    expect(end.status === 'rejected' && (end.reason as NodeJS.ErrnoException).code, String(end.status === 'rejected' && end.reason)).toMatch(/^(UND_ERR_SOCKET|ECONNRESET|ECONNREFUSED)$/);
  }
  await http.destroy();
}
