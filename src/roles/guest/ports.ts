import type { Quantity } from '../../domain/quantity.ts';
import type { AccessCode, PrivateJwk } from '../../protocol/access-code.ts';

/** What is only the guest's own of one purchase; in the secret store. */
export interface GuestKeys {
  /** To which the access code is sealed. */
  readonly accessKey: PrivateJwk;
  /** Of the Ed25519 key that signs its meter readings: 32 bytes. */
  readonly meterSeed: Uint8Array;
  /** The access code, once it was opened: the server has it no longer. */
  readonly code?: AccessCode | undefined;
}

export interface KeptKeys {
  get(key: string): Promise<GuestKeys | undefined>;
  /** Durable when the promise resolves. */
  set(key: string, keys: GuestKeys): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Access, by an offer; or more of what an access request bought. */
export type GuestOrder =
  | { readonly kind: 'access'; readonly offerId: string; readonly quantity: Quantity; readonly account?: string | undefined }
  | { readonly kind: 'increase'; readonly accessId: string; readonly quantity: Quantity };

/** A purchase as the terminal wrote it down before anything was sent. */
export interface GuestPurchase {
  /** Its idempotency key. */
  readonly key: string;
  /** The name of the server that it is at. */
  readonly at: string;
  readonly order: GuestOrder;
  readonly begunAt: Date;
  /** Undefined until the server has answered. */
  readonly requestId: string | undefined;
  /** What the sharer's side said of this terminal's key: it is the same, or which other it was. */
  readonly compared: { readonly isSame: boolean; readonly thumbprint: string } | undefined;
  /** Nothing of it goes on any more. */
  readonly isOver: boolean;
}

export type PurchaseNote = Partial<Pick<GuestPurchase, 'requestId' | 'compared'>> & { readonly isOver?: true };

export interface PurchaseJournal {
  /** In the order in which they were begun. */
  all(): Promise<readonly GuestPurchase[]>;
  /** On the disk when the promise resolves. */
  begin(purchase: Pick<GuestPurchase, 'key' | 'at' | 'order' | 'begunAt'>): Promise<GuestPurchase>;
  /** On the disk when the promise resolves. */
  note(key: string, note: PurchaseNote): Promise<GuestPurchase>;
}
