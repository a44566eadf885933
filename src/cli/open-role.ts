import { defaultAccessPoint, defaultGateway, parseAccessPoint, parseGateway } from '../client/access-point/address.ts';
import type { Gateway, HttpClient } from '../client/http-client.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Actor } from '../domain/token.ts';
import type { ApRole } from '../roles/ap/ports.ts';
import type { AdminRole } from '../roles/admin/ports.ts';
import type { BatchesRole } from '../roles/batches/ports.ts';
import type { AuditJournal } from '../roles/audit-journal.ts';
import type { CodesRole } from '../roles/codes/ports.ts';
import type { AgentControl } from '../roles/agent/ports.ts';
import type { AccessPointLink, Credential } from '../roles/device/ports.ts';
import type { EnrollmentRole } from '../roles/enrollment/ports.ts';
import type { EventsRole } from '../roles/events/ports.ts';
import type { FactoryRole } from '../roles/factory/ports.ts';
import type { FlashingRole } from '../roles/flashing/ports.ts';
import type { LedgerRole } from '../roles/ledger/ports.ts';
import type { NetworksRole, WitnessRole } from '../roles/networks/ports.ts';
import type { OffersRole } from '../roles/offers/ports.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';
import type { MandateRole, PosRole } from '../roles/pos/ports.ts';
import type { SharingRole } from '../roles/sharing/ports.ts';
import type { ServiceContext } from '../roles/service-context.ts';
import type { WalletRole } from '../roles/wallet/ports.ts';
import { agentSocket } from './agent-files.ts';
import { agentDesk, serverDesk, type Desk } from './desk.ts';
import { activeDestination, destination, explicitDestination, explicitlyLocal, roleDestination, type RoleFlags, type ServerAccess } from './destination.ts';
import type { GrantReader } from './grant-reader.ts';
import type { ApIdentity } from './profiles.ts';
import { openVerificationSender } from './open-verification.ts';
import { keepReloading, openRegistry, systemClock, systemRandom } from './local-registry.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { SecretSources } from './secret-input.ts';

/** What a command lends to the roles that it opens. */
export interface Opening {
  /** Where a role leaves what must be closed. */
  readonly closing: AsyncDisposableStack;
  readonly sources: SecretSources;
  /** From --timeout. */
  readonly timeoutMs: number | undefined;
  /** Told how far this machine's clock is ahead of a server's that is asked, in milliseconds; negative if behind. */
  readonly onClock?: ((aheadMs: number) => void) | undefined;
}

/**
 * The composition root: the one place that knows that a role is either a service over the database on this machine
 * or a client of a server.
 */
export async function openFactory(flags: RoleFlags, opening: Opening): Promise<FactoryRole> {
  return openRole<FactoryRole>(flags, opening, {
    local: async (context) => new (await import('../roles/factory/service.ts')).FactoryService(context),
    remote: async (http) => new (await import('../client/factory-client.ts')).FactoryClient(http),
  });
}

/** Opens it when it is first needed, once. */
export function factoryWhenNeeded(flags: RoleFlags, opening: Opening): () => Promise<FactoryRole> {
  let opened: Promise<FactoryRole> | undefined;
  return () => (opened ??= openFactory(flags, opening));
}

/**
 * The factory role for long runs, and the newest key of a registry on this machine, for a thread that seals in its place.
 */
export async function openBulkFactory(flags: RoleFlags, opening: Opening): Promise<{ factory: FactoryRole; sealingKey: Uint8Array | undefined }> {
  let sealingKey: Uint8Array | undefined;
  const factory = await openRole<FactoryRole>(flags, opening, {
    local: async (context, keyring) => {
      sealingKey = keyring.newestKey;
      // What cannot be read now is tried again; sealing goes on with the keys that are there.
      keepReloading(keyring, opening.closing, () => {});
      return new (await import('../roles/factory/service.ts')).FactoryService(context);
    },
    remote: async (http) => new (await import('../client/factory-client.ts')).FactoryClient(http),
  });
  return { factory, sealingKey };
}

export async function openFlashing(flags: RoleFlags, opening: Opening): Promise<FlashingRole> {
  return openRole<FlashingRole>(flags, opening, {
    local: async (context) => new (await import('../roles/flashing/service.ts')).FlashingService(context),
    remote: async (http) => new (await import('../client/flashing-client.ts')).FlashingClient(http),
  });
}

