import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import path from 'node:path';
import { runAgent, type RunningAgent } from '../../src/agent/agent.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import { ApClient } from '../../src/client/ap-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { SharingClient } from '../../src/client/sharing-client.ts';
import { WalletClient } from '../../src/client/wallet-client.ts';
import type { Account } from '../../src/domain/account.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Network } from '../../src/domain/network.ts';
import type { Approval, Offer } from '../../src/domain/offer.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import type { ShareRequest } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import type { Token } from '../../src/domain/token.ts';
import { newAccessKey, openAccessCode, publicJwkOf, type AccessCode } from '../../src/protocol/access-code.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { signReading } from '../../src/protocol/meter-reading.ts';
import type { Station } from '../../src/roles/agent/radio.ts';
import type { Store } from '../../src/roles/store.ts';
import { createServer, type LatchkeyServer } from '../../src/server/create-server.ts';
import { listen } from '../../src/server/listen.ts';
import { Services } from '../../src/server/services.ts';
import { KeyringSealer } from '../../src/secrets/seal.ts';
import { openAgentStore } from '../../src/storage/agent-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { StandInRadio } from '../agent/stand-in-radio.ts';
import { Outbox } from '../contract/roles.harness.ts';
import { bindTo, PlainTerminal } from '../contract/shop.ts';
import { LongRunning, makeHome, type Home } from '../program.ts';
import { enrollIn, systemClock, systemRandom } from '../server/running-server.ts';
import { addNetwork } from '../storage/samples.ts';
import { testSealer } from '../storage/sealer.ts';
import { sendVerification } from '../../src/roles/wallet/verification.ts';

const tariff = parseTariff({ kind: 'steps', step: '1.00EUR=100MB', refund: 'unused' });

interface Terminal {
  readonly account: Account;
  readonly token: Token;
  readonly secret: string;
  readonly plain: PlainTerminal;
}

/**
 * A server over a database, an access point's agent with a stand-in for its radio, and a sharer whose `share serve` is a process
 * of its own beside that agent. Each can be ended and started again.
 */
export class SharedSite {
  readonly store: Store;
  readonly home: Home;
  readonly url: string;
  readonly outbox = new Outbox();
  sharer!: Terminal;
  network!: Network;
  offer!: Offer;
  radio!: StandInRadio;
  apId!: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #clients: HttpClient[] = [];
  #server: LatchkeyServer | undefined;
  #agent: RunningAgent | undefined;
  #closeAgentStore: () => void = () => {};
  #apSecret = '';
  #serving: LongRunning | undefined;

  private constructor(home: Home, folder: string, store: Store, port: number, server: LatchkeyServer) {
    this.home = home;
    this.#folder = folder;
    this.store = store;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
  }

  static async open(approval: Approval = 'automatic'): Promise<SharedSite> {
    const home = await makeHome();
    const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-shared-'));
    const store = await openStore({ url: `sqlite:${path.join(home.folder, 'registry.db')}`, sealer: new KeyringSealer([home.key]) });
    const server = createServer({ clock: systemClock, random: systemRandom, store });
    const { port } = await listen(server, { port: 0, tls: false });
    const site = new SharedSite(home, folder, store, port, server);
    site.sharer = await site.newTerminal();
    const { secret, token } = await enrollIn(store, 'ap');
    site.#apSecret = secret;
    site.apId = token.apId!;
    site.network = await site.#provenNetwork();
    site.offer = await site.#services(site.sharer.token).offers.offer(site.network.id, { tariff, guests: 50, hours: undefined, approval, answerMs: 120_000 });
    await site.startAgent();
    return site;
  }

