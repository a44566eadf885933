import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../domain/errors.ts';
import { decodeResponse, encodeCommand, statusWord } from '../protocol/apdu.ts';
import type { NfcCard, NfcReader } from '../roles/pos/nfc-reader.ts';
import { PcscWatch, type ReaderWithCard } from './pcsc-watch.ts';
import { isBusy, loadPcsc, pcscError, type Pcsc, type PcscCard } from './pcsc.ts';

export interface PcscReaderOptions {
  /** A part of the names of the readers to use. Without it these are all but slots for a chip of the reader's own (SAM). */
  readonly name?: string | undefined;
  /** How long the first reader may take to be seen. */
  readonly firstWithinMs?: number | undefined;
  /** Gives the library. */
  readonly load?: (() => Promise<Pcsc>) | undefined;
}

/** Other programs look at each new card for a moment. */
const [busyTries, busyPauseMs] = [20, 50];
const shortestCommand = 4;
/** What becomes of the card when we have done with it: a reset would look to a phone like another tap. */
const leave: import('pcsc-mini').CardDisposition.LEAVE = 0;
/** GET DATA for the UID (PC/SC part 3, 3.2.2.1.3), which the reader answers. */
const getUid = encodeCommand({ cla: 0xff, ins: 0xca, p1: 0, p2: 0, data: new Uint8Array(0), le: 256 });

/** Card readers of this machine, by PC/SC. */
export class PcscReader implements NfcReader {
  readonly #options: PcscReaderOptions;

  constructor(options: PcscReaderOptions = {}) {
    this.#options = options;
  }

  async *cards(signal: AbortSignal, ready: () => void = () => {}): AsyncGenerator<NfcCard, void, undefined> {
    if (signal.aborted) {
      return;
    }
    const { name, firstWithinMs = 2000, load = loadPcsc } = this.#options;
    using watch = await PcscWatch.start(await load(), name, firstWithinMs, signal);
    if (watch.hasReader) {
      ready();
    }
    for (let found = await watch.next(signal); found !== undefined; found = await watch.next(signal)) {
      const card = await connected(found);
      if (card === undefined) {
        continue;
      }
      try {
        yield new CardAtReader(card, found.gone);
      } finally {
        await card.disconnect(leave).catch(() => {});
      }
    }
  }
}

/**
 * To ourselves alone: else another program might select something else in the middle. (A transaction would do the same,
 * but Windows resets a card whose transaction says nothing for 5 s.) Undefined if the card went away meanwhile.
 */
async function connected({ connect, gone }: ReaderWithCard): Promise<PcscCard | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await connect();
    } catch (error) {
      const said = pcscError(error);
      if (gone.aborted || said.code === 'card_removed') {
        return undefined;
      }
      if (!isBusy(error) || tries === busyTries) {
        throw said;
      }
      await delay(busyPauseMs);
    }
  }
}

class CardAtReader implements NfcCard {
  readonly gone: AbortSignal;
  readonly #card: PcscCard;

  constructor(card: PcscCard, gone: AbortSignal) {
    this.#card = card;
    this.gone = gone;
  }

  async uid(): Promise<Uint8Array | undefined> {
    const response = decodeResponse(await this.transmit(getUid));
    return response?.status === statusWord.done && response.data.length > 0 ? response.data : undefined;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    if (apdu.length < shortestCommand) {
      throw new RangeError('a command has at least 4 bytes');
    }
    this.gone.throwIfAborted();
    const answer = await this.#card.transmit(apdu).catch((error: unknown) => {
      throw pcscError(error);
    });
    // Some drivers have nothing to give in place of an error.
    if (answer.length === 0) {
      throw new LatchkeyError('card_removed');
    }
    return Uint8Array.from(answer);
  }
}
