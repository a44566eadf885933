/** What a network is to be called, by whom, and for how long at most. */
export interface Rename {
  readonly challengeId: string;
  /** What it is called, and is to be called again. */
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly bssids: readonly string[];
  readonly expiresAt: Date;
}

/**
 * A way to give a network another name for a while: a program of the sharer's, or its own radio. Each step takes the same
 * rename, and says by an error that it did not come about; `renaming_failed` if nothing better is known.
 */
export interface Renaming {
  /** What it will do, in a sentence for who is asked whether it may. */
  readonly description: string;
  /** Whatever comes before; the network keeps its name. */
  prepare(rename: Rename, signal: AbortSignal): Promise<void>;
  /** Whoever is on the network may be disconnected; nobody joins it by its first name. */
  set(rename: Rename, signal: AbortSignal): Promise<void>;
  /** Is called whenever `prepare` was, whatever came of it and of `set`; also if the name is the first one still. */
  restore(rename: Rename, signal: AbortSignal): Promise<void>;
}
