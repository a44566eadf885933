import type { LiveEvent } from '../../domain/live-event.ts';

export interface LiveEvents {
  /** In order. */
  readonly events: readonly LiveEvent[];
  /** To go on from. */
  readonly last: number;
  /** Some after the number that was asked from are not kept any more: how things are is to be asked for. */
  readonly isGap: boolean;
}

/** A terminal's live messages. Errors of all: `unauthorized`, `forbidden`, those of storage. */
export interface EventsRole {
  /**
   * What came after an event, at once if there is something, else after up to `waitMs`. Undefined: from now on. A number that
   * this terminal's events have not reached is a gap, too.
   */
  events(after: number | undefined, waitMs: number, signal?: AbortSignal): Promise<LiveEvents>;
  /** All from then on, until the signal aborts: goes on by itself after what is lost and comes again. */
  follow(after: number | undefined, signal: AbortSignal): AsyncIterable<LiveEvents>;
}
