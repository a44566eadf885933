import { LatchkeyError } from '../../domain/errors.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { compare } from '../../roles/guest/comparing.ts';
import type { GuestPurchase } from '../../roles/guest/ports.ts';
import { systemClock } from '../local-registry.ts';
import type { OpenedGuest } from './open-guest.ts';

export const comparisons = ['same', 'unknown'] as const;
export type Comparison = (typeof comparisons)[number];

export interface SharerAddress {
  readonly host: string;
  readonly port: number;
}

/** Before anything is sent. Errors: `invalid_input`. */
export async function sharerAddress(text: string | undefined): Promise<SharerAddress | undefined> {
  return text === undefined ? undefined : (await import('../../client/thumbprint-client.ts')).parseSharerAddress(text);
}

/** It answers at once where it is there. */
const patienceMs = 5_000;

/**
 * Compares with the sharer's side, on the shared network, to which key the access code was sealed; at the default router
 * if no address is given. That it cannot be found out is told, and not an error. Errors: `access_code_mismatch`.
 */
export async function compareKeys(
  guest: OpenedGuest,
  purchase: GuestPurchase,
  address: SharerAddress | undefined,
  { signal, caution }: { readonly signal: AbortSignal; readonly caution: (text: string) => Promise<void> },
): Promise<Comparison> {
  const { askThumbprint, defaultSharerAddress } = await import('../../client/thumbprint-client.ts');
  try {
    await compare(
      {
        ...guest,
        clock: systemClock,
        signal,
        thumbprint: async (requestId, code) => askThumbprint(address ?? (await defaultSharerAddress()), requestId, code, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])),
      },
      purchase,
    );
    return 'same';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LatchkeyError) || error.code === 'access_code_mismatch') {
      throw error;
    }
    await caution(`Whether the server has put in a key of its own could not be found out. ${asSentence(error.message)} \`latchkey share use\` tries again.`);
    return 'unknown';
  }
}
