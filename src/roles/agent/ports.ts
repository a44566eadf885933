import type { AccessRequest, DeviceReport } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Enforcement, Grant, GrantTerms, GrantUsage } from '../../domain/grant.ts';
import type { GrantReport } from '../ap/ports.ts';
import type { Credential } from '../device/ports.ts';

export interface AgentStatus {
  readonly apId: string;
  readonly name: string;
  readonly ssid: string;
  readonly onboardingSsid: string;
  readonly radio: RadioStatus;
  readonly pid: number;
  readonly startedAt: Date;
  readonly helloPort: number;
  readonly securePort: number;
  readonly server: {
    readonly url: string | undefined;
    readonly reachable: boolean;
    readonly lastContactAt: Date | undefined;
    /** How far the agent's clock is ahead of the server's, as it was last heard; negative: behind. */
    readonly aheadMs: number | undefined;
  };
  readonly allowPlain: boolean;
  readonly pending: number;
  readonly activeGrants: number;
  readonly openHellos: number;
}

/** What the person at the access point asks of the running agent, in process or over its Unix socket. */
export interface AgentControl {
  status(): Promise<AgentStatus>;
  /** Pending ones, or all that the agent knows; newest first. */
  requests(options: { readonly all: boolean }): Promise<AccessRequest[]>;
  /** Errors: as `ApRole.approve`, and `remote_unreachable` (the request stays pending). */
  approve(requestId: string, terms?: GrantTerms): Promise<AccessRequest>;
  deny(requestId: string, reason?: string): Promise<AccessRequest>;
  /** Newest first. */
  attempts(limit: number): Promise<Attempt[]>;
  /** The password behind an active grant. Errors: `grant_not_found`. */
  reveal(grantId: string): Promise<Credential>;
  /** Who is on the network now. Errors: `radio_unreachable`. */
  stations(): Promise<ConnectedStation[]>;
}

/** A grant as the radio is to enforce it. */
export interface GrantOnAir {
  readonly grant: Grant;
  /** Its quota is spent and its policy is to restrict: its subject reaches the agent alone. */
  readonly restricted: boolean;
  readonly vlan: number | undefined;
  /** The address by which its subject was last seen. */
  readonly mac: string | undefined;
}

/** A station on the network, with the counters of its present association. */
export interface Station {
  /** The interface of its BSS. */
  readonly bss: string;
  readonly mac: string;
  /** The grant whose password it used; undefined where the radio cannot tell. */
  readonly grantId: string | undefined;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly seconds: number;
  readonly signalDbm: number | undefined;
  /** The rate of the last frame from it and to it, in kbit/s. */
  readonly rateInKbps: number | undefined;
  readonly rateOutKbps: number | undefined;
}

export interface ConnectedStation extends Station {
  /** What the registry calls the grant's device. */
  readonly label: string | undefined;
}

export interface RadioStatus {
  readonly kind: string;
  readonly enforcement: Enforcement;
  /** What is wrong with it, and since when; undefined while the radio is in step with the grants. */
  readonly trouble: { readonly detail: string; readonly hint: string | undefined; readonly since: Date } | undefined;
  /** How often it could not be brought in step since the agent started. */
  readonly failures: number;
  /** What a radio that asks was asked itself since the agent started, by names in snake_case. */
  readonly counters?: Readonly<Record<string, number>> | undefined;
}

export type RadioEvent =
  | { readonly kind: 'joined'; readonly bss: string; readonly mac: string; readonly grantId: string | undefined }
  /** All stations are about to drop for a moment, in so many milliseconds; 0 is now. */
  | { readonly kind: 'dropping'; readonly inMs: number }
  /** Something else may have changed what the radio has: it is to be brought in step again. */
  | { readonly kind: 'disturbed' };

/** A device that announces itself by DPP, as it was heard. */
export interface DppAnnouncement {
  /** Which of its keys: `chirpHash`. */
  readonly hash: Uint8Array;
  readonly bss: string;
  readonly mac: string;
  readonly frequencyMhz: number;
}

