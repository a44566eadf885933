import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runAgent, type RunningAgent } from '../../src/agent/agent.ts';
import { AgentControlClient } from '../../src/client/agent-control-client.ts';
import { ApClient } from '../../src/client/ap-client.ts';
import { EventsClient } from '../../src/client/events-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { NetworksClient } from '../../src/client/networks-client.ts';
import { SharingClient } from '../../src/client/sharing-client.ts';
import { WalletClient } from '../../src/client/wallet-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Network } from '../../src/domain/network.ts';
import type { Offer } from '../../src/domain/offer.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { isServerAway } from '../../src/domain/server-away.ts';
import type { ShareRequest } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import type { Token } from '../../src/domain/token.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { signReading } from '../../src/protocol/meter-reading.ts';
import { awaited, patiently } from '../../src/roles/guest/awaiting.ts';
import { buy, type Bought } from '../../src/roles/guest/buying.ts';
import type { GuestKeys, GuestOrder, GuestPurchase } from '../../src/roles/guest/ports.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { OffersService } from '../../src/roles/offers/service.ts';
import { AgentAccessPoint } from '../../src/roles/sharer/access-points.ts';
import { SharerDesk } from '../../src/roles/sharer/desk.ts';
import type { SealedCode } from '../../src/roles/sharer/ports.ts';
import { Payer, type BegunPayment, type EndedPayment, type HeldCode } from '../../src/roles/wallet/payer.ts';
import { openAgentStore } from '../../src/storage/agent-store.ts';
import { StandInRadio } from '../agent/stand-in-radio.ts';
import { systemClock, systemRandom } from '../server/running-server.ts';
import { addNetwork } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';
import type { Registry } from './registry.ts';

const identityCode = '2468';
const tariff = parseTariff({ kind: 'steps', step: '1.00EUR=100MB', refund: 'unused' });

interface Terminal {
  readonly accountId: string;
  readonly token: Token;
  readonly secret: string;
  readonly code: HeldCode;
}

/** One shared network with its agent and the desk of its sharer, both here, and guests; what they speak with is elsewhere. */
export class CrowdedNetwork {
  readonly sharer: Terminal;
  readonly network: Network;
  readonly offer: Offer;
  readonly ledger: LedgerService;
  /** What went wrong at the sharer's side, in its own words. */
  readonly trouble: string[] = [];
  readonly #registry: Registry;
  readonly #ending = new AbortController();
  readonly #closing: (() => Promise<unknown>)[] = [];
  #radio!: StandInRadio;
  /** The file of the agent's own database. */
  agentDatabase = '';

  private constructor(registry: Registry, sharer: Terminal, network: Network, offer: Offer) {
    this.#registry = registry;
    this.ledger = new LedgerService(registry.context());
    this.sharer = sharer;
    this.network = network;
    this.offer = offer;
  }

