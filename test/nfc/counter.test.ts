import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { encodeNdef } from '../../src/formats/ndef.ts';
import { wifiRecord } from '../../src/formats/wsc.ts';
import { PcscReader } from '../../src/nfc/pcsc-reader.ts';
import { writeType4Tag } from '../../src/nfc/type4-tag.ts';
import type { ResettableCard } from '../../src/nfc/virtual-card.ts';
import { walletInstruction } from '../../src/protocol/card-application.ts';
import type { Served } from '../../src/roles/pos/counter.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { OpenDesk } from '../contract/open-desk.ts';
import { rolesHere } from '../contract/roles-here.ts';
import { bindTo, openShop } from '../contract/shop.ts';
import { shopCredential, SwitchedCounter, WalletCard } from '../contract/wallet-card.ts';
import { readWifiTag } from '../formats/read-wifi-tag.ts';
import { requires } from '../requirements.ts';
import { testSealer } from '../storage/sealer.ts';
import { Type4Emulation } from './type4-emulation.ts';
import { VirtualReaders, type HeldCard } from './virtual-readers.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);
const uid = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const rounds = 10;
const bare: ResettableCard = { transmit: async () => Uint8Array.of(0x6a, 0x82) };

async function openDesk(switched: SwitchedCounter) {
  return OpenDesk.open(await switched.open(), {
    reader: new PcscReader({ name: 'Virtual PCD' }),
    writeTag: (card, credential) => writeType4Tag(card, encodeNdef([wifiRecord(credential)])),
  });
}
type Desk = Awaited<ReturnType<typeof openDesk>>;

function charge(desk: Desk, amount: string): Promise<Served> {
  return desk.charge({ amount: euros(amount), takesMandate: false }).ended;
}

