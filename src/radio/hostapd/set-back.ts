import { LatchkeyError } from '../../domain/errors.ts';
import { sameSsid } from '../../domain/heard-network.ts';
import { Bss } from './bss.ts';
import type { NamedBss } from './named-bss.ts';

/** What is renamed at hostapd, as it is kept in a file, names in hexadecimal. */
export interface Renamed {
  readonly challengeId: string;
  readonly first: string;
  readonly second: string;
  readonly bsses: readonly NamedBss[];
  /** When the name is set back at the latest, in milliseconds since 1970. */
  readonly until: number;
  readonly controlProgram?: string | undefined;
}

/** BSSes for a while: each answers when they are there, and all are closed with them. */
export class OpenBsses implements Disposable {
  readonly all: readonly (NamedBss & { readonly bss: Bss })[];

  private constructor(all: OpenBsses['all']) {
    this.all = all;
  }

  /** Errors: `radio_unreachable`, the signal’s reason. */
  static async open(bsses: readonly NamedBss[], controlProgram: string | undefined, signal: AbortSignal): Promise<OpenBsses> {
    const opened = bsses.map((named) => {
      const up = Promise.withResolvers<void>();
      return { ...named, up: up.promise, bss: new Bss({ ...named, controlProgram, onEvent: () => {}, onUp: up.resolve }) };
    });
    const open = new OpenBsses(opened);
    const late = AbortSignal.any([signal, AbortSignal.timeout(longestOpeningMs)]);
    const given = Promise.withResolvers<never>();
    const giveUp = () => given.reject(signal.aborted ? signal.reason : unreachable(bsses));
    late.addEventListener('abort', giveUp, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([Promise.all(opened.map(({ up }) => up)), given.promise]);
      return open;
    } catch (error) {
      open[Symbol.dispose]();
      throw error;
    } finally {
      late.removeEventListener('abort', giveUp);
    }
  }

  [Symbol.dispose](): void {
    this.all.forEach(({ bss }) => bss.close());
  }
}

const longestOpeningMs = 5000;

/**
 * Sets the first name where hostapd has the second one still; one that was started anew, or was given a third name, is
 * left as it is. What SAE derives from the name is derived anew, for somebody may have set passwords meanwhile.
 * Errors: `radio_unreachable`, the signal’s reason.
 */
export async function setBack({ first, second, bsses, controlProgram }: Renamed, signal: AbortSignal): Promise<void> {
  using open = await OpenBsses.open(bsses, controlProgram, signal);
  const ended = await Promise.allSettled(open.all.map((one) => setBackOne(one, Buffer.from(first, 'hex'), Buffer.from(second, 'hex'))));
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
}

async function setBackOne({ bss, saePwe }: OpenBsses['all'][number], first: Buffer, second: Buffer): Promise<void> {
  if (!isCalled((await bss.onAir()).ssid, second)) {
    return;
  }
  await bss.rename(first);
  if (saePwe !== undefined) {
    await bss.deriveAnew(saePwe);
  }
  const { ssid } = await bss.onAir();
  if (isCalled(ssid, second)) {
    throw new LatchkeyError('radio_unreachable', `hostapd still gives ${bss.name} its second name.`);
  }
}

/** Whether a name as hostapd says it is this one: it says it without spaces at its end. */
export function isCalled(said: Uint8Array, ssid: Uint8Array): boolean {
  const bytes = Buffer.from(ssid);
  let end = bytes.length;
  while (bytes[end - 1] === 0x20) {
    end -= 1;
  }
  return sameSsid(said, bytes.subarray(0, end));
}

function unreachable(bsses: readonly NamedBss[]): LatchkeyError {
  const names = bsses.map(({ interface: name, controlDirectory }) => `${name} in ${controlDirectory}`).join(', ');
  return new LatchkeyError('radio_unreachable', `hostapd does not answer for ${names}.`);
}