export async function openBatches(flags: RoleFlags, opening: Opening): Promise<BatchesRole> {
  return openRole<BatchesRole>(flags, opening, {
    local: async (context) => new (await import('../roles/batches/service.ts')).BatchesService(context),
    remote: async (http) => new (await import('../client/batches-client.ts')).BatchesClient(http),
  });
}

export async function openLedger(flags: RoleFlags, opening: Opening): Promise<LedgerRole> {
  return openRole<LedgerRole>(flags, opening, {
    local: async (context) => new (await import('../roles/ledger/service.ts')).LedgerService(context),
    remote: async (http) => new (await import('../client/ledger-client.ts')).LedgerClient(http),
  });
}

export async function openOwner(flags: RoleFlags, opening: Opening): Promise<OwnerRole> {
  return openRole<OwnerRole>(flags, opening, {
    local: async (context) => new (await import('../roles/owner/service.ts')).OwnerService(context),
    remote: async (http) => new (await import('../client/owner-client.ts')).OwnerClient(http),
  });
}

export async function openAdmin(flags: RoleFlags, opening: Opening): Promise<AdminRole> {
  return openRole<AdminRole>(flags, opening, {
    local: async (context) => new (await import('../roles/admin/service.ts')).AdminService(context),
    remote: async (http) => new (await import('../client/admin-client.ts')).AdminClient(http),
  });
}

/** A payer's terminal. */
export async function openWallet(flags: RoleFlags, opening: Opening): Promise<WalletRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/wallet-client.ts')).WalletClient(await openHttp(server, opening));
  }
  const { keyring: _keyring, ...context } = await openLocal(opening);
  const [{ WalletService }, { sendVerification }] = await Promise.all([import('../roles/wallet/service.ts'), import('../roles/wallet/verification.ts')]);
  const sender = await openVerificationSender();
  return new WalletService({ ...context, sendCode: sender && ((verification) => sendVerification({ ...context, sender }, verification)) });
}

/** What a terminal is told while it listens. */
export async function openEvents(flags: RoleFlags, opening: Opening): Promise<EventsRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/events-client.ts')).EventsClient(await openHttp(server, opening));
  }
  const [{ EventsService }, { goingOn }] = await Promise.all([import('../roles/events/service.ts'), import('../roles/events/going-on.ts')]);
  const here = new EventsService(await openLocal(opening));
  return {
    events: (...asked) => here.events(...asked),
    follow: (after, signal) => goingOn((from, until) => here.follow(from, until), after, signal),
  };
}

/** Credit payment codes, as a payer's terminal, as a cash register, or as an admin. */
export async function openCodes(role: 'terminal' | 'pos' | 'admin', flags: RoleFlags, opening: Opening): Promise<CodesRole> {
  const server = await (role === 'admin' ? destination(flags, opening.sources) : roleDestination(role, flags, opening.sources));
  if (server !== undefined) {
    return new (await import('../client/codes-client.ts')).CodesClient(await openHttp(server, opening));
  }
  const { keyring: _keyring, ...context } = await openLocal(opening);
  return new (await import('../roles/codes/service.ts')).CodesService(context);
}

/** A payer's terminal, for what may be taken by tapping. */
export async function openMandates(flags: RoleFlags, opening: Opening): Promise<MandateRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/pos-client.ts')).MandateClient(await openHttp(server, opening));
  }
  return new (await import('../roles/pos/mandates.ts')).MandateService(await openLocal(opening));
}

/** A terminal, for whose networks are whose and what they say. */
export async function openNetworks(flags: RoleFlags, opening: Opening): Promise<NetworksRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/networks-client.ts')).NetworksClient(await openHttp(server, opening));
  }
  return new (await import('../roles/networks/service.ts')).NetworksService(await openLocal(opening));
}

/** Somebody whom an admin enrolled to hear what is on the air. */
export async function openWitness(flags: RoleFlags, opening: Opening): Promise<WitnessRole> {
  const server = await roleDestination('witness', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/networks-client.ts')).WitnessClient(await openHttp(server, opening));
  }
  return new (await import('../roles/networks/witness-service.ts')).WitnessService(await openLocal(opening));
}

/** A sharer's or a guest's terminal, for what is offered. */
export async function openOffers(flags: RoleFlags, opening: Opening): Promise<OffersRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/offers-client.ts')).OffersClient(await openHttp(server, opening));
  }
  return new (await import('../roles/offers/service.ts')).OffersService(await openLocal(opening));
}

