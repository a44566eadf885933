import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import type { Authorisation } from '../../src/protocol/card-messages.ts';
import type { CounterOrder } from '../../src/roles/pos/counter.ts';
import { isEnd } from '../../src/roles/pos/journaled-charge.ts';
import type { NfcCard } from '../../src/roles/pos/nfc-reader.ts';
import type { Charge, ChargeAuthority, Claim } from '../../src/roles/pos/ports.ts';
import { PosService } from '../../src/roles/pos/service.ts';
import { newPhoneToken } from '../../src/roles/pos/subjects.ts';
import { authoriseFor, wordOf } from '../../src/roles/wallet/card-wallet.ts';
import type { RegisterWord } from '../../src/roles/wallet/payer.ts';
import { noWalletGuard } from '../card/no-guard.ts';
import type { CrashPoint } from './crash-points.ts';
import type { Message } from './network.ts';
import type { Office } from './office.ts';
import type { Surroundings } from './party.ts';
import type { Judged } from './plain-ledger.ts';
import { tariffs, type PlainTariff } from './plain-shop.ts';
import { bareCard, never, Register, type RegisterProcess, type RungUp } from './register.ts';
import { subjectOf } from './server.ts';
import type { Terminal } from './terminal.ts';

const apId = 'ap_shop';
const currency = 'EUR';

/** Two shops that sell time on one network; the second may close. */
const registerKinds = [
  { place: 3, tariff: 'steps' },
  { place: 6, tariff: 'fixed' },
] as const;
export const registerCount = registerKinds.length;

/** Cards that keep their UIDs. */
export const cards: readonly Uint8Array[] = [1, 2, 3].map((last) => Uint8Array.of(4, 0, 0, 0, 0, 0, last));

/** Whose word a wallet brings to a register. */
export interface Holder {
  readonly terminal: Terminal;
  readonly accountId: string;
}

export const rubbish = ['guess', 'guess under an open key', 'replay', 'another code'] as const;
export type Rubbish = (typeof rubbish)[number];
export const changes = ['pause', 'resume', 'move', 'refund'] as const;
export type Change = (typeof changes)[number];

type Charging = (process: RegisterProcess, order: CounterOrder) => Promise<unknown>;
type ByWallet = Extract<ChargeAuthority, { kind: 'wallet' }>;

/** Cash registers, whoever comes to them, and one that is up to no good. */
export class Counter {
  readonly registers: readonly Register[];
  readonly #rogue: Register;
  readonly #surroundings: Surroundings;
  /** What wallets gave to registers, for whoever overheard it. */
  readonly #overheard: Charge[] = [];
  /** The tokens of the phones to which receipts were given, by their codes. */
  readonly #phones = new Map<string, string>();
  #names = 0;

  private constructor(surroundings: Surroundings, office: Office) {
    this.#surroundings = surroundings;
    this.registers = registerKinds.map(({ place }, index) => new Register(`tok_register${index}`, office.account(place).id, apId, surroundings));
    this.#rogue = new Register('tok_rogue', office.account(2).id, apId, surroundings);
  }

  /** With registers that are enrolled, and have their tariffs. */
  static async open(surroundings: Surroundings, office: Office): Promise<Counter> {
    const counter = new Counter(surroundings, office);
    const { server, clockwork } = surroundings;
    await server.context('admin', 'tok_admin').store.accessPoints.insert({ id: apId, name: 'shop', createdAt: clockwork.now() });
    const enrol = async (register: Register, tariff: PlainTariff) => {
      await new PosService(server.context('pos', register.id, register.scope)).setTariff(parseTariff(tariffs[tariff]));
      server.shop.registers.set(register.id, { id: register.id, payeeId: register.payeeId, tariff });
    };
    for (const [index, { tariff }] of registerKinds.entries()) await enrol(counter.registers[index]!, tariff);
    await enrol(counter.#rogue, 'fixed');
    return counter;
  }

  // Charges.

  /** Something else is to be paid now. */
  ringUp(register: number, minor: number, memo: string | undefined): void {
    this.#names += 1;
    const id = `order-${register}-${this.#names}`;
    this.registers[register]!.order = { id, keys: [id], amount: { minor: BigInt(minor), currency }, memo };
  }

  /** A wallet is held to a register that wants to be paid: it gives its password for that, or settles what it has open. */
  async tap(number: number, { terminal, accountId }: Holder, typed: string, isMistyped: boolean): Promise<void> {
    const register = this.registers[number]!;
    const { order } = register;
    const held = terminal.disk.codes.get(accountId);
    if (order === undefined || held === undefined) {
      return;
    }
    const { id, keys: [key = id], amount, memo } = order;
    const payee = { id: register.payeeId, name: 'a shop', currency };
    await terminal.run(async ({ payer }) => {
      const { password, codeNumber } = await authoriseFor({
        payer,
        wallet: { payee: async () => payee },
        account: { accountId, terminalId: terminal.id, currency, algorithm: held.algorithm },
        exclusively: (work) => work(),
        guard: noWalletGuard,
        confirm: async () => {},
        identityCode: async () => {
          if (isMistyped) terminal.mistyped(accountId);
          return typed;
        },
        onOutcome: () => {},
        onCredential: () => {},
        failed: () => {},
      }, { payeeId: payee.id, amount, key, registerId: register.id, memo });
      const charge: Charge = { key, amount, memo, authority: { kind: 'wallet', accountId, terminalId: terminal.id, codeNumber, password } };
      if (held.algorithm === 'hmac-sha256') this.#overheard.push(charge);
      this.#surroundings.network.send({ kind: 'authorisation', register, terminal, order: id, charge });
    }, typed);
  }

  /** A bare card pays by its mandate. */
  tapCard(register: number, card: number): Promise<void> {
    return this.#takeFrom(register, ({ counter }, order) => counter.chargeCard(order, bareCard(cards[card]!), never));
  }

  /** Whoever pays in cash has a card, or gets a receipt. */
  takeCash(register: number, card: number | undefined): Promise<void> {
    const authority: ChargeAuthority = { kind: 'cash', uid: card === undefined ? undefined : cards[card]! };
    return this.#takeFrom(register, ({ counter }, { id, key, amount, memo }) => counter.charges.charge(id, { key, amount, memo, authority }));
  }

  async #takeFrom(number: number, work: Charging): Promise<void> {
    const register = this.registers[number]!;
    await register.giveUp('timed_out');
    const { order } = register;
    if (order !== undefined) await this.#charge(register, order, order.keys[0]!, work);
  }

