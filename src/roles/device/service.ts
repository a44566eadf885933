import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { AccessPointLink, AskedRequest, DeviceIdentity, Granted, NetworkJoiner, OnNetwork } from './ports.ts';

export interface JoinOptions {
  readonly link: AccessPointLink;
  readonly identity: DeviceIdentity;
  /** What the device says of itself. */
  readonly label?: string | undefined;
  /** Whether the device can show the match code. */
  readonly showsCode: boolean;
  /** For everything together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** It is asked for, and waits for the owner. */
  readonly onAsked?: (asked: AskedRequest) => void;
  /** The access point has no room or no server now; it is asked again after `ms`. */
  readonly onBusy?: (error: LatchkeyError, ms: number) => void;
  /** First prompt: "join this network?"; undefined: nobody answered. */
  readonly confirm: (granted: Granted, signal: AbortSignal) => Promise<boolean | undefined>;
  /** Puts this machine onto the network. Without one, that is for whoever gets the name and password. */
  readonly joiner?: NetworkJoiner | undefined;
  /** Puts the network's name and password where they are used; only then `joined` is reported. */
  readonly use: (granted: Granted, on: OnNetwork | undefined) => Promise<void>;
}

export interface Joined {
  readonly asked: AskedRequest;
  readonly granted: Granted;
}

/** The access point said when to come again. */
const comesAgain: readonly ErrorCode[] = ['agent_busy', 'server_unavailable', 'rate_limited'];

/**
 * A device's whole way in (protocol.md section 1): hello, proof, the owner's answer, the first prompt, then `joined`
 * or `declined`. Errors: those of AccessPointLink and NetworkJoiner, `join_declined`, `timed_out`, `interrupted`.
 */
export async function joinNetwork(options: JoinOptions): Promise<Joined> {
  const { link, timeoutMs, signal, onAsked, confirm, use } = options;
  const endsAt = performance.now() + timeoutMs;
  const left = () => Math.max(0, endsAt - performance.now());

  const asked = await ask(options, left);
  onAsked?.(asked);
  const granted = await link.wait(left(), signal);

  const answer = await answerWithin(left(), signal, (either) => confirm(granted, either));
  if (answer === undefined) {
    throw signal?.aborted === true
      ? new LatchkeyError('interrupted')
      : new LatchkeyError('timed_out', 'Nobody said whether to join the network.', { hint: 'Run it again, and ask the owner again, when somebody is there to say.' });
  }
  if (!answer) {
    await link.declined();
    throw new LatchkeyError('join_declined');
  }
  if (options.joiner === undefined) {
    await use(granted, undefined);
    await link.joined(signal);
  } else {
    await joinWith(options.joiner, granted, options);
    await link.joined(signal).catch((error: unknown) => {
      throw unreported(error);
    });
  }
  return { asked, granted };
}

/** Whatever goes wrong until the device is on the network and its user has been told: it is back where it can ask again. */
async function joinWith(joiner: NetworkJoiner, granted: Granted, { use, signal = new AbortController().signal }: JoinOptions): Promise<void> {
  try {
    await use(granted, await joiner.join(granted, signal));
    signal.throwIfAborted();
  } catch (error) {
    throw await joiner.back().then(
      () => error,
      (trouble: unknown) => stranded(error, trouble),
    );
  }
}

/** It stays: on the network it has what it came for. */
function unreported(error: unknown): unknown {
  return error instanceof LatchkeyError
    ? new LatchkeyError(error.code, `This device is on the network, but its access point has not heard of it: ${error.message}`, { hint: error.hint, cause: error })
    : error;
}

function stranded(error: unknown, trouble: unknown): unknown {
  return error instanceof LatchkeyError && trouble instanceof LatchkeyError
    ? new LatchkeyError(error.code, `${error.message} Nor did it get back to the network that it was on: ${trouble.message}`, { hint: error.hint, cause: error })
    : error;
}

/** A timer of its own: that of AbortSignal.timeout lets a process end in which nothing else happens, as while an LED blinks. */
async function answerWithin<T>(ms: number, signal: AbortSignal | undefined, confirm: (either: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.ceil(ms));
  try {
    return await confirm(signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function ask({ link, identity, label, showsCode, signal, onBusy }: JoinOptions, left: () => number): Promise<AskedRequest> {
  for (;;) {
    try {
      return await link.ask(identity, { label, showsCode });
    } catch (error) {
      const waits = error instanceof LatchkeyError && comesAgain.includes(error.code) && error.retryAfter !== undefined;
      const ms = waits ? Math.max(100, error.retryAfter! * 1000) : 0;
      if (!waits || ms >= left()) {
        throw error;
      }
      onBusy?.(error, ms);
      await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw new LatchkeyError('interrupted');
      });
    }
  }
}