/** A sharer's or a guest's terminal, for access that is bought and sold. */
export async function openSharing(flags: RoleFlags, opening: Opening): Promise<SharingRole> {
  const server = await roleDestination('terminal', flags, opening.sources);
  if (server !== undefined) {
    return new (await import('../client/sharing-client.ts')).SharingClient(await openHttp(server, opening));
  }
  return new (await import('../roles/sharing/service.ts')).SharingService(await openLocal(opening));
}

export async function openPos(flags: RoleFlags, opening: Opening): Promise<PosRole> {
  return (await openRegister(flags, opening)).pos;
}

export interface OpenedRegister {
  readonly pos: PosRole;
  /** As far as it sees it. */
  readonly ledger: LedgerRole;
  /** Loaded when it is first needed. */
  readonly codes: () => Promise<CodesRole>;
}

/** A cash register. Alone on this machine its network is this machine's access point. */
export async function openRegister(flags: RoleFlags, opening: Opening): Promise<OpenedRegister> {
  const server = await roleDestination('pos', flags, opening.sources);
  if (server !== undefined) {
    return registerAt(server, opening);
  }
  const { keyring: _keyring, ...context } = await openLocal(opening, { kind: 'local', apId: localApId });
  const [{ PosService }, { LedgerService }] = await Promise.all([import('../roles/pos/service.ts'), import('../roles/ledger/service.ts')]);
  const codes = async () => new (await import('../roles/codes/service.ts')).CodesService(context);
  return { pos: new PosService(context), ledger: new LedgerService(context), codes };
}

async function registerAt(server: ServerAccess, opening: Opening): Promise<OpenedRegister> {
  const http = await openHttp(server, opening);
  const [{ PosClient }, { LedgerClient }] = await Promise.all([import('../client/pos-client.ts'), import('../client/ledger-client.ts')]);
  const codes = async () => new (await import('../client/codes-client.ts')).CodesClient(http);
  return { pos: new PosClient(http), ledger: new LedgerClient(http), codes };
}

/** As the holder of an owner's, a technician's or an admin's token; or as a cash register, which sees its permission list. */
export async function openGrants(flags: RoleFlags, opening: Opening): Promise<GrantReader> {
  const server = await destination(flags, opening.sources);
  if (server?.role !== 'pos') {
    return openOwner(flags, opening);
  }
  const { pos } = await registerAt(server, opening);
  const { permissionReader } = await import('./grant-reader.ts');
  return permissionReader(pos);
}

export async function openEnrollment(flags: RoleFlags, opening: Opening): Promise<EnrollmentRole> {
  return openRole<EnrollmentRole>(flags, opening, {
    local: async (context) => new (await import('../roles/enrollment/service.ts')).EnrollmentService(context),
    remote: async (http) => new (await import('../client/enrollment-client.ts')).EnrollmentClient(http),
  });
}

/** At a server that no profile names yet. */
export async function openEnrollmentAt(server: ServerAccess, opening: Opening): Promise<EnrollmentRole> {
  const { EnrollmentClient } = await import('../client/enrollment-client.ts');
  return new EnrollmentClient(await openHttp(server, opening));
}

/**
 * Where the owner decides: the server that flags or variables name; else the agent that runs on this machine; else
 * the active profile's server. Errors: `agent_unreachable` if there is none of them.
 */
export async function openDesk(flags: RoleFlags, opening: Opening): Promise<Desk> {
  const named = await explicitDestination(flags, opening.sources);
  if (named !== undefined) {
    return atServer(named, opening);
  }
  const agent = await openAgentControl();
  if (await isRunning(agent)) {
    return agentDesk(agent);
  }
  const active = explicitlyLocal(flags) ? undefined : await activeDestination(flags, opening.sources);
  if (active === undefined) {
    throw new LatchkeyError('agent_unreachable');
  }
  return atServer(active, opening);
}

async function atServer(server: ServerAccess, opening: Opening): Promise<Desk> {
  const { OwnerClient } = await import('../client/owner-client.ts');
  return serverDesk(new OwnerClient(await openHttp(server, opening)));
}

/** Asks the agent on this machine for the password behind a grant. Errors: `agent_unreachable`, `grant_not_found`. */
export async function openRevealer(): Promise<(grantId: string) => Promise<Credential>> {
  const agent = await openAgentControl();
  return (grantId) => agent.reveal(grantId);
}

/** The agent that runs on this machine, over its socket. */
export async function openAgentControl(): Promise<AgentControl> {
  const { AgentControlClient } = await import('../client/agent-control-client.ts');
  return new AgentControlClient(agentSocket());
}

