/** The one cell of the database that a secret belongs to: sealed there, it opens nowhere else. */
export interface Place {
  readonly table: string;
  /** The row's key as text. */
  readonly row: string;
  readonly column: string;
}

/**
 * Seals secrets at rest (pass_tmp, Wi-Fi passwords, kept replies) with AES-256-GCM.
 *
 * A box is version (1 byte, 1) ‖ key id (4 bytes: the first of SHA-256 of the key) ‖ nonce (12 random bytes) ‖
 * ciphertext ‖ tag (16 bytes); its associated data are table ‖ 0x00 ‖ row ‖ 0x00 ‖ column.
 */
export interface Sealer {
  /** With the newest key. */
  seal(plaintext: string | Uint8Array, place: Place): Uint8Array;
  /** With any key of the ring. Errors: `storage_key_missing`, `storage_corrupt`. */
  open(box: Uint8Array, place: Place): Uint8Array;
  /** As `open`, for what was sealed as text. */
  openText(box: Uint8Array, place: Place): string;
  /** Whether the newest key sealed it; if not, opening and sealing it again brings it there (`server rekey`). */
  isCurrent(box: Uint8Array): boolean;
}