requires('pcscd', 'vsmartcard-vpcd', 'iproute2')('the counter at a reader', () => {
  let shop: Awaited<ReturnType<typeof openShop>>;
  let pos: Awaited<ReturnType<typeof shop.harness.hold>>;
  let readers: VirtualReaders;
  const disposables = new DisposableStack();
  beforeAll(async () => {
    readers = await VirtualReaders.start();
    shop = await openShop(() => rolesHere(async () => ({ store: await openMemoryStore(testSealer()), remove: async () => {} })));
    pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
    await pos.pos.describe({ ssid: 'cafe-guests' });
    await pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min', minimum: '1.00EUR' }));
  });
  afterAll(async () => {
    disposables.dispose();
    await shop.harness.close();
    await readers[Symbol.asyncDispose]();
  });

  async function wallet(funds = '50.00'): Promise<WalletCard> {
    const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
    await shop.admin.ledger.topUp(account.id, euros(funds));
    return disposables.use(new WalletCard(await bindTo(shop.harness, await shop.harness.hold('terminal'), account), shop.harness.clock));
  }
  const balanceOf = async ({ accountId }: WalletCard) => (await shop.admin.ledger.account(accountId)).balance;

  /** A card that is taken away when it has this command, before or after it has done what it says; resolves when it is. */
  function takenAwayAt(card: WalletCard, ins: number, when: 'before' | 'after'): Promise<void> {
    const asked = Promise.withResolvers<void>();
    const held = readers.hold({
      reset: () => card.application.reset(),
      transmit: async (apdu) => {
        const isIt = apdu[1] === ins && (apdu[0]! & 0x10) === 0;
        if (isIt && when === 'before') {
          asked.resolve();
          return new Promise<never>(() => {});
        }
        const answer = await card.application.transmit(apdu);
        if (!isIt) return answer;
        asked.resolve();
        return new Promise<never>(() => {});
      },
    }, { uid: uid('08d41f77') });
    return asked.promise.then(() => held.remove());
  }

  describe('with a reader that stays', () => {
    let switched: SwitchedCounter;
    let desk: Desk;
    beforeEach(async () => {
      switched = new SwitchedCounter(pos.pos, shop.harness.clock);
      desk = await openDesk(switched);
    });
    afterEach(async () => {
      await readers.removeAll();
      await desk[Symbol.asyncDispose]();
      switched[Symbol.dispose]();
    });
    const hold = (card: WalletCard): HeldCard => readers.hold(card.application, { uid: uid('08d41f77') });
    /** It is away, and held there once more. */
    async function again(card: WalletCard): Promise<Served> {
      await readers.removeAll();
      const served = desk.comes('served');
      hold(card);
      return (await served).served;
    }

    test('the reader is told before any card comes', async () => {
      expect(await desk.next(desk.events, 'reader')).toEqual({ kind: 'reader', state: { kind: 'ready' } });
      expect(desk.events).toHaveLength(1);
    });

    test('pay and credential in one tap, and then access by another', async () => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      hold(card);
      expect(await charging).toMatchObject({ isDelivered: true, charged: { sale: { tender: 'wallet' } }, trouble: undefined });
      expect([await balanceOf(card), card.credentials.length, card.outcomes.length]).toEqual([4800n, 1, 1]);
      expect(await again(card)).toMatchObject({ charged: undefined, isDelivered: true });
      expect(card.credentials).toHaveLength(2);
    });

    test.each(['before', 'after'] as const)('taken away at AUTHORISE (%s): nothing is charged, the wallet settles, and the register learns of it', async (when) => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      const refused = desk.comes('refused');
      await takenAwayAt(card, walletInstruction.authorise, when);
      expect((await refused).error.code).toBe('card_removed');
      expect(await balanceOf(card)).toBe(5000n);
      const settled = await card.restart().payer.settle(card.accountId);
      expect(settled?.end.kind).toBe(when === 'after' ? 'accepted' : undefined);
      await readers.removeAll();
      hold(card);
      expect(await charging).toMatchObject({ isDelivered: true });
      expect(await balanceOf(card)).toBe(4800n);
    });

    test.each(['before', 'after'] as const)('taken away at RESULT (%s): the charge stands, and the next tap hands out', async (when) => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      await takenAwayAt(card, walletInstruction.result, when);
      expect(await charging).toMatchObject({ isDelivered: false, trouble: { code: 'card_removed' } });
      expect(await balanceOf(card)).toBe(4800n);
      expect(await again(card.restart())).toMatchObject({ charged: undefined, isDelivered: true });
      expect(await card.payer.pending(card.accountId)).toBeUndefined();
    });

    test('a card may take its time', async () => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      readers.hold({
        reset: () => card.application.reset(),
        transmit: async (apdu) => {
          if (apdu[1] === walletInstruction.authorise) await delay(2500);
          return card.application.transmit(apdu);
        },
      });
      expect(await charging).toMatchObject({ isDelivered: true });
    });

    test('two wallets in a row: one pays, the other asks for time that it does not have', async () => {
      const [first, second] = [await wallet(), await wallet()];
      const charging = charge(desk, '2.00');
      const held = hold(first);
      await charging;
      const refused = desk.comes('refused');
      await held.remove();
      await readers.removeAll();
      hold(second);
      expect((await refused).error.code).toBe('not_permitted');
      expect([await balanceOf(first), await balanceOf(second)]).toEqual([4800n, 5000n]);
    });

    test('a number that is drawn anew has a way out, and the charge stays open for the next', async () => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      const refused = desk.comes('refused');
      readers.hold(bare, { uid: uid('08d41f77') });
      expect((await refused).error).toMatchObject({ code: 'random_identifier', hint: expect.stringContaining('receipt code') });
      await readers.removeAll();
      hold(card);
      expect(await charging).toMatchObject({ isDelivered: true });
    });

    test('answers that make no sense, and a wallet with too little money, leave the charge open', async () => {
      const [card, poor] = [await wallet(), await wallet('1.00')];
      const charging = charge(desk, '2.00');
      const malformed = desk.comes('refused');
      readers.hold({ reset: () => card.application.reset(), transmit: async (apdu) => (apdu[1] === walletInstruction.paymentInfo ? Uint8Array.of(0xff, 0x90, 0) : card.application.transmit(apdu)) });
      expect((await malformed).error.code).toBe('card_answer_malformed');
      await readers.removeAll();
      const refused = desk.comes('refused');
      hold(poor);
      expect((await refused).error.code).toBe('insufficient_funds');
      expect(poor.outcomes).toMatchObject([{ status: 'refused', reason: 'insufficient_funds' }]);
      await readers.removeAll();
      hold(card);
      expect(await charging).toMatchObject({ isDelivered: true });
      expect([await balanceOf(card), await balanceOf(poor)]).toEqual([4800n, 100n]);
    });

    test('the server is away in the middle, with or without having charged: the next tap finds out', async () => {
      for (const line of ['away', 'reply lost'] as const) {
        const card = await wallet();
        const charging = charge(desk, '2.00');
        switched.line.line = line;
        const refused = desk.comes('refused');
        hold(card);
        expect((await refused).error.code).toBe(line === 'away' ? 'remote_unreachable' : 'timed_out');
        expect(await switched.pending()).toHaveLength(1);
        switched.line.line = 'good';
        await readers.removeAll();
        hold(card);
        expect(await charging).toMatchObject({ isDelivered: true });
        expect([await balanceOf(card), await switched.pending()]).toEqual([4800n, []]);
        await readers.removeAll();
      }
    });

    test('what is open is settled without a tap, and ends the charge', async () => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      switched.line.line = 'reply lost';
      const refused = desk.comes('refused');
      hold(card);
      await refused;
      switched.line.line = 'good';
      await desk.desk.settle();
      expect(await charging).toMatchObject({ isDelivered: false, charged: { sale: { tender: 'wallet' } } });
      expect(await again(card)).toMatchObject({ charged: undefined, isDelivered: true });
      expect(card.outcomes).toMatchObject([{ status: 'paid' }]);
    });

    test('the password goes into the tag that is held there next', async () => {
      const card = await wallet();
      const charging = charge(desk, '2.00');
      hold(card);
      await charging;
      await readers.removeAll();
      const tapping = desk.tap({ writesTag: true }).ended;
      const served = desk.comes('served');
      hold(card);
      await served;
      await readers.removeAll();
      const tag = new Type4Emulation();
      readers.hold(tag, { uid: uid('04a22b915c6680') });
      expect(await tapping).toMatchObject({ credential: shopCredential });
      expect(readWifiTag(tag.message)).toMatchObject({ ssid: 'cafe-guests' });
    });
  });

  test('how long it takes from the tap to the password is told beside as many commands alone', { timeout: 60_000 }, async () => {
    const card = await wallet();
    const taps: number[] = [];
    let commands = 0;
    {
      using switched = new SwitchedCounter(pos.pos, shop.harness.clock);
      await using desk = await openDesk(switched);
      for (let round = 0; round < rounds; round += 1) {
        const charging = charge(desk, '1.00');
        const times: number[] = [];
        readers.hold({
          reset: () => card.application.reset(),
          transmit: (apdu) => {
            times.push(performance.now());
            return card.application.transmit(apdu);
          },
        });
        expect(await charging).toMatchObject({ isDelivered: true });
        taps.push(performance.now() - times[0]!);
        commands = times.length;
        await readers.removeAll();
      }
    }
    const alone: number[] = [];
    const stop = new AbortController();
    readers.hold(bare);
    for await (const tapped of new PcscReader({ name: 'Virtual PCD' }).cards(stop.signal)) {
      for (let round = 0; round < rounds; round += 1) {
        const begun = performance.now();
        for (let sent = 0; sent < commands; sent += 1) await tapped.transmit(Uint8Array.of(0x80, 0x10, 0, 0, 0));
        alone.push(performance.now() - begun);
      }
      stop.abort();
    }
    await readers.removeAll();
    const of = (values: readonly number[]) => [0.5, 0.99].map((part) => values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * part))]!);
    const [[tap50, tap99], [alone50, alone99]] = [of(taps), of(alone)];
    console.info(`Tap to password (${commands} commands, ${rounds} taps): p50 ${tap50!.toFixed(1)} ms, p99 ${tap99!.toFixed(1)} ms; as many commands alone: p50 ${alone50!.toFixed(1)} ms, p99 ${alone99!.toFixed(1)} ms.`);
    expect(tap50).toBeLessThan(1000);
  });
});

