import { isGranted, type AccessRequest } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant, GrantTerms } from '../../domain/grant.ts';
import type { Scope } from '../../domain/token.ts';
import type { ApRole } from '../ap/ports.ts';
import type { Credential } from '../device/ports.ts';
import { AccessCodeDesk } from './access-code-desk.ts';
import { AccessDesk } from './access-desk.ts';
import { AgentTime } from './agent-time.ts';
import { AttemptLog } from './attempt-log.ts';
import { DppDesk } from './dpp-desk.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import { GroupCommit } from './group-commit.ts';
import { HelloBook, type HelloLimits } from './hello-book.ts';
import type { Log } from './log.ts';
import { OwnerDesk } from './owner-desk.ts';
import { PlainExchange } from './plain-exchange.ts';
import { enforcementOf } from './enforcement.ts';
import type { AgentControl, AgentStatus, ConnectedStation, GrantMeter, Notifier, Prompt } from './ports.ts';
import type { AskedRadio, PushedRadio } from './radio.ts';
import { RegistryCopy, type Applied } from './registry-copy.ts';
import { RegistryLink, type ApIdentity } from './registry-link.ts';
import { SecureExchange } from './secure-exchange.ts';
import type { StationsOn } from './station-watch.ts';
import type { AgentStore } from './store.ts';
import { SubjectMacs } from './subject-macs.ts';
import { Throttle } from './throttle.ts';
import { Waiters } from './waiters.ts';

/** The bounds of protocol.md section 1; benches and tests, where all devices share an address, widen them. */
export interface AgentLimits extends HelloLimits {
  /** Failed handshakes of an address, and requests of a device, before it has to wait. */
  readonly freeFailures: number;
  readonly freeRequests: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

const defaultAgentLimits: AgentLimits = {
  openHellosPerAddress: 4,
  openHellos: 1024,
  freeFailures: 5,
  freeRequests: 5,
  firstWaitMs: 1000,
  longestWaitMs: 60_000,
};

export interface AgentOptions {
  readonly ap: ApRole;
  readonly store: AgentStore;
  readonly radio: PushedRadio | AskedRadio;
  readonly networks: { readonly ssid: string; readonly onboardingSsid: string };
  /** As the enrolment said; asked of the registry where it is not given. */
  readonly identity?: ApIdentity | undefined;
  /** Where the registry is, for people; undefined for the embedded one. */
  readonly serverUrl?: string | undefined;
  readonly allowPlain?: boolean;
  readonly autoApprove?: Scope | undefined;
  /** Of grants whose approval says nothing else. */
  readonly terms?: GrantTerms | undefined;
  /** VLANs of grants that name none, by the registry's word for the device's model. */
  readonly vlans?: Vlans | undefined;
  /** How long a spent grant whose policy is to restrict reaches the agent. */
  readonly graceMs?: number | undefined;
  /** Thumbprints (RFC 7638) of the cash registers' keys that passwords are sealed to. */
  readonly posKeys?: readonly string[] | undefined;
  readonly prompt?: Prompt | undefined;
  readonly notifier?: Notifier | undefined;
  readonly limits?: Partial<AgentLimits>;
  readonly random: Random;
  /** The machine's own clock: stamps attempts while server time is not known, and nothing else. */
  readonly clock: Clock;
  /** Milliseconds that only ever grow, from any zero. */
  readonly monotonic: () => number;
  /** Seconds since the machine started. */
  readonly uptime: () => number;
  /** The MAC address behind a client address, where this machine can tell. */
  readonly macOf?: ((address: string) => string | undefined) | undefined;
  readonly log: Log;
}

export interface Vlans {
  readonly byModel: ReadonlyMap<string, number>;
  readonly others: number | undefined;
}

/** What happens at the agent, for whoever shows it. */
export type AgentEvent =
  | { readonly kind: 'request'; readonly request: AccessRequest; readonly before: AccessRequest['status'] | undefined }
  | { readonly kind: 'attempt'; readonly attempt: Attempt };

const tickMs = 1000;
const convergeEveryTicks = 2;
const usualGraceMs = 3_600_000;
const saveTimeEveryTicks = 60;
const plainRefusalMs = 300;

/**
 * The AP agent (protocol.md section 1): speaks to devices through `devices` and `plain`, which the listeners call,
 * to the owner as AgentControl, and to the registry. It puts no trust in its own memory: what it acknowledged is
 * in its store, and a restart goes on from there.
 */
export class AgentService implements AgentControl {
  readonly devices: SecureExchange;
  readonly plain: PlainExchange;

