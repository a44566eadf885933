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

/**
 * Looks at a request whenever something has happened, until it is as wanted. A server that cannot be asked is waited for.
 * Errors: those of `SharingRole.show`, the signal's reason.
 */
export async function awaited({ sharing, events, ...context }: AwaitingContext, id: string, isWanted: (request: ShareRequest) => boolean): Promise<ShareRequest> {
  const { clock, signal } = context;
  // From before the look: what comes between is not missed.
  let { last } = await patiently(context, () => events.events(undefined, 0, signal));
  for (;;) {
    const request = await patiently(context, () => sharing.show(id));
    if (isWanted(request)) {
      return request;
    }
    const leftMs = request.dueAt === undefined ? mostWaitMs : request.dueAt.getTime() - clock.now().getTime();
    const waitMs = leftMs <= 0 ? overdueWaitMs : Math.max(leastWaitMs, Math.min(mostWaitMs, leftMs));
    ({ last } = await patiently(context, () => events.events(last, waitMs, signal)));
  }
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
