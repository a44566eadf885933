import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceRequestWire } from '../../api/device-exchange.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { GrantedReply } from './granted.ts';

const longestWaitS = 25;
const firstPauseMs = 200;
const longestPauseMs = 3000;
/** Node takes a longer one for none. */
const longestTimerMs = 2 ** 31 - 1;

/** The agent or the way to it is away for a moment: the hello outlives that. */
const passing: readonly ErrorCode[] = ['remote_unreachable', 'timed_out', 'server_unavailable', 'agent_busy', 'rate_limited'];

interface Asking {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Asks once, letting the agent hold back its answer for so many seconds. */
  ask(waitS: number, signal: AbortSignal): Promise<DeviceRequestWire>;
  read(wire: DeviceRequestWire): GrantedReply | undefined;
}

/**
 * Asks again and again until there is a decision, also over lost connections and restarts of the agent. Errors:
 * those of `ask` and `read` that do not pass, `timed_out`, `interrupted`.
 */
export async function untilDecided({ timeoutMs, signal, ask, read }: Asking): Promise<GrantedReply> {
  const endsAt = performance.now() + timeoutMs;
  const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const pause = (ms: number) => sleep(Math.min(ms, longestTimerMs), undefined, { signal: either }).catch(() => undefined);
  let pauseMs = firstPauseMs;
  for (;;) {
    const askedAt = performance.now();
    try {
      const waitS = Math.min(longestWaitS, Math.max(1, Math.ceil((endsAt - performance.now()) / 1000)));
      const reply = read(await ask(waitS, either));
      if (reply !== undefined) {
        return reply;
      }
      pauseMs = firstPauseMs;
      // An agent holds its answer back; whoever does not is not asked without a pause.
      await pause(Math.max(0, firstPauseMs - (performance.now() - askedAt)));
    } catch (error) {
      if (!(error instanceof LatchkeyError) || (!passing.includes(error.code) && error.code !== 'interrupted')) {
        throw error;
      }
      await pause(Math.max(pauseMs, (error.retryAfter ?? 0) * 1000));
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
    if (signal?.aborted === true) {
      throw new LatchkeyError('interrupted');
    }
    if (deadline.aborted) {
      throw new LatchkeyError('timed_out', 'Nobody decided in time.');
    }
  }
}
