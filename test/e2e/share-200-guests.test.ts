import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { LiveEventKind } from '../../src/domain/live-event.ts';
import { endReasons } from '../../src/domain/share-request.ts';
import { EventsClient } from '../../src/client/events-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { SharingService } from '../../src/roles/sharing/service.ts';
import { startPostgres } from '../postgres.ts';
import { LongRunning, makeHome, type Home } from '../program.ts';
import { requires } from '../requirements.ts';
import { CrowdedNetwork, type CrowdGuest } from './crowded-network.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { Registry } from './registry.ts';

const guests = 200;
const timeout = 600_000;

/** What a guest buys and uses, in MB, and what it is paid in the end, in cents. */
interface Plan {
  readonly bought: number;
  readonly more: number;
  readonly used: number;
  /** Changes its mind once it has paid. */
  readonly cancels: boolean;
}

function planOf(index: number): Plan {
  switch (index % 5) {
    case 0:
      return { bought: 100, more: 100, used: 101 + (index % 90), cancels: false };
    case 1:
      return { bought: 100, more: 0, used: 1 + (index % 90), cancels: false };
    case 2:
      return { bought: 200, more: 0, used: 200, cancels: false };
    case 3:
      return { bought: 100, more: 0, used: 0, cancels: true };
    default:
      return { bought: 200, more: 100, used: 50 + index, cancels: false };
  }
}

async function live(guest: CrowdGuest, { bought, more, used, cancels }: Plan, onStep: (step: string) => void): Promise<void> {
  const { code } = await guest.buy(`${bought}MB`, { noWait: cancels });
  if (cancels) {
    expect((await guest.cancel()).state).toBe('cancelled');
    onStep('cancelled');
    return;
  }
  expect(code).toMatchObject({ ssid: 'Home', password: expect.stringMatching(/^.{8,}$/) });
  onStep('collected');
  await guest.use(Math.min(used, bought - 10));
  onStep('used');
  if (more > 0) {
    expect((await guest.more(`${more}MB`)).request.state).toBe('active');
    onStep('increased');
  }
  await guest.use(used);
  await guest.end(used);
  onStep('ended');
}

