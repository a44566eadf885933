/** One page of a list in a stable order; `next` continues behind it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** Where to go on and how much to take: `after` is the `next` of the page before; limit 1 to 1000. */
export interface PageRequest {
  readonly after?: string | undefined;
  readonly limit: number;
}
