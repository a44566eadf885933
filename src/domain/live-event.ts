/**
 * What a terminal is told while it listens. An event says that something has changed and of what; how things are is asked
 * for, so that one that comes twice, late or never does no harm.
 */
export const liveEventKinds = [
  // To the sharer.
  'request.received', 'payment.held', 'request.cancelled', 'code.collected', 'increase.received', 'network.changed',
  // To the guest.
  'fee.set', 'request.refused', 'response.ready', 'quota.low', 'increase.granted',
  // To both.
  'request.expired', 'grant.ended', 'request.settled', 'meters.differ', 'key.mismatch',
] as const;
export type LiveEventKind = (typeof liveEventKinds)[number];

export interface LiveEvent {
  /** Of its terminal's events, from 1, without gaps. */
  readonly number: number;
  readonly kind: LiveEventKind;
  readonly at: Date;
  /** Ids and figures, by names in snake_case; nothing secret. */
  readonly detail: Readonly<Record<string, string | number>>;
}

/** How long an event is kept for who was away. */
export const keepEventsMs = 7 * 86_400_000;
