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
  joined(): Promise<void>;
  declined(): Promise<void>;
  close(): Promise<void>;
}