async function isRunning(agent: AgentControl): Promise<boolean> {
  try {
    await agent.status();
    return true;
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'agent_unreachable') {
      return false;
    }
    throw error;
  }
}

export interface OpenedAp {
  readonly ap: ApRole;
  readonly identity: ApIdentity;
  readonly serverUrl: string | undefined;
}

/** The access point that the database on this machine knows without any enrolment. */
const localApId = 'ap_local';

/**
 * An access point's side of the registry. `name`: what the one in the database on this machine is called.
 * `onFailure`: told of what fails beside the calls. With it that database is used for long: what devices asked is
 * written in groups, and house is kept, as a server does.
 */
export async function openAp(
  flags: RoleFlags,
  name: string,
  opening: Opening,
  onFailure?: (task: 'journal' | 'housekeeping', error: unknown) => void,
): Promise<OpenedAp> {
  const server = await roleDestination('ap', flags, opening.sources);
  if (server === undefined) {
    const { keyring: _keyring, ...context } = await openLocal(opening, { kind: 'local', apId: localApId });
    await context.store.accessPoints.insert({ id: localApId, name, createdAt: context.clock.now() });
    const { ApService } = await import('../roles/ap/service.ts');
    const journal = onFailure === undefined ? undefined : await keepJournalAndHouse(context, opening, onFailure);
    const ap = new ApService({ ...context, journal });
    return { ap, identity: await ap.self(), serverUrl: undefined };
  }
  const { ApClient } = await import('../client/ap-client.ts');
  const ap = new ApClient(await openHttp(server, opening));
  return { ap, identity: server.ap ?? (await ap.self()), serverUrl: server.url };
}

async function keepJournalAndHouse(
  context: ServiceContext,
  { closing }: Opening,
  onFailure: (task: 'journal' | 'housekeeping', error: unknown) => void,
): Promise<AuditJournal> {
  const [{ AuditJournal }, { Housekeeping, housekeepingMs, repeatedly }] = await Promise.all([
    import('../roles/audit-journal.ts'),
    import('../roles/housekeeping.ts'),
  ]);
  const journal = new AuditJournal(context.store, (error) => onFailure('journal', error));
  closing.defer(() => journal.flush());
  const housekeeper = new Housekeeping(context);
  const housekeeping = repeatedly(() => housekeeper.keep(), housekeepingMs, (error) => onFailure('housekeeping', error));
  closing.defer(() => housekeeping.stop());
  return journal;
}

/** The device's way to an access point; the default router's if no address is given. */
export async function openAccessPoint(address: string | undefined, plain: boolean, { closing }: Opening): Promise<AccessPointLink> {
  const at = address === undefined ? await defaultAccessPoint() : parseAccessPoint(address);
  const link = plain
    ? new (await import('../client/access-point/plain-link.ts')).PlainAccessPointLink(at)
    : new (await import('../client/access-point/link.ts')).SecureAccessPointLink(at);
  closing.defer(() => link.close());
  return link;
}

interface Sides<Role> {
  readonly local: (context: ServiceContext, keyring: Keyring) => Promise<Role>;
  readonly remote: (http: HttpClient) => Promise<Role>;
}

async function openRole<Role>(flags: RoleFlags, opening: Opening, sides: Sides<Role>): Promise<Role> {
  const server = await destination(flags, opening.sources);
  if (server !== undefined) {
    return sides.remote(await openHttp(server, opening));
  }
  const { keyring, ...context } = await openLocal(opening);
  return sides.local(context, keyring);
}

async function openLocal({ closing, sources }: Opening, actor: Actor = { kind: 'local' }): Promise<ServiceContext & { readonly keyring: Keyring }> {
  const { store, keyring } = await openRegistry(closing, sources);
  return { store, keyring, clock: systemClock, random: systemRandom, actor };
}

async function openHttp({ url, token, ca, via }: ServerAccess, { closing, timeoutMs, onClock }: Opening): Promise<HttpClient> {
  const { HttpClient } = await import('../client/http-client.ts');
  const gateway = via === undefined ? undefined : await gatewayOf(via);
  const http = new HttpClient({ url, token, ca, timeoutMs, onClock, via: gateway });
  closing.defer(() => http.close());
  return http;
}

async function gatewayOf(via: string): Promise<Gateway> {
  return via === 'auto' ? defaultGateway() : parseGateway(via);
}
