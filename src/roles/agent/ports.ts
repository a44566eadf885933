import type { AccessRequest } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { GrantTerms, GrantUsage } from '../../domain/grant.ts';
import type { Credential } from '../device/ports.ts';
import type { RadioStatus, Station } from './radio.ts';

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
  /** Where guests reach the server through the agent; undefined: they do not. */
  readonly relayPort: number | undefined;
  readonly server: {
    readonly url: string | undefined;
    readonly reachable: boolean;
    readonly lastContactAt: Date | undefined;
    /** How far the agent's clock is ahead of the server's, as it was last heard; negative: behind. */
    readonly aheadMs: number | undefined;
  };
  readonly allowPlain: boolean;
  /** Whether devices that announce themselves by Wi-Fi Easy Connect are heard. */
  readonly dpp: boolean;
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
  /** What a grant has used until now, also one that is over. Errors: `grant_not_found`. */
  usage(grantId: string): Promise<GrantMeter>;
  /** Says to the registry that this access point serves a shared network. Errors: as `ApRole.claimNetwork`, and `remote_unreachable`. */
  claimNetwork(networkId: string): Promise<void>;
}

/** A grant by the access point's own meter. */
export interface GrantMeter extends GrantUsage {
  /** Its quota is spent, and its subject reaches the agent alone. */
  readonly isRestricted: boolean;
  /** Whether its subject is on the network; undefined where the radio does not say. */
  readonly isConnected: boolean | undefined;
}

export interface ConnectedStation extends Station {
  /** What the registry calls the grant's device. */
  readonly label: string | undefined;
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
