import type { AccessRequest } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Credential } from '../device/ports.ts';

export interface AgentStatus {
  readonly apId: string;
  readonly name: string;
  readonly ssid: string;
  readonly onboardingSsid: string;
  readonly radio: string;
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
  approve(requestId: string): Promise<AccessRequest>;
  deny(requestId: string, reason?: string): Promise<AccessRequest>;
  /** Newest first. */
  attempts(limit: number): Promise<Attempt[]>;
  /** The password behind an active grant. Errors: `grant_not_found`. */
  reveal(grantId: string): Promise<Credential>;
}

/**
 * Where grants are enforced. The agent brings the radio in step with the grants that are in force, at its
 * start and at every change; a grant is shown to its device only after `converge` resolved with it.
 */
export interface Radio {
  readonly kind: string;
  converge(inForce: readonly Grant[]): Promise<void>;
  /** What the subject of a grant needs to get on. */
  credential(grant: Grant): Promise<Credential>;
  close(): Promise<void>;
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

/** What the agent keeps over its own restart; psks are sealed. */
export interface AgentStore {
  saveHello(hello: Hello): void;
  removeHello(id: string): void;
  hellos(): Hello[];
  saveRequest(request: AccessRequest): void;
  request(id: string): AccessRequest | undefined;
  requests(options: { readonly all: boolean; readonly limit: number }): AccessRequest[];
  saveGrant(grant: Grant): void;
  grant(id: string): Grant | undefined;
  activeGrants(): Grant[];
  /** The registry's revision that requests and grants above are in step with. */
  revision(): number;
  saveRevision(revision: number): void;
  /** Server time as last known (protocol.md section 1, time). */
  knownTime(): Date | undefined;
  saveKnownTime(at: Date): void;
  addAttempt(attempt: Attempt): void;
  attempts(limit: number): Attempt[];
  /** Not yet told to the server. */
  unsentAttempts(limit: number): Attempt[];
  markSent(ids: readonly string[]): void;
  /** Reports (delivered, joined, declined) still owed to the server. */
  owedReports(): { readonly requestId: string; readonly status: 'delivered' | 'joined' | 'declined' }[];
  oweReport(requestId: string, status: 'delivered' | 'joined' | 'declined'): void;
  settleReport(requestId: string, status: 'delivered' | 'joined' | 'declined'): void;
  transaction<T>(work: () => T): T;
  close(): void;
}
