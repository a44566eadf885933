import { beforeAll, beforeEach, expect, test } from 'vitest';
import { PcscReader, type PcscReaderOptions } from '../../src/nfc/pcsc-reader.ts';
import type { Pcsc } from '../../src/nfc/pcsc.ts';
import type { NfcCard } from '../../src/roles/pos/nfc-reader.ts';
import { requires } from '../requirements.ts';

/** As PC/SC numbers them (winscard.h, SCARD_STATE_). */
const [UNKNOWN, EMPTY, PRESENT, IN_USE, MUTE] = [4, 16, 32, 256, 512];
const noAtr = new Uint8Array(0);

let pcsc: Pcsc;

/** What is under pcsc-mini, where a test says what the readers see. */
class Readers {
  see!: (name: string, status: number) => void;
  fail!: (code: string) => void;
  /** Of connections, in turn; then all go well. */
  readonly refusals: string[] = [];
  connections = 0;
  disconnections = 0;
  stops = 0;
  readonly started = Promise.withResolvers<void>();

  load = async (): Promise<Pcsc> => {
    const connect = async () => {
      this.connections += 1;
      const code = this.refusals.shift();
      if (code !== undefined) throw errorOf(code);
      return { transmit: async () => Uint8Array.of(0x90, 0), disconnect: async () => void (this.disconnections += 1) };
    };
    const native = {
      connect,
      start: (see: (name: string, status: number, atr: Uint8Array) => void, fail: (error: Error) => void) => {
        this.see = (name, status) => see(name, status, noAtr);
        this.fail = (code) => fail(errorOf(code));
        this.started.resolve();
      },
      stop: () => void (this.stops += 1),
    };
    const addon = { ...pcsc, newClient: () => native };
    return { ...pcsc, Client: class extends pcsc.Client { constructor() { super(addon as never); } } };
  };
}

const errorOf = (code: string) => Object.assign(new Error('Error in native function'), { code });
const count = (times: number) => times << 16;

let readers: Readers;

function cards(options: PcscReaderOptions = {}, signal = new AbortController().signal): AsyncIterator<NfcCard> {
  return new PcscReader({ ...options, load: readers.load }).cards(signal)[Symbol.asyncIterator]();
}

/** The next card, while the readers see this. */
async function next(given: AsyncIterator<NfcCard>, ...seen: readonly (readonly [string, number])[]): Promise<NfcCard> {
  const card = given.next();
  await readers.started.promise;
  seen.forEach(([name, status]) => readers.see(name, status));
  return (await card).value as NfcCard;
}