  readonly #options: AgentOptions;
  readonly #time: AgentTime;
  readonly #commit: GroupCommit;
  readonly #copy: RegistryCopy;
  readonly #attempts: AttemptLog;
  readonly #hellos: HelloBook;
  readonly #macs: SubjectMacs;
  readonly #stations: StationsOn;
  readonly #grants: GrantsInForce;
  readonly #link: RegistryLink;
  readonly #codes: AccessCodeDesk;
  readonly #desk: AccessDesk;
  readonly #dpp: DppDesk | undefined;
  readonly #owner: OwnerDesk;
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  readonly #startedAt: Date;
  #ports: Pick<AgentStatus, 'helloPort' | 'securePort' | 'relayPort'> = { helloPort: 0, securePort: 0, relayPort: undefined };
  #timer: NodeJS.Timeout | undefined;
  #punctual: NodeJS.Timeout | undefined;
  #ticks = 0;

  constructor(options: AgentOptions) {
    const { ap, store, radio, networks, random, clock, monotonic, uptime, log, identity } = options;
    const limits = { ...defaultAgentLimits, ...options.limits };
    this.#options = options;
    this.#startedAt = clock.now();
    this.#time = new AgentTime(monotonic, store.registry.knownTime());
    const now = () => this.#time.now();
    const commit = new GroupCommit(store);
    const copy = new RegistryCopy(store, commit);
    const waiters = new Waiters();
    const throttle = new Throttle({ ...limits, free: limits.freeFailures }, monotonic);
    const pace = new Throttle({ ...limits, free: limits.freeRequests }, monotonic);

    this.#commit = commit;
    this.#copy = copy;
    this.#attempts = new AttemptLog({
      store,
      commit,
      random,
      now: () => now() ?? clock.now(),
      monotonic,
      log,
      onAttempt: (attempt) => {
        this.#emit({ kind: 'attempt', attempt });
        this.#link.deliverSoon();
      },
    });
    this.#link = new RegistryLink({
      ap,
      store,
      commit,
      copy,
      attempts: this.#attempts,
      time: this.#time,
      serving: { ...networks, enforcement: radio.enforcement },
      identity,
      log,
      onReachable: () => this.#owner.resume(),
      onWanted: (codes) => this.#codes.take(codes),
    });
    this.#hellos = new HelloBook(limits);
    this.#macs = new SubjectMacs({ store, commit, log });
    const { grants, stations } = enforcementOf(radio, {
      store,
      commit,
      link: this.#link,
      macs: this.#macs,
      ssid: networks.ssid,
      now,
      clock,
      uptime,
      graceMs: options.graceMs ?? usualGraceMs,
      vlanOf: (grant) => this.#vlanOf(grant),
      onNew: (news) => {
        news.forEach(({ requestId }) => requestId !== undefined && waiters.wake(requestId));
        this.#codes.deliver();
      },
      onWaiting: (waiting) => this.#begin(waiting),
      onJoined: (grantId) => this.#joined(grantId),
      onDue: () => this.#enforce(false),
      log,
    });
    this.#grants = grants;
    this.#stations = stations;
    this.#codes = new AccessCodeDesk({ link: this.#link, radio, grants, pinned: options.posKeys ?? [], log });
    this.#desk = new AccessDesk({
      store,
      copy,
      link: this.#link,
      hellos: this.#hellos,
      grants: this.#grants,
      radio,
      macs: this.#macs,
      macOf: options.macOf ?? (() => undefined),
      attempts: this.#attempts,
      throttle,
      pace,
      waiters,
      random,
      now,
      onboardingSsid: networks.onboardingSsid,
      log,
    });
    const configurator = 'dpp' in radio ? radio.dpp : undefined;
    const shared = { store, copy, link: this.#link, grants, radio, macs: this.#macs, attempts: this.#attempts, waiters, now, monotonic, log };
    this.#dpp = configurator === undefined ? undefined : new DppDesk({ configurator, ...shared });
    copy.onApplied((applied) => this.#applied(applied));
    const { autoApprove, terms = {}, prompt, notifier } = options;
    this.#owner = new OwnerDesk({ store, copy, link: this.#link, now, autoApprove, terms, prompt, notifier, log });
    this.devices = new SecureExchange(this.#desk, this.#hellos, throttle);
    const allowed = options.allowPlain === true;
    this.plain = new PlainExchange(this.#desk, throttle, { allowed, refusalMs: plainRefusalMs, random, monotonic, log });
    if (allowed) {
      log('warn', 'Devices may show their pass_tmp in the clear (--allow-plain): use an encrypted onboarding network.');
    }
  }

  /** Serves what is granted at once, whether or not the registry answers. */
  async start(): Promise<void> {
    await this.#grants.start();
    this.#link.start();
    this.#timer = setInterval(() => this.tick(), tickMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#punctual);
    this.#dpp?.close();
    this.#codes.close();
    await this.#link.close();
    await this.#owner.close();
    await this.#attempts.flush();
    this.#saveTime();
    await this.#commit.settled();
    await this.#options.radio.close();
  }

  /** Where the listeners are, for `status`. */
  listening(ports: Pick<AgentStatus, 'helloPort' | 'securePort' | 'relayPort'>): void {
    this.#ports = ports;
  }

  /** Calls back for whatever happens; returns how to stop that. */
  onEvent(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What time brings about: hellos and grants that end. Runs every second by itself. */
  tick(): void {
    this.#ticks += 1;
    this.#desk.sweep();
    this.#enforce(this.#ticks % convergeEveryTicks === 0);
    void this.#stations.tick(this.#ticks)?.then(() => this.#enforce(false));
    if (this.#ticks % saveTimeEveryTicks === 0) {
      this.#saveTime();
    }
  }

  async status(): Promise<AgentStatus> {
    const { networks, store, serverUrl, allowPlain } = this.#options;
    return {
      apId: this.#link.identity?.apId ?? '',
      name: this.#link.identity?.name ?? '',
      ...networks,
      radio: this.#grants.status(),
      pid: process.pid,
      startedAt: this.#startedAt,
      ...this.#ports,
      server: { url: serverUrl, reachable: this.#link.reachable, lastContactAt: this.#link.lastContactAt, aheadMs: this.#link.aheadMs },
      allowPlain: allowPlain === true,
      dpp: this.#dpp !== undefined,
      pending: store.onboarding.requests({ all: false, limit: 10_000 }).length,
      activeGrants: this.#grants.activeCount,
      openHellos: this.#hellos.openCount,
    };
  }

  async requests({ all }: { readonly all: boolean }): Promise<AccessRequest[]> {
    return this.#options.store.onboarding.requests({ all, limit: 1000 });
  }

  async approve(requestId: string, terms?: GrantTerms): Promise<AccessRequest> {
    return this.#owner.approve(requestId, terms);
  }

  async deny(requestId: string, reason?: string): Promise<AccessRequest> {
    return this.#owner.deny(requestId, reason);
  }

  async attempts(limit: number): Promise<Attempt[]> {
    await this.#attempts.flush();
    return this.#options.store.attempts.attempts(limit);
  }

  async reveal(grantId: string): Promise<Credential> {
    const grant = this.#grants.onAir(grantId);
    if (grant === undefined) {
      throw new LatchkeyError('grant_not_found', `There is no active grant ${grantId} here.`);
    }
    return this.#options.radio.credential(grant);
  }

  async stations(): Promise<ConnectedStation[]> {
    const stations = await this.#stations.count();
    return stations.map((station) => ({ ...station, label: this.#requestOf(station.grantId)?.label }));
  }

  async usage(grantId: string): Promise<GrantMeter> {
    const { store, log } = this.#options;
    if (this.#grants.find(grantId) === undefined) {
      // What it used until it was cut off is counted then.
      await this.#grants.converge();
    }
    const on = await this.#stations.count().catch((error: unknown) => {
      log('debug', 'The radio does not say who is on.', { error });
      return undefined;
    });
    const grant = this.#grants.find(grantId) ?? store.grants.grant(grantId);
    if (grant === undefined) {
      throw new LatchkeyError('grant_not_found', `There is no grant ${grantId} here.`);
    }
    return {
      ...this.#grants.usage(grant),
      isRestricted: this.#grants.isRestricted(grantId),
      isConnected: on?.some((station) => station.grantId === grantId),
    };
  }

  async claimNetwork(networkId: string): Promise<void> {
    await this.#link.call((ap) => ap.claimNetwork(networkId));
  }

  /** What time and traffic bring about, and once more in time for the next. `anyway`: looks at the radio also if nothing is due. */
  #enforce(anyway: boolean): void {
    const now = this.#time.now();
    const { over, nextAt, isBehind } = this.#grants.due();
    if (now !== undefined && over.length > 0) {
      const { log } = this.#options;
      this.#copy.endGrants(over, now)
        .then(() => this.#link.deliverSoon())
        .catch((error: unknown) => log('error', 'Grants that are over could not be kept as ended.', { error }));
    }
    if (anyway || isBehind) {
      void this.#grants.converge();
    }
    clearTimeout(this.#punctual);
    const leftMs = now === undefined ? Infinity : nextAt - now.getTime();
    if (leftMs < tickMs) {
      this.#punctual = setTimeout(() => this.#enforce(false), Math.max(1, leftMs));
    }
  }

  /** In force from now on: so is their time, which also ends while the registry is away. */
  #begin(grants: readonly Grant[]): void {
    const now = this.#time.now();
    if (now === undefined) {
      return;
    }
    const { log } = this.#options;
    this.#copy.beginGrants(grants, now)
      .then(() => this.#link.deliverSoon())
      .catch((error: unknown) => log('error', 'That the time of grants has begun could not be kept; trying again.', { error }));
  }

  /** Whoever uses a grant's own password has read it and joined, also if its device never says so. */
  #joined(grantId: string): void {
    const request = this.#requestOf(grantId);
    if (request === undefined || !isGranted(request.status) || request.status === 'joined') {
      return;
    }
    const { clock, log } = this.#options;
    this.#copy.advance(request.id, 'joined', this.#time.now() ?? clock.now())
      .then(() => this.#link.deliverSoon())
      .catch((error: unknown) => log('error', 'That a device has joined could not be kept.', { requestId: request.id, error }));
  }

  #requestOf(grantId: string | undefined): AccessRequest | undefined {
    const grant = grantId === undefined ? undefined : this.#grants.find(grantId);
    return grant?.requestId === undefined ? undefined : this.#options.store.onboarding.request(grant.requestId);
  }

  #vlanOf({ requestId }: Pick<Grant, 'requestId'>): number | undefined {
    const { vlans, store } = this.#options;
    if (vlans === undefined) {
      return undefined;
    }
    const model = vlans.byModel.size === 0 || requestId === undefined ? undefined : store.onboarding.request(requestId)?.model;
    return (model === undefined ? undefined : vlans.byModel.get(model)) ?? vlans.others;
  }

  #applied({ requests, grants }: Applied): void {
    if (grants.length > 0) {
      this.#grants.take(grants);
      this.#enforce(true);
      this.#admitLimits(grants);
    }
    for (const { before, after } of requests) {
      this.#emit({ kind: 'request', request: after, before: before?.status });
    }
  }

  /** A password that all share is not taken back. */
  #admitLimits(grants: readonly Grant[]): void {
    const { radio, log } = this.#options;
    const over = radio.enforcement === 'shared-password' ? grants.filter(({ state }) => state !== 'active') : [];
    if (over.length > 0) {
      log('warn', 'Grants are over, but whoever was given the network’s one password still knows it.', { grants: over.map(({ id }) => id) });
    }
  }

  #emit(event: AgentEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }

  #saveTime(): void {
    const { store, log } = this.#options;
    const now = this.#time.now();
    if (now !== undefined) {
      this.#commit
        .write(() => store.registry.saveKnownTime(now))
        .catch((error: unknown) => log('error', 'The time could not be kept.', { error }));
    }
  }
}
