import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseAmount } from '../../../src/domain/money.ts';
import { parseTariff } from '../../../src/domain/tariff-json.ts';
import { PcscReader } from '../../../src/nfc/pcsc-reader.ts';
import type { ResettableCard } from '../../../src/nfc/virtual-card.ts';
import type { NfcCard } from '../../../src/roles/pos/nfc-reader.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { rolesHere } from '../../contract/roles-here.ts';
import { bindTo, openShop } from '../../contract/shop.ts';
import { SwitchedCounter, WalletCard } from '../../contract/wallet-card.ts';
import { VirtualReaders } from '../../nfc/virtual-readers.ts';
import { testSealer } from '../../storage/sealer.ts';
import type { Row, Section } from '../report.ts';
import { median, quantile } from '../statistics.ts';

const one = parseAmount('1.00EUR');
const never = new AbortController().signal;

interface Exchange {
  readonly command: Uint8Array;
  readonly answer: Uint8Array;
}

/** From the first command to a card until it has the password, beside the same commands and answers with nothing else. */
export async function measureTapping({ rounds }: { readonly rounds: number }, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const readers = closing.use(await VirtualReaders.start());
  const shop = await openShop(() => rolesHere(async () => ({ store: await openStore({ url: `sqlite:${join(folder, 'shop.db')}`, sealer: testSealer() }), remove: async () => {} })));
  closing.defer(() => shop.harness.close());
  const { pos } = await shop.harness.hold('pos', { accounts: [shop.cafe.id] });
  await pos.describe({ ssid: 'cafe-guests' });
  await pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min' }));
  const payer = await shop.admin.ledger.open({ name: 'Payer', currency: 'EUR' });
  await shop.admin.ledger.topUp(payer.id, { minor: 100n * BigInt(rounds + 2), currency: 'EUR' });
  const card = closing.use(new WalletCard(await bindTo(shop.harness, await shop.harness.hold('terminal'), payer), shop.harness.clock));
  const counter = await closing.use(new SwitchedCounter(pos, shop.harness.clock)).open();

  let orders = 0;
  const pay = (tapped: NfcCard) => {
    orders += 1;
    return counter.chargeCard({ id: `order-${orders}`, key: `order-${orders}`, amount: one, takesMandate: false }, tapped, never);
  };
  const access = (tapped: NfcCard) => counter.accessCard(tapped, never);

  const played = new Played(card.application);
  const reader = new PcscReader({ name: 'Virtual PCD' });
  const rows: Row[] = [];
  const stop = new AbortController();
  readers.hold(played);
  for await (const tapped of reader.cards(stop.signal)) {
    // The first buys the time that the others ask for.
    for (const [figure, tap, most] of [['payment and password in one tap', pay, undefined], ['tap to password', access, 3]] as const) {
      const exchanges = await played.recorded(async () => {
        const { isDelivered, trouble } = await tap(tapped);
        if (!isDelivered) throw trouble ?? new Error('the tap brought no password');
      });
      const ours: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        ours.push(await timed(async () => void (await tap(tapped))));
        played.play(exchanges);
        bare.push(await timed(async () => {
          for (const { command } of exchanges) await tapped.transmit(command);
        }));
        played.play(undefined);
      }
      rows.push(rowOf(`${figure}, ${exchanges.length} commands`, ours, bare, most));
    }
    stop.abort();
  }
  return {
    title: 'Tapping',
    rows,
    conditions: [
      `A wallet at a virtual reader (pcscd, vsmartcard-vpcd) that stays there; ${rounds} taps, each followed by a bare one: the same commands, and a card that has the same answers ready. From the first command to the last answer, by which the wallet has its password.`,
      'Register, wallet and the registry in SQLite (synchronous=FULL) are one process, not pinned; the shop’s password. A payment waits for the disk at the registry and in the journals of both; access writes nothing.',
    ],
  };
}

function rowOf(figure: string, ours: readonly number[], bare: readonly number[], most: number | undefined): Row {
  const times = (values: readonly number[]) => `p50 ${median(values).toFixed(2)} ms, p99 ${quantile(values, 0.99).toFixed(2)} ms`;
  const ratio = quantile(ours, 0.99) / quantile(bare, 0.99);
  return { figure: `${figure} (ratio of p99)`, ours: times(ours), baseline: times(bare), ratio, goal: most === undefined ? undefined : { text: `at most ${most}.0`, met: ratio <= most } };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** A card as it is, or with answers that it has ready. */
class Played implements ResettableCard {
  readonly #card: ResettableCard;
  #answers: Uint8Array[] | undefined;
  #record: Exchange[] | undefined;

  constructor(card: ResettableCard) {
    this.#card = card;
  }

  reset(): void {
    this.#card.reset?.();
  }

  play(exchanges: readonly Exchange[] | undefined): void {
    this.#answers = exchanges?.map(({ answer }) => answer);
  }

  async recorded(work: () => Promise<void>): Promise<readonly Exchange[]> {
    const record: Exchange[] = (this.#record = []);
    await work();
    this.#record = undefined;
    return record;
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    if (this.#answers !== undefined) return this.#answers.shift()!;
    const answer = await this.#card.transmit(command);
    this.#record?.push({ command, answer });
    return answer;
  }
}
