import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { nfcIdentifier } from '../../src/domain/nfc-identifier.ts';
import { encodeNdef } from '../../src/formats/ndef.ts';
import { wifiRecord } from '../../src/formats/wsc.ts';
import { PcscReader } from '../../src/nfc/pcsc-reader.ts';
import { writeType4Tag } from '../../src/nfc/type4-tag.ts';
import { CardApplication } from '../../src/protocol/card-application.ts';
import type { DeliveredCredential, PaymentOutcome } from '../../src/protocol/card-messages.ts';
import { authorise, deliver, deliverResult, readPaymentInfo, requestAccess, selectWallet } from '../../src/protocol/card-reading.ts';
import type { Card } from '../../src/protocol/card.ts';
import { aborted } from '../../src/roles/aborted.ts';
import type { NfcCard } from '../../src/roles/pos/nfc-reader.ts';
import { readWifiTag } from '../formats/read-wifi-tag.ts';
import { requires } from '../requirements.ts';
import { readType4Tag } from './read-type4-tag.ts';
import { Type4Emulation } from './type4-emulation.ts';
import { VirtualReaders } from './virtual-readers.ts';

const uid = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const [first, second] = [uid('04a22b915c6680'), uid('04b33c02717a80')];
const command = Uint8Array.of(0x80, 0x10, 0, 0, 0);
const simple: Card = { transmit: async () => Uint8Array.of(0x90, 0) };

/** The cards at the readers, one by one. */
class Cards implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #cards: AsyncIterator<NfcCard>;
  readonly #given: NfcCard[] = [];

  constructor(name = 'Virtual PCD') {
    this.#cards = new PcscReader({ name }).cards(this.#stop.signal)[Symbol.asyncIterator]();
  }

  async next(): Promise<NfcCard> {
    const { value, done } = await this.#cards.next();
    if (done === true) throw new Error('There are no more cards.');
    this.#given.push(value as NfcCard);
    return value as NfcCard;
  }

  async end(): Promise<boolean | undefined> {
    const ended = this.#cards.next();
    this.#stop.abort();
    return (await ended).done;
  }

  /** When the reader has seen that all that it gave are away: it looks a few times a second. */
  async allGone(): Promise<void> {
    await Promise.all(this.#given.map(({ gone }) => aborted(gone)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#cards.return?.();
  }
}