  /** `agentAt`, `sharerAt`: where they reach the server. */
  static async open(registry: Registry, { agentAt, sharerAt }: { readonly agentAt: string; readonly sharerAt: string }): Promise<CrowdedNetwork> {
    const { store } = registry;
    const sharer = await newTerminal(registry, 'sharer', '0.00EUR');
    const apId = `ap_${randomBytes(16).toString('base64url')}`;
    await store.accessPoints.insert({ id: apId, name: 'Home', createdAt: new Date() });
    await store.accessPoints.update(apId, { ssid: 'Home', onboardingSsid: undefined, enforcement: 'none', seenAt: undefined });
    const now = new Date();
    const network = await addNetwork(store, {
      apId, accountId: sharer.accountId, terminalId: sharer.token.id, ssid: Buffer.from('Home'), createdAt: now, verifiedAt: now,
      proveAgainBy: new Date(now.getTime() + 86_400_000),
    });
    const offers = new OffersService(registry.context({ kind: 'token', token: sharer.token }));
    const offer = await offers.offer(network.id, { tariff, guests: 250, hours: undefined, approval: 'automatic', answerMs: 3_600_000 });
    const site = new CrowdedNetwork(registry, sharer, network, offer);
    try {
      await site.#serve(agentAt, sharerAt);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  async #serve(agentAt: string, sharerAt: string): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-crowd-'));
    this.#closing.push(() => rm(folder, { recursive: true, force: true }));
    this.agentDatabase = path.join(folder, 'agent.db');
    const store = await openAgentStore({ path: this.agentDatabase, sealer: testSealer() });
    this.#closing.push(async () => store.close());
    this.#radio = new StandInRadio(store.keys);
    const controlSocket = path.join(folder, 'agent.sock');
    const ap = await this.#registry.token('ap', randomBytes(16).toString('base64url'));
    const agent: RunningAgent = await runAgent({
      ap: new ApClient(this.#connect(agentAt, ap.secret)), store, radio: this.#radio, networks: { ssid: 'Home', onboardingSsid: 'setup' }, random: systemRandom, clock: systemClock,
      monotonic: () => performance.now(), uptime, log: () => {}, listen: { host: '127.0.0.1', helloPort: 0, securePort: 0 }, controlSocket,
    });
    this.#closing.push(() => agent.close());
    const http = this.#connect(sharerAt, this.sharer.secret);
    const meter = newEd25519(randomBytes(32));
    const kept = new Map<string, SealedCode>();
    const desk = new SharerDesk({
      networkId: this.network.id, sharing: new SharingClient(http), networks: new NetworksClient(http), events: new EventsClient(http),
      accessPoint: new AgentAccessPoint({ apId: ap.token.apId!, enforcement: 'per-grant' }, new AgentControlClient(controlSocket)),
      sealed: { find: (id) => kept.get(id), keep: (id, code) => void (kept.has(id) || kept.set(id, code)) },
      signer: { publicKey: meter.publicKey, sign: (reading) => signReading(reading, meter.privateKey) },
      approveAll: false, prompt: undefined, thresholds: [], clock: systemClock, onEvent: () => {},
      log: (level, message, more) => void ((level === 'warn' || level === 'error') && this.trouble.push(`${message} ${String(more?.['error'] ?? '')}`)),
    });
    const serving = Promise.withResolvers<void>();
    const run = desk.run(this.#ending.signal, serving.resolve);
    this.#closing.push(() => run.catch(() => {}));
    await Promise.race([serving.promise, run]);
  }

  #connect(url: string, token: string): HttpClient {
    const http = new HttpClient({ url, token, retries: 20, timeoutMs: 30_000 });
    this.#closing.push(() => http.close());
    return http;
  }

  /** With 5.00 EUR. */
  async newGuest(at: string, index: number): Promise<CrowdGuest> {
    const terminal = await newTerminal(this.#registry, `guest ${index}`, '5.00EUR');
    return new CrowdGuest(this, index, terminal, this.#connect(at, terminal.secret), this.#ending.signal);
  }

  /** What a grant's guest has used since it came. */
  use(grantId: string, index: number, megabytes: number, since: number): void {
    const mac = `02:00:00:00:${Buffer.from([index >> 8, index & 255]).toString('hex').replace(/^(..)/, '$1:')}`;
    this.#radio.on = [...this.#radio.on.filter((other) => other.grantId !== grantId), {
      bss: 'wlan0', mac, grantId, bytesIn: BigInt(megabytes) * 1_000_000n, bytesOut: 0n, signalDbm: undefined, rateInKbps: undefined, rateOutKbps: undefined,
      get seconds() {
        return Math.round(uptime() - since);
      },
    }];
  }

  /** What the radio lets in. */
  get onAir(): readonly string[] {
    return this.#radio.onAir;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    for (const close of this.#closing.toReversed()) await close();
  }
}

async function newTerminal(registry: Registry, name: string, money: string): Promise<Terminal> {
  const ledger = new LedgerService(registry.context());
  const { secret, token } = await registry.token('terminal', name);
  const { id: accountId } = await ledger.open({ name: `${name} ${randomBytes(4).toString('hex')}`, currency: 'EUR' });
  if (!money.startsWith('0.00')) await ledger.topUp(accountId, parseAmount(money));
  const code = randomBytes(32);
  await registry.store.bindings.put({
    accountId, terminalId: token.id, algorithm: 'hmac-sha256', codeNumber: 1, code, identityCode,
    wrong: 0, lockedUntil: undefined, supersededAt: undefined, boundAt: new Date(),
  }, undefined);
  return { accountId, token, secret, code: { number: 1, algorithm: 'hmac-sha256', code } };
}

/** A guest's terminal: what is the program's own, over what it would have on its disk. */
export class CrowdGuest {
  readonly terminal: Terminal;
  readonly sharing: SharingClient;
  readonly index: number;
  /** In the order in which they came. */
  readonly heard: number[] = [];
  readonly #site: CrowdedNetwork;
  readonly #events: EventsClient;
  readonly #payer: Payer;
  readonly #keys = new Map<string, GuestKeys>();
  readonly #signal: AbortSignal;
  #accessKey = '';
  access: ShareRequest | undefined;
  #onSince: number | undefined;

  constructor(site: CrowdedNetwork, index: number, terminal: Terminal, http: HttpClient, signal: AbortSignal) {
    this.#site = site;
    this.index = index;
    this.terminal = terminal;
    this.sharing = new SharingClient(http);
    this.#events = new EventsClient(http);
    this.#signal = signal;
    let held = terminal.code;
    let pending: BegunPayment | undefined;
    const ended = new Map<string, EndedPayment>();
    this.#payer = new Payer({
      wallet: new WalletClient(http), clock: systemClock, random: systemRandom,
      codes: { get: async () => held, set: async (_account, code) => { held = code; } },
      journal: {
        pending: async () => pending,
        find: async (_account, key) => ended.get(key),
        begin: async (payment) => { pending = payment; },
        giveUp: async (payment) => { pending = { ...payment, givenUp: true }; },
        end: async ({ request: { key } }, of) => {
          pending = undefined;
          ended.set(key, { ...(ended.get(key) ?? of), ...of } as EndedPayment);
        },
      },
    });
  }

