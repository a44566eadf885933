import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { EventsRole } from '../events/ports.ts';
import type { SharingRole } from '../sharing/ports.ts';

export interface AwaitingContext {
  readonly sharing: Pick<SharingRole, 'show'>;
  readonly events: Pick<EventsRole, 'events'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told once each time that the server cannot be asked. */
  readonly onAway?: ((error: Error) => void) | undefined;
}

/** However quiet it is: an event only says when to look. */
const [leastWaitMs, mostWaitMs] = [500, 25_000];
/** Where its time is over by this machine's clock, which may be ahead of the server's. */
const overdueWaitMs = 3_000;
const [firstPauseMs, longestPauseMs] = [250, 15_000];

/** Looks at a request whenever something has happened. A server that cannot be asked is waited for. */
export class RequestWatch {
  readonly #context: AwaitingContext;
  readonly #id: string;
  #seen: { readonly request: ShareRequest; readonly lastEvent: number } | undefined;

  constructor(context: AwaitingContext, id: string) {
    this.#context = context;
    this.#id = id;
  }

  /** Resolves to it as soon as it is as wanted. Errors: those of `SharingRole.show`, the signal's reason. */
  async until(isWanted: (request: ShareRequest) => boolean): Promise<ShareRequest> {
    const { sharing, events, signal } = this.#context;
    while (this.#seen === undefined || !isWanted(this.#seen.request)) {
      const before = this.#seen;
      // From before the look: what comes between is not missed.
      const { last } = await patiently(this.#context, () => events.events(before?.lastEvent, before === undefined ? 0 : this.#waitMs(before.request), signal));
      this.#seen = { request: await patiently(this.#context, () => sharing.show(this.#id)), lastEvent: last };
    }
    return this.#seen.request;
  }

  #waitMs({ dueAt }: ShareRequest): number {
    const leftMs = dueAt === undefined ? mostWaitMs : dueAt.getTime() - this.#context.clock.now().getTime();
    return leftMs <= 0 ? overdueWaitMs : Math.max(leastWaitMs, Math.min(mostWaitMs, leftMs));
  }
}

/** A request as soon as it is as wanted. Errors: as `RequestWatch.until`. */
export function awaited(context: AwaitingContext, id: string, isWanted: (request: ShareRequest) => boolean): Promise<ShareRequest> {
  return new RequestWatch(context, id).until(isWanted);
}

/** Asks again, after pauses that grow, while the server is away. Errors: any other, the signal's reason. */
export async function patiently<T>({ signal, onAway }: Pick<AwaitingContext, 'signal' | 'onAway'>, ask: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isServerAway(error)) {
        throw error;
      }
      if (failures === 0) {
        onAway?.(error);
      }
      const pauseMs = Math.max((error.retryAfter ?? 0) * 1000, Math.min(longestPauseMs, firstPauseMs * 2 ** failures));
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }
}