  /** What becomes of the order is as at a `CounterDesk`, which stays open where a program of the model ends. */
  async #charge(register: Register, { id, keys, amount, memo }: RungUp, key: string, work: Charging): Promise<void> {
    const becomes = (next: RungUp | undefined) => {
      if (register.order?.id === id) register.order = next;
    };
    await register.run(async (process) => {
      try {
        await work(process, { id, key, amount, memo, takesMandate: true });
        becomes(undefined);
      } catch (error) {
        if (isEnd(error)) becomes({ id, keys: [`${id}-${keys.length}`, ...keys], amount, memo });
        else if (error instanceof LatchkeyError && error.code === 'charge_over') becomes(undefined);
        throw error;
      }
    });
  }

  /** A wallet that comes again is told of its last payment, if it was not. */
  async greet(number: number, holder: Holder): Promise<void> {
    await this.registers[number]!.run((process) => process.counter.accessCard(this.#card(process, holder), never));
  }

  /** Gives nothing if it has not given it already. */
  #card(process: RegisterProcess, { terminal, accountId }: Holder, given?: Authorisation): NfcCard {
    const algorithm = terminal.disk.codes.get(accountId)?.algorithm ?? 'hmac-sha256';
    return process.cardOf({
      handler: {
        paymentInfo: async () => ({ accountId, terminalId: terminal.id, currencies: [currency], algorithm }),
        async authorise() {
          if (given === undefined) throw new LatchkeyError('card_refused');
          return given;
        },
      },
      tell: (outcome, waiter) => this.#surroundings.network.send({ kind: 'word', terminal, accountId, key: outcome.idempotencyKey, word: wordOf(outcome), waiter }),
    });
  }

  /** Brings what goes between wallets and registers. */
  async deliver(message: Extract<Message, { kind: 'authorisation' | 'word' }>): Promise<void> {
    const { network } = this.#surroundings;
    switch (message.kind) {
      case 'authorisation': {
        const { register, terminal, order: id, charge: { key, authority } } = message;
        const { accountId, password, codeNumber } = authority as ByWallet;
        await register.giveUp('timed_out');
        const { order } = register;
        if (order?.id !== id || !order.keys.includes(key)) {
          return network.send({ kind: 'word', terminal, accountId, key, word: { kind: 'refused' }, waiter: undefined });
        }
        return this.#charge(register, order, key, (process, asked) =>
          process.counter.chargeCard(asked, this.#card(process, { terminal, accountId }, { password, codeNumber }), never));
      }
      case 'word': {
        const { terminal, accountId, key, word, waiter } = message;
        return terminal.run(async ({ payer }) => {
          await payer.told(accountId, key, word);
          if (waiter !== undefined) network.send({ kind: 'reply', answer: { value: undefined }, waiter });
        });
      }
    }
  }

  // Mandates.

  setMandate({ terminal, accountId }: Holder, { card, perTap, perDay }: { readonly card: number; readonly perTap: number; readonly perDay: number }): void {
    const amount = (minor: number) => ({ minor: BigInt(minor), currency });
    const setting = { uid: cards[card]!, accountId, perTap: amount(perTap), perDay: amount(perDay) };
    this.#surroundings.network.send({ kind: 'request', from: terminal, call: { kind: 'set a mandate', setting }, waiter: undefined });
  }

  endMandate(terminal: Terminal, card: number): void {
    const uid = cards[card]!;
    const { network, server: { shop } } = this.#surroundings;
    const subjectId = shop.subjectIds.get(subjectOf(uid));
    if (subjectId !== undefined) network.send({ kind: 'request', from: terminal, call: { kind: 'end a mandate', uid, subjectId }, waiter: undefined });
  }

  // Access.

  async askByWord(register: number, { terminal, accountId }: Holder): Promise<void> {
    const word = await terminal.word(accountId, apId);
    if (word !== undefined) await this.#ask(register, { kind: 'terminal', token: word.token }, word.code);
  }

  askByCard(register: number, card: number): Promise<void> {
    return this.registers[register]!.run(({ counter }) => counter.accessCard(bareCard(cards[card]!), never));
  }

  /** By one of the last receipts, or by the token under which a phone has redeemed it. */
  async askByReceipt(register: number, back: number, by: 'its phone' | 'another phone' | 'token'): Promise<void> {
    const { server: { receipts }, clockwork } = this.#surroundings;
    const codes = [...receipts.keys()];
    const code = codes.at(-1 - (back % Math.max(1, codes.length))) ?? '0000-0000';
    const token = (by === 'another phone' ? undefined : this.#phones.get(code)) ?? newPhoneToken({ random: clockwork });
    this.#phones.set(code, this.#phones.get(code) ?? token);
    await this.#ask(register, by === 'token' ? { kind: 'phone', token } : { kind: 'receipt', code, phoneToken: token });
  }

  async #ask(register: number, claim: Claim, code?: string): Promise<void> {
    await this.registers[register]!.run((process) => process.access(claim, code));
  }

  /** Changes one of the last permissions. */
  async change(register: number, how: Change, back: number, card: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { clockwork, server } = this.#surroundings;
    clockwork.pass(1);
    const permissions = [...server.shop.permissions.values()];
    const standing = permissions.filter(({ state, endsAt = Infinity }) => (state === 'active' || state === 'paused') && endsAt > clockwork.at);
    const permission = (standing.length > 0 ? standing : permissions).at(-1 - (back % Math.max(1, standing.length || permissions.length)));
    if (permission === undefined) {
      return;
    }
    const { id, scope } = this.registers[register]!;
    const { name } = permission;
    const [uid, grantId, now] = [cards[card]!, permission.id!, clockwork.at];
    const pos = () => new PosService(server.context('pos', id, scope));
    const { shop } = server;
    const ways: Readonly<Record<Change, () => readonly [Judged, () => Promise<unknown>]>> = {
      pause: () => [shop.pause(id, name, now), () => pos().pause(grantId)],
      resume: () => [shop.resume(id, name, now), () => pos().resume(grantId)],
      move: () => [shop.move(id, name, subjectOf(uid), now), () => pos().move(grantId, { kind: 'nfc', uid })],
      refund: () => [shop.refund(id, name, now), () => pos().refund(grantId)],
    };
    const [judged, work] = ways[how]();
    await server.administer(judged, crashAt, work);
  }

  // A register that sends rubbish, and says what is not so.

  async sendRubbish(what: Rubbish, { terminal, accountId }: Holder, back: number, crashAt: CrashPoint | undefined): Promise<void> {
    this.#names += 1;
    const key = `rubbish-${this.#names}`;
    const heard = this.#overheard.at(-1 - (back % Math.max(1, this.#overheard.length)));
    const open = terminal.disk.pending.get(accountId)?.request;
    const codeNumber = this.#surroundings.server.ledger.binding(accountId, terminal.id)?.number ?? 1;
    const guess: Charge = { key, amount: { minor: 100n, currency }, authority: { kind: 'wallet', accountId, terminalId: terminal.id, codeNumber, password: key } };
    const charges: Readonly<Record<Rubbish, Charge>> = {
      'guess': guess,
      'guess under an open key': { ...guess, key: open?.key ?? key },
      'replay': heard ?? guess,
      'another code': { ...guess, authority: { ...guess.authority, codeNumber: Math.max(1, codeNumber - 1 + (back % 3)) } as ByWallet },
    };
    await this.#surroundings.server.serve({ kind: 'request', from: this.#rogue, call: { kind: 'charge', charge: charges[what] }, waiter: undefined }, crashAt);
  }

  async lie({ terminal, accountId }: Holder, word: RegisterWord): Promise<void> {
    const open = terminal.disk.pending.get(accountId)?.request;
    if (open !== undefined) {
      await this.deliver({ kind: 'word', terminal, accountId, key: open.key, word, waiter: undefined });
    }
  }
}
