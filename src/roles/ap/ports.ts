import type { AccessRequest, DeviceReport } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Register } from '../../domain/sale.ts';
import type { Enforcement, Grant, GrantBegin, GrantTerms, GrantUsage } from '../../domain/grant.ts';

export interface Verification {
  /** `unknown` also for devices outside the access point's scope and for those not yet confirmed. */
  readonly status: 'known' | 'unknown' | 'revoked' | 'spent';
  /** 32 bytes, only for `known`. */
  readonly psk: Uint8Array | undefined;
  /** 32 bytes, made for this hello by the registry, which so knows how old a proof under it is. */
  readonly apNonce: Uint8Array;
}

export interface ProvenRequest {
  readonly uuid: string;
  /** 32 bytes each. */
  readonly deviceProof: Uint8Array;
  readonly deviceNonce: Uint8Array;
  readonly apNonce: Uint8Array;
  readonly deviceLabel: string | undefined;
  readonly showsCode: boolean;
  /** Made by the agent itself in the literal exchange. */
  readonly plain: boolean;
}

/** What is said of a device that announces itself by DPP. */
export interface DppAnswer {
  readonly status: Verification['status'];
  /** Only for `known`: the request that it has here, and the key by which it will prove to be the device, 33 bytes. */
  readonly asked: { readonly request: AccessRequest; readonly publicKey: Uint8Array } | undefined;
}

/** What changed for one access point since a revision. */
export interface ApChanges {
  readonly revision: number;
  /** The registry's time, for agents that wake without a clock. */
  readonly now: Date;
  readonly requests: readonly AccessRequest[];
  readonly grants: readonly Grant[];
  /** All that cash registers want now, new or not, until it is put. */
  readonly accessCodes: readonly WantedAccessCode[];
}

/** A cash register wants the password for a grant. */
export interface WantedAccessCode {
  readonly grantId: string;
  readonly registerId: string;
}

/** What an access point serves and how. */
export interface Serving {
  readonly ssid: string;
  readonly onboardingSsid: string;
  readonly enforcement: Enforcement;
}

export interface GrantReport {
  readonly grantId: string;
  readonly usage: GrantUsage;
  /** It came to its time or quota as of this revision, and the agent took it off the air. */
  readonly ended: { readonly at: Date; readonly reason: string; readonly revision?: number | undefined } | undefined;
  readonly begun?: GrantBegin | undefined;
}

/**
 * What an access point's agent asks of the registry (protocol.md section 1). It never learns a pass_tmp, and
 * creates nothing for a device that was not there.
 */
export interface ApRole {
  /** Who it is. Errors: `ap_not_found`. */
  self(): Promise<{ readonly apId: string; readonly name: string }>;
  /** Says what the agent serves; at its start and when it changes. */
  announce(serving: Serving): Promise<void>;
  verify(hello: { uuid: string; deviceNonce: Uint8Array }): Promise<Verification>;
  /**
   * A proven request, `pending`; an older pending one of the same device here expires. The same device proof
   * again gives the same request. Errors: `proof_rejected`, `hello_expired` (the ap_nonce is older than
   * 120 s, or was made for another hello), `device_revoked`, `device_spent`.
   */
  request(proven: ProvenRequest): Promise<AccessRequest>;
  /**
   * A device is on the air that announces itself by this hash of its DPP key, 32 bytes. That anybody can say: so what it
   * asks joins the device's request here, if that is pending or may be retried, and else makes one that closes no other,
   * and spends nothing until it is delivered, which takes the key itself.
   */
  requestByDpp(hash: Uint8Array): Promise<DppAnswer>;
  /**
   * The owner's yes, given at the agent: spends the pass_tmp and makes the grant in one compare-and-set.
   * `by` says how (`local`, `auto`). Errors: `request_not_found`, `already_decided`, `request_expired`,
   * `device_revoked`, `device_spent` (then the request is denied).
   */
  approve(requestId: string, by: 'local' | 'auto', terms?: GrantTerms): Promise<AccessRequest>;
  deny(requestId: string, by: 'local' | 'auto', reason?: string): Promise<AccessRequest>;
  /** approved → delivered → joined | declined; saying it again changes nothing. */
  report(requestId: string, status: DeviceReport): Promise<AccessRequest>;
  /** Every try, failed ones too; those with known ids are passed over. */
  reportAttempts(attempts: readonly Attempt[]): Promise<void>;
  /** What grants have used, each as a whole, and which have ended at the access point; the same again changes nothing. */
  reportGrants(reports: readonly GrantReport[]): Promise<void>;
  /** What is newer than `revision`, at once if there is something, else after up to `waitMs`. */
  changes(revision: number, waitMs: number, signal?: AbortSignal): Promise<ApChanges>;

  /** The cash registers of this access point that have said what their key is. */
  registers(): Promise<readonly Register[]>;

  /** Brings the password for a grant, sealed to a cash register that wants it (a compact JWE). Errors: `grant_not_found`. */
  putAccessCode(grantId: string, registerId: string, sealed: string): Promise<void>;

  /** Says that this access point serves a shared network; its sharer has to say so, too. Errors: `network_not_found`. */
  claimNetwork(networkId: string): Promise<void>;
}
