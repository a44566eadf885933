import { LatchkeyError, type ErrorCode } from './errors.ts';

/** It does not answer now, and may later. */
const awayCodes: readonly ErrorCode[] = ['remote_unreachable', 'server_unavailable', 'timed_out', 'storage_locked', 'rate_limited'];

export function isServerAway(error: unknown): error is LatchkeyError {
  return error instanceof LatchkeyError && awayCodes.includes(error.code);
}