  get #context() {
    return { sharing: this.sharing, events: this.#events, clock: systemClock, signal: this.#signal };
  }

  /** Hears all that it is told, until the signal aborts. */
  async listen(signal: AbortSignal): Promise<void> {
    for await (const { events } of this.#events.follow(0, signal)) {
      this.heard.push(...events.map(({ number }) => number));
    }
  }

  /** `onStep` is told of each state that it sees, and when it has opened the code. */
  async buy(quantity: string, { noWait = false, onStep }: { readonly noWait?: boolean; readonly onStep?: (step: ShareRequest['state'] | 'opened') => void } = {}): Promise<Bought> {
    const bought = await this.#buy({ kind: 'access', offerId: this.#site.offer.id, quantity: parseQuantity(quantity) }, noWait, onStep);
    this.#accessKey = bought.purchase.key;
    this.access = bought.request;
    return bought;
  }

  more(quantity: string): Promise<Bought> {
    return this.#buy({ kind: 'increase', accessId: this.access!.id, quantity: parseQuantity(quantity) }, false);
  }

  /** By the same call again and again, as somebody does whose server is away. */
  async #buy(order: GuestOrder, noWait: boolean, onStep?: (step: ShareRequest['state'] | 'opened') => void): Promise<Bought> {
    let purchase: GuestPurchase = { key: randomBytes(16).toString('base64url'), at: 'there', order, begunAt: new Date(), requestId: undefined, compared: undefined, isOver: false };
    const keys = {
      get: async (key: string) => this.#keys.get(key),
      set: async (key: string, kept: GuestKeys) => {
        this.#keys.set(key, kept);
        if (kept.code !== undefined) onStep?.('opened');
      },
      remove: async () => {},
    };
    const journal = {
      all: async () => [purchase],
      begin: async () => purchase,
      note: async (_key: string, note: object) => (purchase = { ...purchase, ...note }),
    };
    for (;;) {
      try {
        return await buy({ ...this.#context, journal, keys, random: systemRandom, noWait, onState: ({ state }) => onStep?.(state), pay: (request) => this.#pay(request) }, purchase);
      } catch (error) {
        if (this.#signal.aborted || !isServerAway(error)) throw error;
        await delay(50);
      }
    }
  }

  async #pay({ id, fee, guest: { accountId }, sharer }: ShareRequest): Promise<void> {
    await this.#payer.settle(accountId);
    if ((await this.#payer.known(accountId, id)) === undefined) {
      const payee = { id: sharer.accountId, name: 'sharer', currency: fee.currency } as never;
      const { end } = await this.#payer.pay({ accountId, payee, amount: fee, shareRequestId: id, key: id }, identityCode);
      if (end.kind !== 'accepted') throw new Error(`a fee that is not held: ${JSON.stringify(end)}`);
    }
  }

  /** Has used so much in all since it came, and sees that it was counted. */
  async use(megabytes: number): Promise<void> {
    const { id, grantId } = await patiently(this.#context, () => this.sharing.show(this.access!.id));
    this.#onSince ??= uptime();
    this.#site.use(grantId!, this.index, megabytes, this.#onSince);
    while ((await patiently(this.#context, () => this.sharing.usage(id))).used.bytesIn !== BigInt(megabytes) * 1_000_000n) {
      await delay(500, undefined, { signal: this.#signal });
    }
  }

  /** Gives it up, and waits until its money is back. */
  async cancel(): Promise<ShareRequest> {
    const { id } = await patiently(this.#context, () => this.sharing.cancel(this.access!.id));
    return awaited(this.#context, id, ({ state }) => state !== 'ending');
  }

  /** Ends it, says what it has counted, and waits until all is settled. */
  async end(megabytes: number): Promise<ShareRequest> {
    const { id, grantId } = await patiently(this.#context, () => this.sharing.end(this.access!.id));
    const reading = { bytesIn: BigInt(megabytes) * 1_000_000n, bytesOut: 0n, seconds: 5, at: new Date(), isFinal: true };
    const signature = signReading({ ...reading, grantId: grantId!, side: 'guest' }, newEd25519(this.#keys.get(this.#accessKey)!.meterSeed).privateKey);
    await patiently(this.#context, () => this.sharing.read(id, { ...reading, signature })).catch((error: unknown) => {
      // Brought before, by an answer that was lost.
      if (!(error instanceof LatchkeyError) || error.code !== 'share_request_over') throw error;
    });
    return awaited(this.#context, id, ({ state }) => state === 'ended');
  }
}
