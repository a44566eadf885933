/** The time and the randomness that rules need; passed in, so that tests can say what they are. */
export interface Clock {
  now(): Date;
}

export interface Random {
  /** `length` random bytes from a cryptographic source. */
  bytes(length: number): Uint8Array;
}

/** Clocks that are further apart than this are worth a word. */
export const tolerableMs = 60_000;
