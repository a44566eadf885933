/** What is wrong in an image, by what no longer holds. */
export type DamageKind =
  /** A page's header, its state, or how the pages go together. */
  | 'page'
  /** The states of entries, or of a value of several of them. */
  | 'bitmap'
  /** An entry's header. */
  | 'entry'
  /** The bytes of a string or blob. */
  | 'data'
  /** Bytes that must be 0xFF and are not. */
  | 'not_erased'
  /** A blob's chunks and index do not belong together. */
  | 'blob'
  /** A namespace that is not defined, or twice. */
  | 'namespace'
  | 'duplicate_key';

export interface Damage {
  readonly kind: DamageKind;
  /** From 0, as the entry in its page; undefined where it is the page's or the image's as a whole. */
  readonly page: number | undefined;
  readonly entry: number | undefined;
  /** Without anything of a value. */
  readonly detail: string;
}
