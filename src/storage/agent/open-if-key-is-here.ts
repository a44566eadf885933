import { LatchkeyError } from '../../domain/errors.ts';

/** Undefined under a key of ours that was retired (`server rekey --retire`). */
export function openIfKeyIsHere<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'storage_key_missing') {
      return undefined;
    }
    throw error;
  }
}
