import { liveEventKinds, type LiveEvent, type LiveEventKind } from '../domain/live-event.ts';
import type { LiveEvents } from '../roles/events/ports.ts';
import type { SentEvent } from './event-stream.ts';
import { count, instant, object, oneOf, type Static } from './schema.ts';
import { instantFromWire, instantToWire } from './wire.ts';

export const liveEventSchema = object('LiveEvent', {
  number: count,
  kind: oneOf(liveEventKinds),
  at: instant,
  detail: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
});
export type LiveEventWire = Static<typeof liveEventSchema>;

export function liveEventToWire({ number, kind, at, detail }: LiveEvent): LiveEventWire {
  return { number, kind, at: instantToWire(at), detail };
}

export function liveEventFromWire({ number, kind, at, detail }: LiveEventWire): LiveEvent {
  return { number, kind, at: instantFromWire(at), detail };
}

export function isLiveEventKind(name: string | undefined): name is LiveEventKind {
  return (liveEventKinds as readonly (string | undefined)[]).includes(name);
}

/** The event that says that some are not kept any more. */
export const gapEvent = 'gap';

/** The number of the last event is always the id of the last block. */
export function liveEventsToSent({ events, last, isGap }: LiveEvents): SentEvent[] {
  if (isGap) {
    return [{ id: String(last), event: gapEvent, data: JSON.stringify({ last }) }];
  }
  return events.length === 0
    ? [{ id: String(last) }]
    : events.map((event) => ({ id: String(event.number), event: event.kind, data: JSON.stringify(liveEventToWire(event)) }));
}

/** What `Last-Event-ID` says. Undefined: it is no number of an event. */
export function parseEventNumber(id: string): number | undefined {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(id) ? Number(id) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
