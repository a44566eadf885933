import type { LiveEvent } from '../../domain/live-event.ts';

/** An event and whom it tells. */
export interface AddressedEvent extends Omit<LiveEvent, 'number'> {
  readonly terminalId: string;
}

export interface EventRange {
  /** The number of the last one, 0 if there was none. */
  readonly last: number;
  /** The number of the oldest that is kept. */
  readonly first: number | undefined;
}

/** What tells of a terminal's events as they come, from its opening to its closing. */
export interface EventWatch {
  /**
   * Resolves once there is known to be an event with a greater number, at once if it came since the watch was opened; or when
   * the time is over, the signal aborts or the store is closed. What was there before, who opened it reads afterwards. Asked
   * again only when the last one has resolved. Errors: those of storage.
   */
  next(after: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

export interface EventRepository {
  /**
   * Appends to terminals' events, numbered without gaps under a lock of each terminal's row that the transaction holds to its
   * end, so that they become visible in their order; wakes those who wait for them once committed. A transaction does it
   * once, with all its events, as the last thing: here the rows are taken in the order of terminals' ids, so that of two
   * transactions neither waits for the other while that waits for it, nor anybody for what is still to be done.
   */
  append(events: readonly AddressedEvent[]): Promise<void>;
  /** Numbers from `after` + 1 to `after` + `limit`, in order. Those that are asked for at the same time are read together. */
  after(terminalId: string, after: number, limit: number): Promise<LiveEvent[]>;
  range(terminalId: string): Promise<EventRange>;
  /** Forgets up to `limit` of those that are older than the moment; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
}
