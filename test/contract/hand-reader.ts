import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Card } from '../../src/protocol/card.ts';
import type { NfcCard, NfcReader } from '../../src/roles/pos/nfc-reader.ts';
import { held, type TapOptions } from './wallet-card.ts';

/** A reader that is plugged in and out by hand. */
export class HandReader implements NfcReader {
  readonly #waiting: NfcCard[] = [];
  #isThere = true;
  #changed = Promise.withResolvers<void>();

  async *cards(signal: AbortSignal, ready?: () => void): AsyncGenerator<NfcCard> {
    if (this.#isThere) ready?.();
    const stop = () => this.#tell();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        if (!this.#isThere) throw new LatchkeyError('reader_not_found');
        const card = this.#waiting.shift();
        if (card === undefined) await this.#changed.promise;
        else yield card;
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  hold(card: Card & { reset?(): void }, options?: TapOptions): void {
    this.#waiting.push(held(card, options));
    this.#tell();
  }

  unplug(): void {
    this.#isThere = false;
    this.#tell();
  }

  plug(): void {
    this.#isThere = true;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