/** Gives devices their network by Wi-Fi Easy Connect (DPP). */
export interface DppConfigurator {
  /** Hears who announces itself from now on. */
  onAnnouncement(listener: (announcement: DppAnnouncement) => void): void;
  /**
   * Has the device prove that it has the private half of `publicKey` (33 bytes), and then gives it the credential.
   * Resolves to whether it took it. Errors: `radio_unreachable`.
   */
  configure(device: DppAnnouncement, publicKey: Uint8Array, credential: Credential): Promise<boolean>;
}

export interface Shortfall {
  /** For people, as is what to do about it. */
  readonly detail: string;
  readonly hint: string;
  /** Grants whose subjects the radio does not let in, if there are any. */
  readonly offAir?: ReadonlySet<string>;
}

/** Where grants are enforced. */
export interface Radio {
  readonly kind: string;
  readonly enforcement: Enforcement;
  /** What the subject of a grant needs to get on. */
  credential(grant: Grant): Promise<Credential>;
  close(): Promise<void>;
}

/**
 * A radio that is told beforehand. The agent brings it in step with the grants that are in force, at its start, at
 * every change and every few seconds; a grant is shown to its device only after `converge` resolved with it.
 */
export interface PushedRadio extends Radio {
  /** Where it configures devices itself. */
  readonly dpp?: DppConfigurator | undefined;
  /**
   * Resolves to what is not as the grants say, where the radio could do no better than to keep those concerned off the
   * air. Errors: `radio_unreachable`, those of the files that it writes.
   */
  converge(wanted: readonly GrantOnAir[]): Promise<Shortfall | undefined>;
  /** Errors: `radio_unreachable`. */
  stations(): Promise<readonly Station[]>;
  /** Hears what happens on the air from now on. */
  watch(listener: (event: RadioEvent) => void): void;
}

/**
 * A radio that asks when a station comes, and says what each session has used. It is told nothing beforehand; sessions of
 * grants that end or change meanwhile are ended or changed one by one.
 */
export interface AskedRadio extends Radio {
  /** Where stations reach the agent alone; undefined: there is no such VLAN, and they are not let in. */
  readonly restrictedVlan: number | undefined;
  readonly counters: Readonly<Record<string, number>>;
  /** Asks `agent` from now on. Errors: `invalid_input` (where it would listen). */
  open(agent: AskedAgent): Promise<void>;
  /** Resolves when the session is over. Errors: `radio_unreachable` (nobody answers there, or refuses). */
  end(session: Session): Promise<void>;
  /** Resolves to whether the session goes on so, or had to be ended for it. Errors: `radio_unreachable`. */
  change(session: Session, terms: SessionTerms): Promise<boolean>;
}

/** What a radio that asks is answered, and whom it tells. What fails is not answered. */
export interface AskedAgent {
  /** Undefined: it is not let in. At once, for everybody else waits. Errors: those of the store. */
  admit(station: { readonly mac: string; readonly ssid: string | undefined }): GrantedSession | undefined;
  /** Resolves when it is durable. The same may come again, and late. */
  account(report: SessionReport): Promise<void>;
  /** An access point that has none of its sessions any more. */
  restarted(accessPoint: AccountingAccessPoint): Promise<void>;
}

export interface SessionTerms {
  readonly vlan: number | undefined;
  /** Seconds from now after which the session ends; undefined: none. */
  readonly sessionTimeoutS: number | undefined;
}

/** With what a station is let in. */
export interface GrantedSession extends SessionTerms {
  readonly grantId: string;
  readonly password: string;
  /** Its subject reaches the agent alone. */
  readonly restricted: boolean;
  /** Seconds after which we want to hear of the session again. */
  readonly interimS: number;
}

/** An access point as it accounts for sessions. */
export interface AccountingAccessPoint {
  /** Its name here; several may have it. */
  readonly nas: string;
  readonly nasAddress: string;
  /** Of several that have the address. */
  readonly nasIdentifier: string | undefined;
}

