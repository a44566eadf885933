import { gapEvent, isLiveEventKind, liveEventFromWire, parseEventNumber } from '../api/events.ts';
import { routes } from '../api/routes.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { goingOn } from '../roles/events/going-on.ts';
import type { EventsRole, LiveEvents } from '../roles/events/ports.ts';
import type { HttpClient } from './http-client.ts';

/** Three heartbeats of the server's, without a byte: the connection is lost, though nobody said so. */
const usualIdleMs = 45_000;

export class EventsClient implements EventsRole {
  readonly #http: HttpClient;
  readonly #idleMs: number;
  /** As the server said last. */
  #retryMs: number | undefined;

  constructor(http: HttpClient, idleMs = usualIdleMs) {
    this.#http = http;
    this.#idleMs = idleMs;
  }

  async events(after: number | undefined, waitMs: number, signal?: AbortSignal): Promise<LiveEvents> {
    const ending = new AbortController();
    const timeIsOver = () => ending.abort();
    signal?.addEventListener('abort', timeIsOver);
    let timer: NodeJS.Timeout | undefined;
    let last: LiveEvents | undefined;
    try {
      for await (const found of this.#stream(after, ending.signal)) {
        last = found;
        if (waitMs === 0 || found.isGap || found.events.length > 0) {
          break;
        }
        timer ??= setTimeout(timeIsOver, waitMs);
      }
    } catch (error) {
      if (last === undefined || !ending.signal.aborted) {
        throw error;
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', timeIsOver);
    }
    if (last === undefined) {
      throw new LatchkeyError('bad_reply', 'The stream of events ended before it began.');
    }
    return last;
  }

  follow(after: number | undefined, signal: AbortSignal): AsyncIterable<LiveEvents> {
    return goingOn((from, until) => this.#stream(from, until), after, signal, () => this.#retryMs);
  }

  /** Over one connection. */
  async *#stream(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveEvents, void> {
    const blocks = this.#http.stream(routes.streamEvents, { lastEventId: after?.toString(), idleMs: this.#idleMs, signal });
    for await (const { id, event, retryMs, reply } of blocks) {
      this.#retryMs = retryMs ?? this.#retryMs;
      if (id === undefined) {
        continue;
      }
      const last = parseEventNumber(id);
      if (last === undefined) {
        throw new LatchkeyError('bad_reply', 'The id of an event is no number.');
      }
      // Of a kind that a later version has, only the number counts.
      yield { events: isLiveEventKind(event) ? [liveEventFromWire(reply())] : [], last, isGap: event === gapEvent };
    }
  }
}