requires('pcscd', 'vsmartcard-vpcd', 'iproute2')('the counter at a reader that goes', () => {
  test('in the middle of a charge: nothing is half done, and when it is back the charge goes on', async () => {
    await using stack = new AsyncDisposableStack();
    const shop = await openShop(() => rolesHere(async () => ({ store: await openMemoryStore(testSealer()), remove: async () => {} })));
    stack.defer(() => shop.harness.close());
    const pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
    await pos.pos.describe({ ssid: 'cafe-guests' });
    await pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min' }));
    const card = stack.use(new WalletCard(shop.terminal, shop.harness.clock));
    const first = await VirtualReaders.start();
    const desk = stack.use(await openDesk(stack.use(new SwitchedCounter(pos.pos, shop.harness.clock))));
    const charging = charge(desk, '2.00');
    const asked = Promise.withResolvers<void>();
    first.hold({
      reset: () => card.application.reset(),
      transmit: async (apdu) => {
        const answer = await card.application.transmit(apdu);
        if (apdu[1] !== walletInstruction.authorise) return answer;
        asked.resolve();
        return new Promise<never>(() => {});
      },
    });
    await asked.promise;
    const [refused, away] = [desk.comes('refused'), desk.comes('reader')];
    await first[Symbol.asyncDispose]();
    expect((await refused).error.code).toMatch(/card_removed|reader_unavailable/);
    expect((await away).state).toMatchObject({ kind: 'away', error: { code: expect.stringMatching(/reader_unavailable|reader_not_found/) } });
    expect((await shop.admin.ledger.account(shop.anna.id)).balance).toBe(5000n);
    const second = stack.use(await VirtualReaders.start());
    second.hold(card.application);
    expect(await charging).toMatchObject({ isDelivered: true });
    expect([(await shop.admin.ledger.account(shop.anna.id)).balance, card.asked]).toEqual([4800n, 1]);
  });
});