/** Counters are those of the session so far. */
export interface SessionReport extends AccountingAccessPoint, GrantUsage {
  readonly kind: 'start' | 'interim' | 'stop';
  /** Unique at its access point. */
  readonly sessionId: string;
  readonly mac: string;
  /** Undefined where the access point does not say. */
  readonly ssid: string | undefined;
  /** As it was let in; undefined where the access point does not say. */
  readonly grantId: string | undefined;
  readonly restricted: boolean;
  /** By the access point's own clock, in whole seconds; undefined where it does not say. */
  readonly happenedAt: Date | undefined;
}

/** A station's session, with how far its counters have been read. Access point's address, its own id and MAC name it. */
export interface Session extends AccountingAccessPoint, GrantUsage {
  readonly sessionId: string;
  readonly mac: string;
  readonly grantId: string | undefined;
  readonly restricted: boolean;
  readonly heardAt: Date;
  /** Of what is known of it, by its access point's clock. */
  readonly happenedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** It went with a restart of its access point, which may give its id to another one. */
  readonly lost: boolean;
}

export type SessionKey = Pick<Session, 'nasAddress' | 'sessionId' | 'mac'>;

/** Sessions at access points that account for them. */
export interface SessionStore {
  session(key: SessionKey): Session | undefined;
  saveSession(session: Session): void;
  /** Those that are on, by when they were last heard of. */
  sessions(limit: number): Session[];
  sessionsOf(grantId: string): Session[];
  endSession(key: SessionKey, at: Date): void;
  restrictSession(key: SessionKey, restricted: boolean): void;
  /** A station is on an access point once: its other sessions there are over. */
  endSessionsBefore(session: SessionKey, at: Date): void;
  /** All of one access point, as lost. */
  endSessionsAt(accessPoint: AccountingAccessPoint, at: Date): void;
  /** Forgets those that ended before the one moment, or were not heard of since the other. */
  forgetSessions(before: { readonly ended: Date; readonly heard: Date }): void;
  /** Grants with a session although they are over or their traffic is used up, or that have a restricted one. */
  grantsWithOddSessions(): string[];
}

/** A grant's own Wi-Fi password, and the key that follows from it and the SSID (IEEE 802.11, J.4.1). */
export interface GrantKey {
  readonly ssid: string;
  readonly password: string;
  /** 32 bytes. */
  readonly psk: Uint8Array;
}

/** A password whose key nobody has needed yet. */
export interface GrantPassword {
  readonly ssid: undefined;
  readonly password: string;
}

/** What the radio keeps over the agent's restarts, sealed; a grant's key goes with the grant. */
export interface GrantKeyStore {
  grantKeys(): Map<string, GrantKey>;
  grantKey(grantId: string): GrantKey | GrantPassword | undefined;
  /** Of active grants; others have no use for one. */
  saveGrantKeys(keys: ReadonlyMap<string, GrantKey | GrantPassword>): void;
}

/** A grant as far as letting in its subject goes; `usage` is the later of the agent's count and the registry's. */
export interface GrantForStation extends Pick<Grant, 'id' | 'requestId' | 'startsAt' | 'endsAt' | 'quotaBytes' | 'policy' | 'vlan' | 'usage' | 'state'> {
  readonly spentAt: Date | undefined;
  /** Opens its password. Undefined: none was handed out yet. */
  readonly password: () => string | undefined;
}

/** What a grant has used, and since when its quota is spent. */
export interface MeteredUsage extends GrantUsage {
  readonly spentAt: Date | undefined;
}

/** How far the counters of a station's association have been read. */
export interface MeterReading {
  readonly bss: string;
  readonly mac: string;
  readonly grantId: string;
  /** Seconds of the machine's uptime at which the association began. */
  readonly began: number;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly seconds: number;
}