  /** As a claim and its proof would leave it, with an access point of its own. */
  async #provenNetwork(): Promise<Network> {
    const { account, token } = this.sharer;
    const name = randomBytes(16).toString('base64url');
    const apId = `ap_${name}`;
    await this.store.accessPoints.insert({ id: apId, name: 'Home', createdAt: new Date() });
    await this.store.accessPoints.update(apId, { ssid: 'Home', onboardingSsid: undefined, enforcement: 'none', seenAt: undefined });
    return addNetwork(this.store, { id: `net_${name}`, apId, accountId: account.id, terminalId: token.id, ssid: Buffer.from('Home') });
  }

  #services(token: Token): Services {
    return new Services({
      store: this.store, clock: systemClock, random: systemRandom, actor: { kind: 'token', token }, allowMd5: false,
      sendCode: (verification) => sendVerification({ store: this.store, clock: systemClock, sender: this.outbox }, verification),
    } as ConstructorParameters<typeof Services>[0]);
  }

  async newTerminal(money?: string): Promise<Terminal> {
    const { secret, token } = await enrollIn(this.store, 'terminal');
    const admin = await enrollIn(this.store, 'admin');
    const { ledger } = this.#services(admin.token);
    const account = await ledger.open({ name: `account ${randomBytes(6).toString('hex')}`, currency: 'EUR', contact: 'somebody@example.org' });
    if (money !== undefined) await ledger.topUp(account.id, parseAmount(`${money}EUR`));
    const bound = await bindTo(this as never, { token, wallet: this.#services(token).wallet } as never, account);
    const wallet = new WalletClient(this.#connect(secret));
    return { account, token, secret, plain: new PlainTerminal({ token, wallet } as never, bound.accountId, bound.algorithm, bound.code) };
  }

  async balance({ account }: Terminal): Promise<{ balance: bigint; held: bigint }> {
    const { token } = await enrollIn(this.store, 'admin');
    const { balance, held } = await this.#services(token).ledger.account(account.id);
    return { balance, held };
  }

  #connect(token: string, retries = 20): HttpClient {
    const client = new HttpClient({ url: this.url, token, retries, timeoutMs: 20_000 });
    this.#clients.push(client);
    return client;
  }

  async newGuest(): Promise<Guest> {
    const terminal = await this.newTerminal('20.00');
    return new Guest(this, terminal, new SharingClient(this.#connect(terminal.secret)));
  }

  async startServer(): Promise<void> {
    this.#server = createServer({ clock: systemClock, random: systemRandom, store: this.store });
    await listen(this.#server, { port: this.#port, tls: false });
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop(100);
    this.#server = undefined;
  }

  async startAgent(): Promise<void> {
    const store = await openAgentStore({ path: path.join(this.#folder, 'agent.db'), sealer: testSealer() });
    this.#closeAgentStore = () => store.close();
    const on = this.#agent === undefined && this.radio === undefined ? [] : this.radio.on;
    this.radio = new StandInRadio(store.keys);
    this.radio.on = on;
    this.#agent = await runAgent({
      ap: new ApClient(this.#connect(this.#apSecret, 0)), store, radio: this.radio, networks: { ssid: 'Home', onboardingSsid: 'setup' }, random: systemRandom, clock: systemClock,
      monotonic: () => performance.now(), uptime, log: () => {}, listen: { host: '127.0.0.1', helloPort: 0, securePort: 0 },
      controlSocket: path.join(pathsFrom(this.home.env, process.platform, this.home.folder).state, 'agent.sock'),
    });
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
    this.#closeAgentStore();
  }

  /** Starts `share serve`; resolves with its first line. */
  async serve(...more: string[]): Promise<LongRunning> {
    this.#serving = await LongRunning.start(
      ['share', 'serve', this.network.id, '--listen', '127.0.0.1', '--thumbprint-port', '0', '--server', this.url, ...more],
      { ...this.home.env, LATCHKEY_TOKEN: this.sharer.secret },
    );
    return this.#serving;
  }

  async kill(): Promise<void> {
    await this.#serving?.end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.kill();
    await this.stopAgent();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.stopServer();
    await this.store.close();
    await this.home.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A guest's phone, step by step. */
export class Guest {
  readonly terminal: Terminal;
  readonly sharing: SharingClient;
  readonly #site: SharedSite;
  readonly #key = newAccessKey();
  readonly #meter = newEd25519(randomBytes(32));
  #onSince: number | undefined;
  id = '';
  code: AccessCode | undefined;

  constructor(site: SharedSite, terminal: Terminal, sharing: SharingClient) {
    this.#site = site;
    this.terminal = terminal;
    this.sharing = sharing;
  }

  async buy(quantity: string): Promise<void> {
    const order = { offerId: this.#site.offer.id, quantity: parseQuantity(quantity), jwk: JSON.stringify(publicJwkOf(this.#key)), meterKey: this.#meter.publicKey };
    this.id = (await this.pay(await this.sharing.request(order))).id;
  }

  async more(quantity: string): Promise<string> {
    return (await this.pay(await this.sharing.increase(this.id, parseQuantity(quantity)))).id;
  }

  async pay(request: ShareRequest): Promise<ShareRequest> {
    const { plain } = this.terminal;
    await plain.pay({ ...plain.request(request.sharer.accountId, request.fee), shareRequestId: request.id });
    return request;
  }

  /** Collects and opens its code. */
  async collect(): Promise<AccessCode> {
    this.code = await openAccessCode((await this.sharing.accessCode(this.id))!, this.#key, this.id);
    await this.sharing.acknowledge(this.id);
    return this.code;
  }

  /** Is on, and has used so much since it came. */
  async use(bytesIn: bigint): Promise<void> {
    const { grantId } = await this.sharing.show(this.id);
    const { radio } = this.#site;
    const mac = `02:00:00:00:${Buffer.from(grantId!).subarray(-2).toString('hex').replace(/^(..)/, '$1:')}`;
    this.#onSince ??= uptime();
    const since = this.#onSince;
    const station: Station = {
      bss: 'wlan0', mac, grantId, bytesIn, bytesOut: 0n, signalDbm: undefined, rateInKbps: undefined, rateOutKbps: undefined,
      get seconds() {
        return Math.round(uptime() - since);
      },
    };
    radio.on = [...radio.on.filter((other) => other.grantId !== grantId), station];
  }

  async state(id = this.id): Promise<ShareRequest['state']> {
    return (await this.sharing.show(id)).state;
  }

  async end(bytesIn: bigint): Promise<void> {
    const { grantId } = await this.sharing.end(this.id);
    const reading = { bytesIn, bytesOut: 0n, seconds: 5, at: new Date(), isFinal: true };
    await this.sharing.read(this.id, { ...reading, signature: signReading({ ...reading, grantId: grantId!, side: 'guest' }, this.#meter.privateKey) });
  }
}