async function crowd(home: Home, database: string, doors: { readonly urls: readonly string[]; readonly disturb?: (done: ReadonlyMap<string, number>) => Promise<void> }): Promise<void> {
  const registry = await Registry.open(database, home.key);
  onTestFinished(() => registry.close());
  const { urls, disturb } = doors;
  const site = await CrowdedNetwork.open(registry, { agentAt: urls.at(-1)!, sharerAt: urls[0]! });
  onTestFinished(() => site.close());
  const plans = Array.from({ length: guests }, (_, index) => planOf(index));
  const all: CrowdGuest[] = [];
  for (let index = 0; index < guests; index += 1) all.push(await site.newGuest(urls[index % urls.length]!, index));

  const listening = new AbortController();
  const sharerHeard: number[] = [];
  const http = new HttpClient({ url: urls.at(-1)!, token: site.sharer.secret });
  onTestFinished(() => http.close());
  const listeners = [
    (async () => {
      for await (const { events } of new EventsClient(http).follow(0, listening.signal)) sharerHeard.push(...events.map(({ number }) => number));
    })(),
    ...all.filter((_, index) => index % 10 === 0).map((guest) => guest.listen(listening.signal)),
  ];
  const begun = performance.now();
  const done = new Map<string, number>();
  const times = new Map<string, number[]>();
  const onStep = (step: string) => {
    done.set(step, (done.get(step) ?? 0) + 1);
    times.set(step, [...(times.get(step) ?? []), Math.round(performance.now() - begun)]);
  };
  await Promise.all([...all.map((guest, index) => live(guest, plans[index]!, onStep)), disturb?.(done)]);
  console.info([...times].map(([step, at]) => `${step}: ${at.length}, first ${at[0]} ms, last ${at.at(-1)} ms`).join('\n'));

  const sharing = new SharingService(registry.context({ kind: 'token', token: site.sharer.token }));
  let earned = 0n;
  // Given up while its code waited: the access point said first what was used.
  let givenUp = 0;
  let traffic = 0n;
  for (const [index, guest] of all.entries()) {
    const { bought, more, used, cancels } = plans[index]!;
    const { state, owed, fee, reason } = await sharing.show(guest.access!.id);
    if (reason === endReasons.givenUp) givenUp += 1;
    expect({ state, owed, fee: fee.minor }, `guest ${index}`).toEqual({ state: cancels ? 'cancelled' : 'ended', owed: 0n, fee: BigInt(bought) });
    const { balance, held } = await site.ledger.account(guest.terminal.accountId);
    expect({ balance, held }, `guest ${index}`).toEqual({ balance: 500n - BigInt(used), held: 0n });
    earned += BigInt(used);
    if (!cancels) {
      const { grantId } = await sharing.show(guest.access!.id);
      const readings = await registry.store.shareRequests.readings(grantId!);
      expect([readings.sharer?.bytesIn, readings.guest?.bytesIn], `guest ${index}`).toEqual([BigInt(used) * 1_000_000n, BigInt(used) * 1_000_000n]);
      traffic += BigInt(used) * 1_000_000n;
      expect(site.onAir).not.toContain(grantId);
    }
    const kinds: LiveEventKind[] = cancels
      ? ['fee.set', ...(reason === endReasons.givenUp ? (['response.ready', 'grant.ended', 'request.settled'] as const) : [])]
      : ['fee.set', 'response.ready', ...(more > 0 ? (['fee.set', 'increase.granted'] as const) : []), 'grant.ended', 'request.settled'];
    const events = await registry.store.events.after(guest.terminal.token.id, 0, 100);
    expect(events.map(({ number }) => number)).toEqual(events.map((_, at) => at + 1));
    expect(events.map(({ kind }) => kind), `guest ${index}`).toEqual(kinds);
  }
  const { balance, held } = await site.ledger.account(site.sharer.accountId);
  expect({ balance, held }).toEqual({ balance: earned, held: 0n });
  expect((await site.ledger.verify()).findings).toEqual([]);
  const hours = await sharing.traffic(site.network.id, new Date(Date.now() - 86_400_000), new Date(Date.now() + 3_600_000));
  expect(hours.reduce((sum, { bytesIn }) => sum + bytesIn, 0n)).toBe(traffic);

  const events = await registry.store.events.after(site.sharer.token.id, 0, 10_000);
  const count = (of: LiveEventKind) => events.filter(({ kind }) => kind === of).length;
  const users = plans.filter(({ cancels }) => !cancels).length;
  const increases = plans.filter(({ more }) => more > 0).length;
  expect(Object.fromEntries((['request.received', 'increase.received', 'payment.held', 'code.collected', 'request.cancelled', 'grant.ended', 'request.settled', 'meters.differ'] as const).map((kind) => [kind, count(kind)]))).toEqual({
    'request.received': guests, 'increase.received': increases, 'payment.held': guests + increases, 'code.collected': users, 'request.cancelled': guests - users,
    'grant.ended': users + givenUp, 'request.settled': users + givenUp, 'meters.differ': 0,
  });
  // Whoever listened heard each once, whatever was torn.
  while (sharerHeard.length < events.length) await delay(20);
  listening.abort();
  await Promise.allSettled(listeners);
  expect(sharerHeard).toEqual(events.map(({ number }) => number));
  for (const { heard } of all) expect(heard).toEqual(heard.map((_, at) => at + 1));
  console.info(`sharer's side: ${JSON.stringify([...new Set(site.trouble)].slice(0, 5))}`);
}

const portOf = (server: LongRunning) => Number(new URL(String(server.ready['url'])).port);

test('200 guests of one network: each has what it paid for or its money, the sharer has the rest (SQLite)', { timeout }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  const database = `sqlite:${path.join(home.folder, 'registry.db')}`;
  const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0', '--database', database], home.env);
  onTestFinished(() => server.end());
  await crowd(home, database, { urls: [String(server.ready['url'])] });
});

requires('postgresql')('at two servers on one PostgreSQL', () => {
  test('200 guests, with connections torn and one server killed amid it: the same', { timeout }, async () => {
    const home = await makeHome();
    onTestFinished(() => home.remove());
    const postgres = await startPostgres({ durable: false });
    onTestFinished(() => postgres.stop());
    const { url } = await postgres.createDatabase();
    const start = async () => {
      const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0'], { ...home.env, LATCHKEY_DATABASE: url });
      onTestFinished(() => server.end('SIGKILL'));
      return server;
    };
    const servers = await Promise.all([start(), start()]);
    const proxies = await Promise.all(servers.map(async (server) => {
      const proxy = await CuttingProxy.open();
      onTestFinished(() => proxy.close());
      proxy.port = portOf(server);
      return proxy;
    }));
    const disturb = async (done: ReadonlyMap<string, number>) => {
      const [proxy] = proxies;
      for (const [step, after] of [['collected', 60], ['increased', 20], ['ended', 40]] as const) {
        while ((done.get(step) ?? 0) < after) await delay(10);
        if (step === 'collected') {
          await servers[0]!.end('SIGKILL');
          proxy!.port = proxies[1]!.port;
        }
        proxies.forEach((one) => one.cutAll());
      }
      proxy!.port = portOf(await start());
    };
    await crowd(home, url, { urls: proxies.map((proxy) => proxy.url), disturb });
    const cut = proxies.map((proxy) => proxy.cut);
    console.info(JSON.stringify(cut));
    expect(Math.min(...cut.flatMap(({ requests, replies }) => [requests, replies]))).toBeGreaterThan(3);
  });
});