requires('pcscd', 'vsmartcard-vpcd', 'iproute2')('card readers', () => {
  describe('with cards', () => {
    let readers: VirtualReaders;
    let cards: Cards;

    beforeAll(async () => {
      readers = await VirtualReaders.start();
    });
    afterAll(() => readers[Symbol.asyncDispose]());
    beforeEach(() => {
      cards = new Cards();
    });
    afterEach(async () => {
      await readers.removeAll();
      await cards[Symbol.asyncDispose]();
    });

    test('a card that is there already is the first, and has its UID', async () => {
      readers.hold(simple, { uid: first });
      const card = await cards.next();
      expect(nfcIdentifier((await card.uid())!)).toBe('04a22b915c6680');
      expect(await card.transmit(command)).toEqual(Uint8Array.of(0x90, 0));
    });

    test('each card comes once, one after the other', async () => {
      const seen: string[] = [];
      for (const each of [first, second, first]) {
        const next = cards.next();
        const held = readers.hold(simple, { uid: each });
        const card = await next;
        seen.push(nfcIdentifier((await card.uid())!));
        await held.remove();
        await aborted(card.gone);
        await expect(card.transmit(command)).rejects.toMatchObject({ code: 'card_removed' });
      }
      expect(seen).toEqual(['04a22b915c6680', '04b33c02717a80', '04a22b915c6680']);
    });

    test('a card that stays does not come again', async () => {
      readers.hold(simple, { uid: first });
      await cards.next();
      const next = cards.next();
      readers.hold(simple, { uid: second, reader: 1 });
      expect(await (await next).uid()).toEqual(second);
    });

    test('two readers are served in turn, or one by its name', async () => {
      readers.hold(simple, { uid: first, reader: 0 });
      readers.hold(simple, { uid: second, reader: 1 });
      const both = [await (await cards.next()).uid(), await (await cards.next()).uid()];
      expect(both.map((each) => nfcIdentifier(each!)).toSorted()).toEqual(['04a22b915c6680', '04b33c02717a80']);
      await using one = new Cards('00 01');
      // The other one has had it; it lets go of it when it asks for the next.
      const rest = cards.next().catch(() => {});
      expect(await (await one.next()).uid()).toEqual(second);
      await cards.end();
      await rest;
    });

    test('a number that is drawn anew is refused, and some cards have none', async () => {
      const held = readers.hold(simple, { uid: uid('08d41f77') });
      const phone = await cards.next();
      const number = (await phone.uid())!;
      expect(() => nfcIdentifier(number)).toThrow(expect.objectContaining({ code: 'random_identifier' }));
      await held.remove();
      await aborted(phone.gone);
      readers.hold(simple);
      expect(await (await cards.next()).uid()).toBeUndefined();
    });

    test('taken away in the middle of a command, and the next card is served', async () => {
      const asked = Promise.withResolvers<void>();
      const held = readers.hold({
        transmit: async () => {
          asked.resolve();
          return new Promise<never>(() => {});
        },
      });
      const card = await cards.next();
      const answer = card.transmit(command);
      await asked.promise;
      await held.remove();
      await expect(answer).rejects.toMatchObject({ code: 'card_removed' });
      await aborted(card.gone);
      expect(card.gone.reason).toMatchObject({ code: 'card_removed' });
      readers.hold(simple, { uid: second });
      expect(await (await cards.next()).uid()).toEqual(second);
    });

    test('a card may take its time', async () => {
      readers.hold({
        transmit: async () => {
          await delay(2500);
          return Uint8Array.of(0x90, 0);
        },
      });
      const card = await cards.next();
      expect(await card.transmit(command)).toEqual(Uint8Array.of(0x90, 0));
      expect(card.gone.aborted).toBe(false);
    });

    test('a card that another program has to itself is said to be so', async () => {
      readers.hold(simple, { uid: first });
      await cards.next();
      await using others = new Cards();
      await expect(others.next()).rejects.toMatchObject({ code: 'reader_unavailable', message: expect.stringContaining('Another program') });
    });

    test('the signal ends the waiting', async () => {
      readers.hold(simple, { uid: first });
      await cards.next();
      expect(await cards.end()).toBe(true);
    });

    test('a reader of another name is not there, and the message says which are', async () => {
      await using others = new Cards('ACR122U');
      await expect(others.next()).rejects.toMatchObject({ code: 'reader_not_found', message: expect.stringMatching(/ACR122U.*Virtual PCD 00 00/) });
    });

    test('a wallet pays and gets the Wi-Fi, in more than one short command where it takes more', async () => {
      const heard: unknown[] = [];
      const terminal = { accountId: 'a'.repeat(64), terminalId: 't'.repeat(64), codeNumber: 3, at: new Date('2026-11-30T16:00:00.000Z'), mac: new Uint8Array(32).fill(4) };
      const wallet = new CardApplication({
        pay: {
          paymentInfo: async () => ({ accountId: 'acc_1', terminalId: 'trm_1', currencies: ['EUR'] }),
          authorise: async (request) => ({ password: String(heard.push(request)).repeat(43), codeNumber: 3 }),
          result: async (outcome) => void heard.push(outcome),
        },
        access: { request: async () => ({ kind: 'terminal', token: terminal }), deliver: async (given) => void heard.push(given) },
        failed: (error) => heard.push(error),
      });
      readers.hold(wallet, { uid: uid('08d41f77') });
      const card = await cards.next();
      expect(await selectWallet(card)).toEqual({ version: 1, capabilities: ['pay', 'access'] });
      expect(await readPaymentInfo(card)).toEqual({ accountId: 'acc_1', terminalId: 'trm_1', currencies: ['EUR'] });
      const request = { payeeId: 'p'.repeat(64), amount: { minor: 999_999_999_999n, currency: 'EUR' }, idempotencyKey: 'k'.repeat(64), memo: '日'.repeat(64) };
      expect(await authorise(card, request)).toEqual({ password: '1'.repeat(43), codeNumber: 3 });
      const outcome: PaymentOutcome = { idempotencyKey: 'k'.repeat(64), status: 'paid', paymentId: 'pay_1', payeeName: 'Café', at: terminal.at, renewal: { rotation: new Uint8Array(32).fill(9) } };
      await deliverResult(card, outcome);
      expect(await requestAccess(card, { network: 'Café', apId: 'ap_1' })).toEqual({ kind: 'terminal', token: terminal });
      const credential: DeliveredCredential = { ssid: 'Café', password: 'correct horse battery', security: 'wpa2-psk' };
      await deliver(card, credential);
      expect(heard).toEqual([request, outcome, credential]);
    });

    test('a card without a wallet has none', async () => {
      readers.hold({ transmit: async () => Uint8Array.of(0x6a, 0x82) }, { uid: first });
      expect(await selectWallet(await cards.next())).toBeUndefined();
    });

    test('a tag is written, read when it is held on again, and empty when it was taken away in the middle', async () => {
      const message = encodeNdef([wifiRecord({ ssid: 'Café', password: 'correct horse battery', security: 'wpa2-psk' })]);
      const tag = new Type4Emulation();
      const held = readers.hold(tag, { uid: first });
      await writeType4Tag(await cards.next(), message);
      await held.remove();
      await cards.allGone();
      const again = readers.hold(tag, { uid: first });
      expect(readWifiTag(await readType4Tag(await cards.next()))?.ssid).toBe('Café');
      await again.remove();
      await cards.allGone();

      const written = Promise.withResolvers<void>();
      let pieces = 0;
      const short = readers.hold({
        transmit: async (apdu) => {
          if (apdu[1] === 0xd6 && (pieces += 1) === 3) {
            written.resolve();
            return new Promise<never>(() => {});
          }
          return tag.transmit(apdu);
        },
      });
      const writing = writeType4Tag(await cards.next(), message);
      await written.promise;
      await short.remove();
      await expect(writing).rejects.toMatchObject({ code: 'card_removed' });
      expect(tag.message).toHaveLength(0);
    });
  });

  describe('that go', () => {
    let readers: VirtualReaders;
    beforeEach(async () => {
      readers = await VirtualReaders.start();
    });
    afterEach(() => readers[Symbol.asyncDispose]());

    test('the service ends in the middle', async () => {
      await using cards = new Cards();
      readers.hold(simple, { uid: first });
      const card = await cards.next();
      await readers.stop();
      await aborted(card.gone);
      await expect(card.transmit(command)).rejects.toMatchObject({ code: expect.stringMatching(/card_removed|reader_unavailable/) });
      await expect(cards.next()).rejects.toMatchObject({ code: 'reader_unavailable' });
    });

    test('and no service is there at all', async () => {
      await readers.stop();
      await using cards = new Cards();
      await expect(cards.next()).rejects.toMatchObject({ code: 'reader_unavailable', hint: expect.stringContaining('pcscd') });
    });
  });
});
