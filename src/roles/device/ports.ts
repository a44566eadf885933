import type { RequestStatus } from '../../domain/access-request.ts';
import type { Security } from '../../domain/ssid.ts';

/** What the device was given in the factory. */
export interface DeviceIdentity {
  readonly uuid: string;
  readonly ssid: string;
  readonly passTmp: string;
}

export interface Credential {
  readonly ssid: string;
  readonly password: string;
  /** The identifier of an SAE password (IEEE 802.11, 12.4.2), without which the network does not take it. */
  readonly passwordId?: string | undefined;
  readonly security: Security;
}

export interface AskOptions {
  readonly label?: string | undefined;
  readonly showsCode: boolean;
}

export interface AskedRequest {
  readonly requestId: string;
  readonly apId: string;
  readonly apName: string;
  /** What the device shows so that the owner approves this one and no other; absent in the literal exchange. */
  readonly matchCode: string | undefined;
}

export interface Granted extends Credential {
  readonly grantId: string;
  readonly expiresAt: Date | undefined;
}

/**
 * One device's exchange with one access point (protocol.md section 1), over TLS-PSK or literal.
 * Errors: `remote_unreachable`, `agent_busy`, `wrong_ssid`, `proof_rejected` (the handshake failed: the two
 * pass_tmp differ, or this is no access point of the server's), `plain_disabled`, `bad_reply`.
 */
export interface AccessPointLink {
  ask(identity: DeviceIdentity, options: AskOptions): Promise<AskedRequest>;
  /** Waits for the owner up to `timeoutMs`. Errors: `request_denied`, `request_expired`, `timed_out`. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<Granted>;
  /** Asks once without waiting. */
  status(): Promise<RequestStatus>;
  /** Over the network that was granted, where it may take a moment until the way there is open. */
  joined(signal?: AbortSignal): Promise<void>;
  declined(): Promise<void>;
  close(): Promise<void>;
}

/** This machine on the network that it has joined. */
export interface OnNetwork {
  readonly interface: string;
  /** IPv4. */
  readonly address: string;
  /** Whether it is on that network again when the machine starts anew. */
  readonly kept: boolean;
}

/**
 * Moves an interface of this machine from the network that it is on to another one.
 * Errors: `wifi_unavailable`, `wifi_wrong_password`, `wifi_not_found`, `wifi_refused`, `wifi_no_address`, `timed_out`,
 * the signal's reason.
 */
export interface NetworkJoiner {
  /** Resolves once the interface is on the network and has an address. */
  join(credential: Credential, signal: AbortSignal): Promise<OnNetwork>;
  /** Undoes `join`, however far it came: the network is forgotten, and the interface on the one that it was on before. */
  back(): Promise<void>;
  close(): Promise<void>;
}
