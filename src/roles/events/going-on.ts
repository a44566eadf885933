import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { EventsRole, LiveEvents } from './ports.ts';

const firstPauseMs = 250;
const longestPauseMs = 30_000;

/**
 * Follows again and again, from where it was, after a pause that grows, what ends or fails and may come again. Many who lost
 * the same server do not come back at one moment. `pauseMs`: the first pause, if it was told. Errors: those that stay.
 */
export async function* goingOn(
  follow: EventsRole['follow'],
  after: number | undefined,
  signal: AbortSignal,
  pauseMs: () => number | undefined = () => undefined,
): AsyncGenerator<LiveEvents, void> {
  let last = after;
  let isFirst = true;
  let failures = 0;
  while (!signal.aborted) {
    let longerMs = 0;
    try {
      for await (const found of follow(last, signal)) {
        ({ last } = found);
        failures = 0;
        if (isFirst || found.isGap || found.events.length > 0) {
          yield found;
        }
        isFirst = false;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!mayComeAgain(error)) {
        throw error;
      }
      longerMs = (error.retryAfter ?? 0) * 1000;
    }
    const growing = (pauseMs() ?? firstPauseMs) * 2 ** failures;
    failures += 1;
    const ms = Math.max(longerMs, Math.min(growing, longestPauseMs)) * (0.5 + Math.random());
    await delay(ms, undefined, { signal }).catch(() => {});
  }
}

function mayComeAgain(error: unknown): error is LatchkeyError {
  return isServerAway(error) || (error instanceof LatchkeyError && error.code === 'storage_unavailable');
}
