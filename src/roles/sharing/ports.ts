import type { Grant, GrantUsage } from '../../domain/grant.ts';
import type { MeterReading } from '../../domain/meter.ts';
import type { Network } from '../../domain/network.ts';
import type { Quantity } from '../../domain/quantity.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import type { Page, PageRequest } from '../page.ts';

export interface AccessOrder {
  readonly offerId: string;
  readonly quantity: Quantity;
  /** To which the access code is sealed (`PublicJwk` as JSON). */
  readonly jwk: string;
  /** Ed25519, 32 bytes. */
  readonly meterKey: Uint8Array;
  /** Who pays, by id or name; may be left out where the terminal is bound to one account alone. */
  readonly account?: string | undefined;
}

/** A request, and how far its grant is used. */
export interface Usage {
  readonly request: ShareRequest;
  readonly grant: Grant;
  /** What both sides counted last. */
  readonly guest: MeterReading | undefined;
  readonly sharer: MeterReading | undefined;
  /** What counts of it. */
  readonly used: GrantUsage;
}

/**
 * Access to shared networks, bought and sold, at a terminal (protocol.md section 7). A terminal sees the requests that it
 * made, and those for networks of accounts that it is bound to. Money is held and paid by `WalletRole.pay` with the
 * request's id, key and fee.
 * Errors of all: `unauthorized`, `forbidden`, those of storage; `share_request_not_found` also for what is somebody else's,
 * `share_request_over` for what its state does not allow any more.
 */
export interface SharingRole {
  // The guest.

  /**
   * Asks for access; the fee is set by the offer's tariff. Errors: `offer_not_found`, `offer_closed` (hours, guests, paused),
   * `purchase_too_large`, `amount_below_minimum`, `metric_mismatch`, `currency_mismatch`, `not_bound`, `payee_is_payer`, `unpaid_limit`, `access_code_invalid` for the key.
   */
  request(order: AccessOrder, idempotencyKey?: string): Promise<ShareRequest>;
  /** Asks for more, on a request of its own that is active. Errors: as `request`, `grant_over`. */
  increase(accessId: string, quantity: Quantity, idempotencyKey?: string): Promise<ShareRequest>;
  /** Gives up what is not paid yet: what is held goes back. */
  cancel(requestId: string): Promise<ShareRequest>;
  /** The access code, a compact JWE, as often as it is asked for until it is acknowledged; undefined while it is not there. */
  accessCode(requestId: string): Promise<string | undefined>;
  /** It was opened: it is deleted, and what is held is paid. The same again is as good. */
  acknowledge(requestId: string): Promise<ShareRequest>;
  /** The sharer's agent names another key than this terminal's: revokes the grant and gives all money back. */
  reportMismatch(requestId: string, thumbprint: string): Promise<ShareRequest>;

  // The sharer.

  /**
   * The yes: makes the grant, or adds to it, which pays for an increase. Errors: `network_not_valid`.
   */
  approve(requestId: string): Promise<ShareRequest>;
  /** What is held goes back; a grant that was made is revoked. */
  refuse(requestId: string, reason?: string): Promise<ShareRequest>;
  /** Brings the access code (a compact JWE) of one that is approved. */
  respond(requestId: string, sealed: string): Promise<ShareRequest>;
  /** A threshold of its quota is passed. The same threshold again tells nobody again. */
  warn(requestId: string, low: { readonly threshold: string; readonly left: Quantity }): Promise<void>;

  // Both.

  /** Each side its own; what was counted never goes back. Errors: `signature_invalid`, `clock_wrong` if it was not read now. The first of the sharer's that shows use pays what is `ready`. */
  read(requestId: string, reading: Omit<MeterReading, 'side' | 'grantId'>): Promise<void>;
  /** Ends it early: off the air, and what is unused goes back by the tariff's rule. */
  end(requestId: string): Promise<ShareRequest>;
  usage(requestId: string): Promise<Usage>;
  show(requestId: string): Promise<ShareRequest>;
  /** Newest first. */
  requests(filter: ShareRequestFilter, page: PageRequest): Promise<Page<ShareRequest>>;

  /**
   * What the sharer's side has counted of its accounts' networks, or of one, by whole hours (UTC), those in which there was
   * something: from the first moment on and before the second, at most 400 days. Errors: `network_not_found`, `invalid_input`.
   */
  traffic(networkId: string | undefined, from: Date, to: Date): Promise<readonly HourOfTraffic[]>;
}

export interface HourOfTraffic {
  /** When it begins. */
  readonly hour: Date;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

export interface ShareRequestFilter {
  readonly side?: 'guest' | 'sharer' | undefined;
  readonly networkId?: string | undefined;
  readonly states?: readonly ShareRequestState[] | undefined;
}

/** Where a sharer's grants are enforced: its AP agent, or nothing but the sharer's own word. */
export interface SharedAccessPoint {
  /** Undefined where no agent is. */
  readonly apId: string | undefined;
  /** Has the agent say to the registry that it serves the network. */
  claim(network: Pick<Network, 'id'>): Promise<void>;
  /** What the guest needs to get on; undefined while the radio does not let it in yet. */
  credential(grantId: string): Promise<{ readonly ssid: string; readonly password: string; readonly passwordId?: string | undefined; readonly security: 'wpa2-psk' | 'wpa3-sae' } | undefined>;
  /** What the radio counted; undefined where nothing counts. */
  usage(grantId: string): Promise<GrantUsage | undefined>;
}
