import type { LatchkeyError } from '../../domain/errors.ts';
import type { MeterReading } from '../../domain/meter.ts';
import type { Quantity } from '../../domain/quantity.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';

/** An access code that was sealed and brought. */
export interface SealedCode {
  readonly grantId: string;
  /** Of the key that it was sealed to (RFC 7638). */
  readonly thumbprint: string;
}

/**
 * To which keys access codes were sealed, on this machine: what the server says later that the guest's key was, or had been,
 * changes nothing of it.
 */
export interface SealedCodes {
  find(requestId: string): SealedCode | undefined;
  /** Durable when it returns; the first of a request stays. Errors: those of the disk. */
  keep(requestId: string, code: SealedCode): void;
}

/** By which the sharer's side signs what it has read. */
export interface MeterSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(reading: Omit<MeterReading, 'signature'>): Uint8Array;
}

/** What happens at a sharer's, for whoever shows it. */
export type SharerEvent =
  /** A request is new here, or in another state than before. */
  | { readonly kind: 'request'; readonly request: ShareRequest; readonly before: ShareRequestState | undefined }
  /** Nobody is asked about it here: it waits to be approved or denied by other means. */
  | { readonly kind: 'undecided'; readonly request: ShareRequest }
  /** A threshold is passed; the guest was told. */
  | { readonly kind: 'low'; readonly request: ShareRequest; readonly threshold: string; readonly left: Quantity }
  /** The server names another key than that to which the access code was sealed before. */
  | { readonly kind: 'key_changed'; readonly request: ShareRequest; readonly sealedTo: string; readonly named: string }
  /** Whom the desk needs answers, or does not. */
  | { readonly kind: 'reach'; readonly whom: 'server' | 'agent'; readonly error: LatchkeyError | undefined };