// The library proper is real, and is not there without PC/SC.
requires('pcscd')('card readers that do what a test says', () => {
  beforeAll(async () => {
    pcsc = await import('pcsc-mini');
  });
  beforeEach(() => {
    readers = new Readers();
  });

  test('a reader that is unplugged takes its card with it, and the last one ends the waiting', async () => {
    const given = cards();
    const card = await next(given, ['A', EMPTY], ['B', EMPTY], ['A', PRESENT | count(1)]);
    readers.see('A', UNKNOWN);
    expect(card.gone.reason).toMatchObject({ code: 'card_removed' });
    await expect(card.transmit(Uint8Array.of(0, 0, 0, 0))).rejects.toMatchObject({ code: 'card_removed' });
    const other = await next(given, ['B', PRESENT | count(1)]);
    expect(other.gone.aborted).toBe(false);
    const last = given.next();
    readers.see('B', UNKNOWN);
    await expect(last).rejects.toMatchObject({ code: 'reader_not_found', message: expect.stringContaining('unplugged (B)') });
    expect(readers.disconnections).toBe(2);
  });

  test('a card that came for another between two looks is another', async () => {
    const given = cards();
    const card = await next(given, ['A', PRESENT | count(1)]);
    readers.see('A', PRESENT | count(3));
    expect(card.gone.aborted).toBe(true);
    expect((await next(given)).gone.aborted).toBe(false);
    expect(readers.connections).toBe(2);
  });

  test('a card that is only used is the same, and one that is mute is none', async () => {
    const given = cards();
    const card = await next(given, ['A', PRESENT | MUTE | count(1)], ['A', EMPTY | count(2)], ['A', PRESENT | count(3)]);
    readers.see('A', PRESENT | IN_USE | count(3));
    expect(card.gone.aborted).toBe(false);
    expect(readers.connections).toBe(1);
  });

  test('a card that is away before its turn is not given', async () => {
    const given = cards();
    await next(given, ['A', PRESENT | count(1)], ['B', PRESENT | count(1)]);
    readers.see('B', EMPTY | count(2));
    const card = await next(given, ['B', EMPTY | count(2)], ['A', EMPTY | count(2)], ['A', PRESENT | count(3)]);
    expect(card.gone.aborted).toBe(false);
    expect(readers.connections).toBe(2);
  });

  test('a card that goes while it is connected to is not given', async () => {
    readers.refusals.push('NoSmartCard');
    const given = cards();
    const card = await next(given, ['A', PRESENT | count(1)], ['B', PRESENT | count(1)]);
    expect(card.gone.aborted).toBe(false);
    expect(readers.connections).toBe(2);
  });

  test('a card that another program looks at for a moment is waited for', async () => {
    readers.refusals.push('SharingViolation', 'SharingViolation');
    await next(cards(), ['A', PRESENT | count(1)]);
    expect(readers.connections).toBe(3);
  });

  test('the slot for a reader’s own chip is not used unless it is named', async () => {
    const slot = 'ACME Reader SAM 01 00';
    await expect(next(cards({ firstWithinMs: 50 }), [slot, PRESENT | count(1)])).rejects.toMatchObject({ code: 'reader_not_found', message: `There is no card reader, but “${slot}”.` });
    readers = new Readers();
    expect((await next(cards({ name: 'SAM' }), [slot, PRESENT | count(1)])).gone.aborted).toBe(false);
  });

  test('it is said as soon as there is a reader, before any card, and not where there is none', async () => {
    const isReady = Promise.withResolvers<void>();
    const stop = new AbortController();
    const waiting = new PcscReader({ load: readers.load }).cards(stop.signal, isReady.resolve)[Symbol.asyncIterator]().next();
    await readers.started.promise;
    readers.see('A', EMPTY);
    await isReady.promise;
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    readers = new Readers();
    let isNone = true;
    await expect(new PcscReader({ load: readers.load, firstWithinMs: 50 }).cards(new AbortController().signal, () => (isNone = false)).next()).rejects.toMatchObject({ code: 'reader_not_found' });
    expect(isNone).toBe(true);
  });

  test('a library that cannot be used at all is said, and asked anew the next time', async () => {
    const { load } = readers;
    readers.load = async () => ({ ...(await load()), Client: class { constructor() { throw errorOf('NoService'); } } }) as never;
    const broken = await readers.load();
    await expect(new PcscReader({ load: async () => broken }).cards(new AbortController().signal).next()).rejects.toMatchObject({ code: 'reader_unavailable', message: expect.stringContaining('NoService') });
    const mended = await load();
    Object.assign(broken, { Client: mended.Client });
    const given = new PcscReader({ load: async () => broken }).cards(new AbortController().signal)[Symbol.asyncIterator]();
    expect((await next(given, ['A', PRESENT | count(1)])).gone.aborted).toBe(false);
  });

  test('no reader is said after a while', async () => {
    await expect(cards({ firstWithinMs: 50 }).next()).rejects.toMatchObject({ code: 'reader_not_found', message: 'There is no card reader.' });
  });

  test('the signal ends the waiting for a reader as well', async () => {
    const stop = new AbortController();
    const waiting = cards({ firstWithinMs: 60_000 }, stop.signal).next();
    await readers.started.promise;
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('a service that ends takes the cards with it', async () => {
    const given = cards();
    const card = await next(given, ['A', PRESENT | count(1)]);
    readers.fail('CommError');
    expect(card.gone.aborted).toBe(true);
    await expect(given.next()).rejects.toMatchObject({ code: 'reader_unavailable', message: expect.stringContaining('CommError') });
  });

  test.each([
    ['NoAccess', /may not use/],
    ['Unexpected', /\(Unexpected\)/],
  ])('%s is said', async (code, words) => {
    readers.refusals.push(code);
    await expect(next(cards(), ['A', PRESENT | count(1)])).rejects.toMatchObject({ code: 'reader_unavailable', message: expect.stringMatching(words) });
  });

  test('whoever stops asking lets go of the card and stops nothing, and an aborted signal asks nobody', async () => {
    const given = cards();
    await next(given, ['A', PRESENT | count(1)]);
    await given.return!();
    expect([readers.disconnections, readers.stops]).toEqual([1, 0]);
    expect(await cards({}, AbortSignal.abort()).next()).toEqual({ done: true, value: undefined });
  });

  test('what is no command is not sent', async () => {
    const card = await next(cards(), ['A', PRESENT | count(1)]);
    await expect(card.transmit(Uint8Array.of(1))).rejects.toThrow(RangeError);
  });
});
