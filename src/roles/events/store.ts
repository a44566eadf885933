import type { LiveEvent } from '../../domain/live-event.ts';

export interface EventRepository {
  /**
   * Appends to a terminal's events, numbered without gaps under a row lock that the transaction holds to its end, so that
   * they become visible in their order; wakes those who wait for them once committed.
   */
  append(terminalId: string, event: Omit<LiveEvent, 'number'>): Promise<void>;
  /** Numbers greater than `after`, in order. */
  after(terminalId: string, after: number, limit: number): Promise<LiveEvent[]>;
  /** The number of the last one, 0 if there was none; and of the oldest that is kept. */
  range(terminalId: string): Promise<{ readonly last: number; readonly first: number | undefined }>;
  /** Forgets up to `limit` of those that are older than the moment; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
}
