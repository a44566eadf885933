import { LatchkeyError } from '../../domain/errors.ts';
import { sameSsid, type HeardNetwork } from '../../domain/heard-network.ts';
import type { Challenge } from '../../domain/network.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { NetworksRole } from './ports.ts';
import type { Rename, Renaming } from './renaming.ts';

export interface ProvingByRenaming {
  readonly networks: Pick<NetworksRole, 'confirm'>;
  readonly renaming: Renaming;
  /** What is on the air now. */
  readonly hear: () => Promise<readonly HeardNetwork[]>;
  /** Resolves later, or at once when the signal ends. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  /** Ends the waiting for the new name: everything is undone then. */
  readonly signal: AbortSignal;
  /** For how long the new name is waited for. */
  readonly withinMs: number;
  /** How long it may take to set the name back. */
  readonly restoreMs: number;
  readonly tell: (event: ProvingEvent) => void;
}

export type ProvingEvent =
  | { readonly kind: 'preparing' | 'renaming' | 'waiting' | 'restoring' | 'restored' }
  /** The server is not satisfied yet. */
  | { readonly kind: 'attempted'; readonly challenge: Challenge }
  /** The server could not be asked: this machine may be on the very network. */
  | { readonly kind: 'unsent'; readonly error: LatchkeyError }
  /** Nothing could be heard just now. */
  | { readonly kind: 'deaf'; readonly error: LatchkeyError }
  | { readonly kind: 'not_restored'; readonly error: LatchkeyError };

/** How long the network stays renamed while the server cannot be asked, and how long it is tried afterwards. */
const [unsentMs, lateMs] = [30_000, 60_000];

/** What was heard while the network had its second name, and when. */
interface Unsent {
  readonly heard: readonly HeardNetwork[];
  readonly at: number;
}

/** What comes of the time in which the network has its second name. */
type Renamed = { readonly challenge: Challenge } | { readonly unsent: Unsent };

/**
 * Renames the network, waits until the new name is heard, has the server judge it, and sets the name back whatever comes:
 * success, failure, time-out or interruption. Where this machine reaches the server by that very network, what it heard is
 * sent when the name is set back. Resolves to the challenge as the server judged it last. Errors: those of the renaming, of
 * `confirm`, and of the signal; `timed_out` if nobody heard the new name; `name_not_restored` if the name could not be set
 * back, which nothing goes before.
 */
export async function proveByRenaming(challenge: Challenge, proving: ProvingByRenaming): Promise<Challenge> {
  const rename = renameOf(challenge);
  let outcome: Renamed | { readonly error: unknown };
  try {
    outcome = await renamed(challenge, rename, proving);
  } catch (error) {
    outcome = { error };
  }
  await restore(rename, proving);
  if ('error' in outcome) {
    throw outcome.error;
  }
  return 'challenge' in outcome ? outcome.challenge : sendLate(challenge, outcome.unsent, proving);
}

async function restore(rename: Rename, { renaming, restoreMs, tell }: ProvingByRenaming): Promise<void> {
  tell({ kind: 'restoring' });
  const deadline = AbortSignal.timeout(restoreMs);
  try {
    await renaming.restore(rename, deadline);
    tell({ kind: 'restored' });
  } catch (error) {
    const reason = deadline.aborted ? `it took longer than ${restoreMs / 1000} s` : error instanceof Error ? error.message : String(error);
    const failure = new LatchkeyError('name_not_restored', `The name of the network was not set back: ${reason}`, { cause: error });
    tell({ kind: 'not_restored', error: failure });
    throw failure;
  }
}

async function renamed(challenge: Challenge, rename: Rename, { networks, renaming, hear, pause, tell, signal: interruption, withinMs }: ProvingByRenaming): Promise<Renamed> {
  tell({ kind: 'preparing' });
  await renaming.prepare(rename, interruption);
  interruption.throwIfAborted();
  tell({ kind: 'renaming' });
  await renaming.set(rename, interruption);
  interruption.throwIfAborted();
  tell({ kind: 'waiting' });
  const deadline = AbortSignal.timeout(withinMs);
  const signal = AbortSignal.any([interruption, deadline]);
  let judged: Challenge | undefined;
  let unsent: Unsent | undefined;
  let unsentSince: number | undefined;
  while (!signal.aborted) {
    const at = performance.now();
    const heard = await orEnd(signal, hear()).catch((error: unknown) => {
      if (!signal.aborted) {
        tell({ kind: 'deaf', error: known(error) });
      }
      return [];
    });
    if (heard.some(({ ssid }) => sameSsid(ssid, rename.second))) {
      try {
        judged = await orEnd(signal, networks.confirm(challenge.id, heard));
        unsent = undefined;
        if (judged.state !== 'pending' && judged.state !== 'processing') {
          return { challenge: judged };
        }
        tell({ kind: 'attempted', challenge: judged });
      } catch (error) {
        if (!signal.aborted) {
          tell({ kind: 'unsent', error: awayOrThrow(error) });
          unsent = { heard, at };
          unsentSince ??= at;
          // Nobody is to be without the network for as long as it takes.
          if (performance.now() - unsentSince >= unsentMs) break;
        }
      }
    }
    await pause(signal);
  }
  interruption.throwIfAborted();
  if (unsent !== undefined) {
    return { unsent };
  }
  if (judged === undefined) {
    throw new LatchkeyError('timed_out', 'The new name was not heard in time.', { hint: 'Check that the renaming works and that this machine is near, and give more time: --within.' });
  }
  return { challenge: judged };
}

/** Once the name is set back, and the server may be reached again. */
async function sendLate(challenge: Challenge, { heard, at }: Unsent, { networks, pause, signal: interruption, tell }: ProvingByRenaming): Promise<Challenge> {
  const deadline = AbortSignal.timeout(lateMs);
  for (;;) {
    const olderMs = Math.round(performance.now() - at);
    try {
      return await orEnd(interruption, networks.confirm(challenge.id, heard.map((network) => ({ ...network, ageMs: network.ageMs + olderMs }))));
    } catch (error) {
      interruption.throwIfAborted();
      const away = awayOrThrow(error);
      if (deadline.aborted) {
        throw away;
      }
      tell({ kind: 'unsent', error: away });
      await pause(AbortSignal.any([interruption, deadline]));
      interruption.throwIfAborted();
    }
  }
}

export function renameOf({ id, first, second, bssids, expiresAt }: Challenge): Rename {
  return { challengeId: id, first, second, bssids, expiresAt };
}

function known(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) {
    return error;
  }
  throw error;
}

/** Any other error is final. */
function awayOrThrow(error: unknown): LatchkeyError {
  if (isServerAway(error)) {
    return error;
  }
  throw error;
}

/** What takes long and knows no signal is left behind when that ends. */
async function orEnd<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const ended = Promise.withResolvers<never>();
  const end = () => ended.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
