import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventsClient } from '../../src/client/events-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { LongRunning, makeHome, type Home } from '../program.ts';
import { requires } from '../requirements.ts';
import { newEvent } from '../storage/samples.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { Registry } from './registry.ts';

const terminals = 50;
/** To each. */
const rounds = 40;

/** A terminal and what it heard. */
class Listener {
  readonly id: string;
  readonly heard: number[] = [];
  gaps = 0;
  readonly #http: HttpClient;
  readonly #leaving = new AbortController();
  readonly #listening: Promise<void>;
  #look = () => {};

  constructor(url: string, { secret, token }: { secret: string; token: { readonly id: string } }) {
    this.id = token.id;
    this.#http = new HttpClient({ url, token: secret });
    this.#listening = this.#listen();
  }

  async #listen(): Promise<void> {
    for await (const { events, isGap } of new EventsClient(this.#http).follow(0, this.#leaving.signal)) {
      this.heard.push(...events.map(({ number }) => number));
      this.gaps += Number(isGap);
      this.#look();
    }
  }

  async until(count: number): Promise<void> {
    while (this.heard.length < count) {
      await Promise.race([this.#listening, new Promise<void>((resolve) => { this.#look = resolve; })]);
    }
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#listening;
    await this.#http.close();
  }
}

requires('postgresql', 'curl')('terminals that listen at two servers on one PostgreSQL', () => {
  let home: Home;
  let postgres: PostgresServer;
  let registry: Registry;
  let servers: [LongRunning, LongRunning];
  let proxy: CuttingProxy;
  const portOf = (server: LongRunning) => Number(new URL(String(server.ready['url'])).port);

  beforeAll(async () => {
    [home, postgres, proxy] = await Promise.all([makeHome(), startPostgres({ durable: false }), CuttingProxy.open()]);
    const { url } = await postgres.createDatabase();
    registry = await Registry.open(url, home.key);
    const start = () => LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0'], { ...home.env, LATCHKEY_DATABASE: url });
    servers = await Promise.all([start(), start()]);
    proxy.on = false;
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.end()));
    await proxy.close();
    await registry.close();
    await postgres.stop();
    await home.remove();
  });

  test('50 go on at the other when theirs is killed and when they are cut off: nothing is lost, nothing comes twice', { timeout: 120_000 }, async () => {
    proxy.port = portOf(servers[0]);
    const tokens = await Promise.all(Array.from({ length: terminals }, (_, index) => registry.token('terminal', `terminal-${index}`)));
    const listeners = tokens.map((token) => new Listener(proxy.url, token));
    const tell = async (round: number) => {
      await Promise.all(listeners.map(({ id }) => registry.store.events.append([newEvent(id, { at: new Date(), detail: { round } })])));
    };
    for (let round = 1; round <= rounds; round++) {
      const told = tell(round);
      if (round === 15) {
        // Amid the telling, as a crash comes.
        servers[0].child.kill('SIGKILL');
        proxy.port = portOf(servers[1]);
      }
      if (round > 25 && round % 5 === 0) proxy.cutAll();
      await told;
      if (round % 10 === 0) await Promise.all(listeners.map((listener) => listener.until(round)));
    }
    await Promise.all(listeners.map((listener) => listener.leave()));
    const all = Array.from({ length: rounds }, (_, index) => index + 1);
    for (const { heard, gaps } of listeners) {
      expect(heard).toEqual(all);
      expect(gaps).toBe(0);
    }
  });

  test('a client that is not ours reads it: curl', async () => {
    const { secret, token } = await registry.token('terminal', 'curl');
    await registry.store.events.append([1, 2, 3].map((count) => newEvent(token.id, { at: new Date(), detail: { count } })));
    const curl = spawn('curl', ['-sN', '-K', '-', '-H', 'Last-Event-ID: 1', `${String(servers[1].ready['url'])}/v1/events`]);
    // Out of sight of other users of the machine.
    curl.stdin.end(`header = "Authorization: Bearer ${secret}"\n`);
    let text = '';
    curl.stdout.setEncoding('utf8');
    while (!text.includes('id: 4\n')) {
      const [piece] = (await once(curl.stdout, 'data')) as [string];
      text += piece;
      if (text.includes('id: 3\n') && !text.includes('id: 4\n')) {
        await registry.store.events.append([newEvent(token.id, { at: new Date(), kind: 'grant.ended' })]);
      }
    }
    curl.kill();
    await once(curl, 'close');
    expect([...text.matchAll(/^(?:id|event): (.+)$/gm)].map(([, value]) => value)).toEqual(['2', 'fee.set', '3', 'fee.set', '4', 'grant.ended']);
  });
});
