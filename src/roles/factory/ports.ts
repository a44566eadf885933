import type { AuditEntry } from '../../domain/audit.ts';
import type { Device, DeviceFields, DeviceState } from '../../domain/device.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Page, PageRequest } from '../page.ts';
import type { ChunkPlace, DeviceFilter } from '../store.ts';

/** What is known of a device before it exists; what is absent is made (uuid, pass_tmp) or left empty. */
export interface Registration extends DeviceFields {
  readonly allowWeak?: boolean | undefined;
}

/** A whole identity, checked, to be registered with many others. */
export interface NewIdentity extends Pick<Device, 'uuid' | 'ssid' | 'model' | 'batch' | 'label' | 'mac' | 'weak'> {
  readonly passTmp: string;
  /** The same, sealed for its place in the registry on this machine, where that was done ahead. */
  readonly sealed?: Uint8Array | undefined;
  /** Its pass_tmp was made up for it, not given: if its run has reserved it before, the one made then counts. */
  readonly made: boolean;
}

/** What became of one of many, by its place among them, where it is not simply `reserved` now. */
export type BulkException =
  /** Its run had reserved it before, with this pass_tmp. */
  | { readonly kind: 'resumed'; readonly index: number; readonly passTmp: string }
  /** The registry has it, just so; `registered` or still reserved. */
  | { readonly kind: 'known'; readonly index: number; readonly registered: boolean }
  | { readonly kind: 'refused'; readonly index: number; readonly code: ErrorCode; readonly reason: string };

/** What the flashing step needs. */
export interface Identity {
  readonly device: Device;
  readonly passTmp: string;
  /** The private key of its DPP bootstrapping, if one was made: 32 bytes, a scalar of P-256. */
  readonly dppKey?: Uint8Array | undefined;
}

/** By what a device proves to a configurator that it is the one on the label (Wi-Fi Easy Connect). */
export interface BootstrapKey {
  readonly uuid: string;
  /** A point of P-256, compressed: 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Whoever flashed the device earlier did not write its private key. */
  readonly madeAt: Date;
}

/** What a device says of itself; what it does not say is left out. */
export interface ClaimedIdentity {
  readonly ssid?: string | undefined;
  readonly passTmp?: string | undefined;
}

/** What the registry says to it. */
export interface IdentityComparison {
  /** What is another, or was left out. */
  readonly differing: readonly ('ssid' | 'pass_tmp')[];
  readonly state: DeviceState;
}

/**
 * Devices and their identities. `reserve`, then write the identity where it must go, then `confirm`: only a
 * confirmed device verifies, so no device is registered whose pass_tmp nobody has.
 */
export interface FactoryRole {
  /**
   * Commits the device as `reserved`. The same again – same key, or same uuid and pass_tmp – gives the same.
   * Errors: `invalid_input`, `weak_pass_tmp`, `device_conflict`, `batch_revoked`, `idempotency_mismatch`, `forbidden`.
   */
  reserve(registration: Registration, idempotencyKey?: string): Promise<Identity>;
  /** reserved → registered; a registered one stays as it is. Errors: `device_not_found`, `device_revoked`. */
  confirm(uuid: string): Promise<Device>;
  /** How many `reserveChunk` and `checkChunk` take at a time. */
  readonly mostAtOnce: number;
  /**
   * Commits many as `reserved`, as one chunk of a run or a part of it. The same again gives the same. Only what is not
   * reserved just now is told. Errors: `invalid_input` if a uuid is there twice.
   */
  reserveChunk(place: ChunkPlace, identities: readonly NewIdentity[]): Promise<readonly BulkException[]>;
  /** What `reserveChunk` would say in a new run; changes nothing. */
  checkChunk(identities: readonly NewIdentity[]): Promise<readonly BulkException[]>;
  /** reserved → registered for the run's chunks up to that number; resolves to how many of the run are registered now. */
  confirmChunks(upTo: ChunkPlace): Promise<number>;
  /**
   * Identities of devices as the registry has them, in the order asked for, at most 1,000; undefined for one that is
   * not there. Recorded in the audit log, for they hold pass_tmps. Errors: `invalid_input`.
   */
  identities(uuids: readonly string[]): Promise<readonly (Identity | undefined)[]>;
  /**
   * The DPP keys of devices, in the order asked for, at most 1,000; undefined for one that is not there. A device that
   * has none gets one, for good; its private half stays sealed but for `identities`. Errors: `invalid_input`.
   */
  bootstrapKeys(uuids: readonly string[]): Promise<readonly (BootstrapKey | undefined)[]>;
  /**
   * Whether a device that was read back is the registry's, without its pass_tmp leaving the registry. Recorded in the
   * audit log. Errors: `device_not_found`.
   */
  compare(uuid: string, claimed: ClaimedIdentity): Promise<IdentityComparison>;
  list(filter: DeviceFilter, page: PageRequest): Promise<Page<Device>>;
  /** Errors: `device_not_found`. */
  show(uuid: string): Promise<Device>;
  /** For good; its open requests are denied and its grants revoked. Revoking again changes nothing. */
  revoke(uuid: string, reason?: string): Promise<Device>;
  /**
   * Unspends the pass_tmp, closes open requests and revokes the grant. Errors: `device_revoked`, `forbidden` (it is
   * in use at an access point of somebody else).
   */
  reset(uuid: string): Promise<Device>;
  /** Its trail, newest first; owners and technicians see what happened at their own access points. */
  history(uuid: string, page: PageRequest): Promise<Page<AuditEntry>>;
}