/** Asks the owner (second prompt) or the device's user (first prompt); undefined: nobody answered. */
export interface Prompt {
  ask(question: { readonly title: string; readonly lines: readonly string[] }, signal: AbortSignal): Promise<boolean | undefined>;
  close(): Promise<void>;
}

/** Tells somebody outside about a request; failures are logged, never in the way. `signal`: there is no more time for it. */
export interface Notifier {
  notify(event: 'request.pending' | 'request.decided', request: AccessRequest, signal: AbortSignal): Promise<void>;
}

/** A hello that is alive: its TLS identity and key, and the request made under it. */
export interface Hello {
  readonly id: string;
  readonly uuid: string;
  readonly deviceNonce: Uint8Array;
  readonly apNonce: Uint8Array;
  readonly psk: Uint8Array;
  readonly from: string;
  readonly createdAt: Date;
  readonly requestId: string | undefined;
}

/** Devices that ask; psks are sealed. */
export interface OnboardingStore {
  saveHello(hello: Hello): void;
  removeHello(id: string): void;
  hellos(): Hello[];
  saveRequest(request: AccessRequest): void;
  request(id: string): AccessRequest | undefined;
  requests(options: { readonly all: boolean; readonly limit: number }): AccessRequest[];
  /** Still owed to the server. */
  owedReports(): { readonly requestId: string; readonly status: DeviceReport }[];
  oweReport(requestId: string, status: DeviceReport): void;
  settleReport(requestId: string, status: DeviceReport): void;
}

export interface AttemptStore {
  addAttempt(attempt: Attempt): void;
  attempts(limit: number): Attempt[];
  /** Not yet told to the server. */
  unsentAttempts(limit: number): Attempt[];
  markSent(ids: readonly string[]): void;
}

/** The registry's grants for this access point, and by which addresses their subjects were last seen. */
export interface GrantStore {
  saveGrant(grant: Grant): void;
  grant(id: string): Grant | undefined;
  activeGrants(): Grant[];
  activeGrantCount(): number;
  /** Active ones of whoever was last seen with this address; the newest first. */
  grantsOfStation(mac: string): GrantForStation[];
  /** Active ones that end by then; and those whose traffic was used up by then. */
  grantsEndingBy(at: Date, limit: number): Grant[];
  grantsSpentBy(at: Date, limit: number): Grant[];
  /** When the next active one ends; and when the traffic of the next was used up. */
  firstEndAfter(at: Date): Date | undefined;
  firstSpentAfter(at: Date): Date | undefined;
  subjectMac(subjectId: string): string | undefined;
  saveSubjectMac(subjectId: string, mac: string): void;
}

/** What grants have used, and how far the counters behind that have been read. */
export interface MeterStore {
  /** By grant. */
  usages(): Map<string, MeteredUsage>;
  usage(grantId: string): MeteredUsage | undefined;
  saveUsage(grantId: string, usage: MeteredUsage): void;
  meterReadings(): MeterReading[];
  saveMeterReading(reading: MeterReading): void;
  removeMeterReading(bss: string, mac: string): void;
  /** What the registry has yet to be told of grants; `change` says which change of it this is. */
  untoldGrants(limit: number): (GrantReport & { readonly change: number })[];
  markGrantsTold(reports: readonly { readonly grantId: string; readonly change: number }[]): void;
}

/** How far the agent is in step with the registry. */
export interface RegistryState {
  /** The registry's revision that requests and grants are in step with. */
  revision(): number;
  saveRevision(revision: number): void;
  /** Server time as last known (protocol.md section 1, time). */
  knownTime(): Date | undefined;
  saveKnownTime(at: Date): void;
}

/** What the agent keeps over its own restart. */
export interface AgentStore {
  readonly onboarding: OnboardingStore;
  readonly attempts: AttemptStore;
  readonly grants: GrantStore;
  readonly keys: GrantKeyStore;
  readonly meters: MeterStore;
  readonly sessions: SessionStore;
  readonly registry: RegistryState;
  transaction<T>(work: () => T): T;
  close(): void;
}
