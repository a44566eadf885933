import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { AccessPointAddress } from './address.ts';

/** How long the way there may take to open, on a network that was joined this moment. */
const openingMs = 15_000;
const pauseMs = 500;

const passing: readonly ErrorCode[] = ['remote_unreachable', 'timed_out'];

export interface JoinedReport {
  /** Where `joined_url` is, on the main network. */
  readonly there: AccessPointAddress;
  /** Where the device asked, for one that is still on the onboarding network. */
  readonly here: AccessPointAddress;
  readonly signal: AbortSignal | undefined;
  post(address: AccessPointAddress): Promise<void>;
}

/** Errors: those of `post`, of which those of a way that is not there only after some seconds; `interrupted`. */
export async function reportJoined({ there, here, signal, post }: JoinedReport): Promise<void> {
  const endsAt = performance.now() + openingMs;
  for (;;) {
    const failure = (await unreachable(() => post(there))) && (await unreachable(() => post(here)));
    if (failure === undefined) {
      return;
    }
    if (performance.now() > endsAt) {
      throw failure;
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new LatchkeyError('interrupted');
    });
  }
}

async function unreachable(post: () => Promise<void>): Promise<LatchkeyError | undefined> {
  try {
    await post();
    return undefined;
  } catch (error) {
    if (error instanceof LatchkeyError && passing.includes(error.code)) {
      return error;
    }
    throw error;
  }
}
