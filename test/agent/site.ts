import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { runAgent, type RunningAgent, type RunOptions } from '../../src/agent/agent.ts';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { Scope } from '../../src/domain/token.ts';
import { noRadio } from '../../src/radio/none.ts';
import type { AskedRadio, PushedRadio } from '../../src/roles/agent/radio.ts';
import type { AgentStore } from '../../src/roles/agent/store.ts';
import type { AgentEvent } from '../../src/roles/agent/service.ts';
import { ApService } from '../../src/roles/ap/service.ts';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import type { Registration } from '../../src/roles/factory/ports.ts';
import { FactoryService } from '../../src/roles/factory/service.ts';
import { OwnerService } from '../../src/roles/owner/service.ts';
import type { ServiceContext } from '../../src/roles/service-context.ts';
import type { Store } from '../../src/roles/store.ts';
import { SecureAccessPointLink } from '../../src/client/access-point/link.ts';
import { openAgentStore } from '../../src/storage/agent-store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { SwitchedAp } from './switched-ap.ts';

export const password = 'correct horse battery';
export const onboardingSsid = 'latchkey-setup';

interface SiteOptions extends Partial<RunOptions> {
  /** The SSID that is handed out. */
  readonly ssid?: string;
  /** Which devices the access point may onboard. */
  readonly scope?: Scope;
  /** In place of no radio. */
  readonly openRadio?: (store: AgentStore) => PushedRadio | AskedRadio;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly detail: unknown;
}

/**
 * A registry, an access point's agent with real listeners on free ports of loopback, and devices; time moves on by
 * hand as well as by itself.
 */
export class Site {
  readonly registry: Store;
  /** Of the registry, for other roles at it. */
  readonly context: ServiceContext;
  readonly factory: FactoryService;
  readonly owner: OwnerService;
  readonly line: SwitchedAp;
  readonly apId = 'ap_livingroom';
  readonly log: LogLine[] = [];
  readonly events: AgentEvent[] = [];
  #agent: RunningAgent | undefined;
  #aheadMs = 0;
  #watchers: (() => void)[] = [];
  readonly #options: SiteOptions;
  readonly #folder: string;
  #closeStore: () => void = () => {};

  private constructor(registry: Store, folder: string, options: SiteOptions) {
    this.registry = registry;
    this.#folder = folder;
    this.#options = options;
    const clock = { now: () => new Date(Date.now() + this.#aheadMs) };
    const random = { bytes: (length: number) => randomBytes(length) };
    const context = { store: registry, clock, random, actor: { kind: 'local' } as const };
    this.context = context;
    this.factory = new FactoryService(context);
    this.owner = new OwnerService(context);
    this.line = new SwitchedAp(
      new ApService({
        ...context,
        actor: {
          kind: 'token',
          token: {
            id: 'tok_ap', role: 'ap', name: 'living room', scope: options.scope ?? {}, apId: this.apId,
            createdAt: clock.now(), lastUsedAt: undefined, revokedAt: undefined,
          },
        },
      }),
    );
  }

  static async open(options: SiteOptions = {}): Promise<Site> {
    const registry = await openMemoryStore(testSealer());
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-agent-'));
    const site = new Site(registry, folder, options);
    await registry.accessPoints.insert({ id: site.apId, name: 'Living room', createdAt: new Date() });
    await site.start();
    return site;
  }

  get agent(): RunningAgent {
    if (this.#agent === undefined) {
      throw new Error('the agent is not running');
    }
    return this.#agent;
  }

  get controlSocket(): string {
    return join(this.#folder, 'agent.sock');
  }

  /** Starts the agent on what it kept. */
  async start(options: Partial<RunOptions> = {}): Promise<RunningAgent> {
    const store = await openAgentStore({ path: join(this.#folder, 'agent.db'), sealer: testSealer() });
    this.#closeStore = () => store.close();
    const ssid = this.#options.ssid ?? 'Home';
    this.#agent = await runAgent({
      ap: this.line.ap,
      store,
      radio: this.#options.openRadio?.(store) ?? noRadio({ ssid, password, security: 'wpa2-psk' }),
      networks: { ssid, onboardingSsid },
      random: { bytes: (length) => randomBytes(length) },
      clock: { now: () => new Date(Date.now() + this.#aheadMs) },
      monotonic: () => performance.now() + this.#aheadMs,
      uptime,
      listen: { host: '127.0.0.1', helloPort: 0, securePort: 0 },
      limits: { openHellosPerAddress: 1000, freeFailures: 1000 },
      log: (level, message, detail) => this.log.push({ level, message, detail }),
      ...this.#options,
      ...options,
    });
    this.#agent.service.onEvent((event) => {
      this.events.push(event);
      this.#watchers.forEach((look) => look());
    });
    return this.#agent;
  }

  /** Ends the agent as a crash does where it matters: nothing that it only had in memory is kept. */
  async stop(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
    this.#closeStore();
  }

  /** Lets time pass for registry and agent. */
  pass(ms: number): void {
    this.#aheadMs += ms;
    this.#agent?.service.tick();
  }

  /** Resolves with the first event, from the beginning, that `matches`. */
  async event(matches: (event: AgentEvent) => boolean): Promise<AgentEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) {
        return found;
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async request(status: AccessRequest['status'], uuid?: string): Promise<AccessRequest> {
    const event = await this.event(
      (each) => each.kind === 'request' && each.request.status === status && (uuid === undefined || each.request.uuid === uuid),
    );
    return (event as Extract<AgentEvent, { kind: 'request' }>).request;
  }

  /** What is on record of a device, oldest first. */
  async trail(uuid: string): Promise<AuditEntry[]> {
    return (await this.factory.history(uuid, { limit: 1000 })).items.toReversed();
  }

  async device(registration: Partial<Registration> = {}): Promise<DeviceIdentity> {
    const { device, passTmp } = await this.factory.reserve({ ssid: onboardingSsid, model: 'lamp', ...registration });
    await this.factory.confirm(device.uuid);
    return { uuid: device.uuid, ssid: device.ssid, passTmp };
  }

  link(): SecureAccessPointLink {
    return new SecureAccessPointLink({ host: '127.0.0.1', port: this.agent.helloPort });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.registry.close();
    await rm(this.#folder, { recursive: true });
  }
}
