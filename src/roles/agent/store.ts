import type { AccessRequest, DeviceReport } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Grant, GrantBegin, GrantUsage } from '../../domain/grant.ts';
import type { GrantReport } from '../ap/ports.ts';
import type { AccountingAccessPoint, Session } from './radio.ts';

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
  /** Active ones that have started and whose time waits. */
  waitingGrants(at: Date, limit: number): Grant[];
  /** Since when the time of one runs that had waited. */
  begun(id: string): GrantBegin | undefined;
  /** The registry is to be told. */
  saveBegun(id: string, begun: GrantBegin): void;
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
  markGrantsTold(reports: readonly (Pick<GrantReport, 'grantId' | 'begun'> & { readonly change: number })[]): void;
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
