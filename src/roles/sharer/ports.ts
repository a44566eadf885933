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
