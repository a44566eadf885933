import type { Card } from '../../protocol/card.ts';

/** A card or phone at a reader. */
export interface NfcCard extends Card {
  /**
   * The number by which it answers, as the reader gives it; undefined where there is none. It may be a random one: see
   * `nfcIdentifier`. Errors: as `transmit`.
   */
  uid(): Promise<Uint8Array | undefined>;
  /** Waits as long as the card takes. Errors: `card_removed`, `reader_unavailable`. */
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  /** Aborts, with `card_removed`, when the card is taken away or its reader is. */
  readonly gone: AbortSignal;
}

export interface NfcReader {
  /**
   * The cards that are held to it, one after the other; one that is there already is the first. Each is the caller's
   * alone until it asks for the next, and comes again only when it was away. Ends with the signal. Errors:
   * `reader_not_found` (there is none, or the last was unplugged), `reader_unavailable`. `ready`: called as soon as there
   * is a reader, before any card.
   */
  cards(signal: AbortSignal, ready?: () => void): AsyncIterable<NfcCard>;
}
