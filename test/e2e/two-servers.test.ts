import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { LongRunning, makeHome, type Home } from '../program.ts';
import { requires } from '../requirements.ts';
import { Registry } from './registry.ts';

const rounds = 200;
const contenders = 16;

interface Contender {
  readonly server: 0 | 1;
  readonly path: string;
  readonly token: string;
  readonly body: object;
}

requires('postgresql')('two servers on one PostgreSQL', () => {
  let home: Home;
  let postgres: PostgresServer;
  let registry: Registry;
  let servers: [LongRunning, LongRunning];
  const http = new Agent({ connections: contenders });

  beforeAll(async () => {
    [home, postgres] = await Promise.all([makeHome(), startPostgres({ durable: false })]);
    const { url } = await postgres.createDatabase();
    registry = await Registry.open(url, home.key);
    const start = () =>
      LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0'], { ...home.env, LATCHKEY_DATABASE: url });
    servers = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all([http.close(), ...servers.map((server) => server.end())]);
    await registry.close();
    await postgres.stop();
    await home.remove();
  });

  async function contend(contender: Contender): Promise<{ server: 0 | 1; status: number; code: string | undefined }> {
    const { statusCode, body } = await httpRequest(`${String(servers[contender.server].ready['url'])}${contender.path}`, {
      method: 'POST',
      dispatcher: http,
      headers: { authorization: `Bearer ${contender.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(contender.body),
    });
    const reply = (await body.json()) as { code?: string };
    return { server: contender.server, status: statusCode, code: reply.code };
  }

  /** Each round: all at once, one wins, the others are told why not; both servers win their share. */
  async function contest(prepare: () => Promise<Omit<Contender, 'server'>[]>, refusal: string[], afterwards: () => Promise<void>) {
    const wins = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const entries = (await prepare()).map((entry, index): Contender => ({ ...entry, server: index % 2 === 0 ? 0 : 1 }));
      // Who is sent off first changes from round to round: otherwise the order would decide, not the servers.
      const turned = entries.map((_, index) => entries[(index + round) % entries.length]!);
      const results = await Promise.all(turned.map(contend));
      const winners = results.filter((result) => result.status < 300);
      expect(winners.length, `round ${round}: ${JSON.stringify(results)}`).toBe(1);
      wins[winners[0]!.server]! += 1;
      for (const loser of results.filter((result) => result.status >= 300)) {
        expect(refusal).toContain(loser.code);
        expect([403, 409]).toContain(loser.status);
      }
      await afterwards();
    }
    for (const count of wins) {
      expect(count, `wins: ${wins.join(' and ')}`).toBeGreaterThanOrEqual(rounds / 5);
    }
  }

  test('of 16 that register one uuid with different pass_tmps, one does', { timeout: 120_000 }, async () => {
    const { secret } = await registry.token('factory', 'line');
    let uuid = '';
    await contest(
      async () => {
        uuid = randomUUID();
        return Array.from({ length: contenders }, (_, index) => ({
          path: '/v1/devices',
          token: secret,
          body: { uuid, ssid: 'setup', pass_tmp: `contender-number-${index}` },
        }));
      },
      ['device_conflict'],
      async () => expect((await registry.store.devices.find(uuid))?.state).toBe('reserved'),
    );
  });

  test('of 16 that approve one request, one does', { timeout: 120_000 }, async () => {
    const ap = await registry.token('ap', 'one-request');
    const owner = await registry.token('owner', 'owner');
    let uuid = '';
    await contest(
      async () => {
        const device = await registry.device();
        const request = await registry.request(device, ap.token);
        ({ uuid } = device);
        return Array.from({ length: contenders }, () => ({
          path: `/v1/access-requests/${request.id}/approve`,
          token: owner.secret,
          body: {},
        }));
      },
      ['already_decided'],
      async () => {
        const grants = await registry.store.grants.list({ subjectId: uuid }, { limit: 10 });
        expect(grants.items.map((grant) => grant.state)).toEqual(['active']);
      },
    );
  });

  test('of two access points that approve one device, one does', { timeout: 120_000 }, async () => {
    const aps = [await registry.token('ap', 'left'), await registry.token('ap', 'right')] as const;
    let uuid = '';
    await contest(
      async () => {
        const device = await registry.device();
        const requests = await Promise.all(aps.map((ap) => registry.request(device, ap.token)));
        ({ uuid } = device);
        return Array.from({ length: contenders }, (_, index) => {
          // Both access points at both servers.
          const side = index % 4 < 2 ? 0 : 1;
          return { path: `/v1/access-requests/${requests[side]!.id}/approve`, token: aps[side].secret, body: { by: 'local' } };
        });
      },
      ['already_decided', 'device_spent'],
      async () => {
        const grants = await registry.store.grants.list({ subjectId: uuid }, { limit: 10 });
        expect(grants.items.map((grant) => grant.state)).toEqual(['active']);
        const requests = await registry.store.requests.list({ uuid }, { limit: 10 });
        expect(requests.items.map((request) => request.status).toSorted()).toEqual(['approved', 'denied']);
      },
    );
  });
});
