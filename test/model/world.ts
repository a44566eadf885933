import type { ErrorCode } from '../../src/domain/errors.ts';
import type { PasswordAlgorithm } from '../../src/domain/payment.ts';
import { transactionPassword } from '../../src/protocol/transaction-password.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { Order } from '../../src/roles/wallet/payer.ts';
import { Clockwork } from './clockwork.ts';
import { Counter, type Holder } from './counter.ts';
import type { CrashPoint, ProgramFault } from './crash-points.ts';
import type { Disks } from './disk.ts';
import { Network, type Call, type Message } from './network.ts';
import { accountCount, accountNames, currencyOf, Office } from './office.ts';
import type { Party, Surroundings } from './party.ts';
import { brokenPromises } from './promises.ts';
import { Server, textOf, type Coverages } from './server.ts';
import { Terminal } from './terminal.ts';

const hmac = (place: number) => ({ place, algorithm: 'hmac-sha256' as const });
const md5 = (place: number) => ({ place, algorithm: 'md5' as const });
const terminalKinds = [
  { accounts: [hmac(0)], isHonest: true },
  { accounts: [hmac(0), hmac(2)], isHonest: true },
  { accounts: [md5(1), hmac(0)], isHonest: true },
  { accounts: [hmac(2), hmac(1)], isHonest: true },
  // Bound to accounts of others, by a code of its own, and to nothing.
  { accounts: [hmac(0), md5(1)], isHonest: false },
  { accounts: [], isHonest: false },
  // Two devices with one token and one code: each pays as if it were alone.
  { accounts: [hmac(1)], isHonest: false },
];
export const terminalCount = terminalKinds.length;
export const honestCount = 4;
export const attackers = [4, 5] as const;
const twins = 6;

const noCrash = undefined;

export interface Purchase {
  readonly terminal: number;
  readonly account: number;
  /** A place, or somebody who is not there. */
  readonly payee: number;
  readonly minor: number;
  readonly memo: string | undefined;
  readonly holdMs: number | undefined;
  readonly key: string | undefined;
  readonly isMistyped: boolean;
}

export const attacks = ['replay', 'replay under another key', 'replay for another amount', 'replay to another payee', 'guess', 'cancel'] as const;
export type Attack = (typeof attacks)[number];

export interface Rival {
  readonly key: string;
  readonly minor: number;
  readonly isCancellation: boolean;
  readonly isMistyped: boolean;
}

export interface Rebinding {
  readonly terminal: number;
  readonly account: number;
  readonly algorithm: PasswordAlgorithm | undefined;
  readonly isMistyped: boolean;
}

/** One of a terminal's accounts, by a number that may be too large. */
export interface Wallet {
  readonly terminal: number;
  readonly account: number;
}

/** Terminals, cash registers, a network, and a server on a database. */
export class World {
  readonly network: Network;
  readonly terminals: readonly Terminal[];
  readonly office: Office;
  readonly server: Server;
  readonly counter: Counter;
  readonly #clockwork: Clockwork;
  readonly #overheard: readonly Call[];
  #names = 0;
  /** Taken by whoever. */
  steps = 0;

  private constructor(surroundings: Surroundings, office: Office, counter: Counter) {
    const { network, server, clockwork, overheard } = surroundings;
    this.network = network;
    this.server = server;
    this.#clockwork = clockwork;
    this.#overheard = overheard;
    this.office = office;
    this.counter = counter;
    this.terminals = terminalKinds.map((kind, index) => new Terminal(`tok_terminal${index}`, kind, surroundings));
  }

  /** With accounts that have money, terminals that are bound to them, and registers. */
  static async create(disks: Disks, coverages: Coverages, isBound = true): Promise<World> {
    const clockwork = new Clockwork();
    let world: World | undefined;
    const server = await Server.start(await disks.create(), coverages, clockwork, () => world?.broken() ?? []);
    const surroundings: Surroundings = { clockwork, network: new Network(), server, coverages, overheard: [], checked: () => { if (world !== undefined) world.#check(); } };
    const office = new Office(surroundings);
    for (let place = 0; place < accountCount; place += 1) {
      await office.openAccount(place);
      if (place < 3) await office.topUp(place, 2_000, noCrash);
    }
    world = new World(surroundings, office, await Counter.open(surroundings, office));
    for (const [index, { accounts }] of isBound ? world.terminals.entries() : []) {
      for (const [account, { algorithm }] of accounts.entries()) {
        await world.bind({ terminal: index, account, algorithm, isMistyped: false });
        await world.finishProgram(world.terminals[index]!);
      }
    }
    return world;
  }

  remove(): Promise<void> {
    return this.server.remove();
  }

  pass(ms: number): void {
    this.#clockwork.pass(ms);
  }

  /** What is broken of what holds whatever happens. */
  broken(): readonly string[] {
    const { observation, toldCancelled } = this.server;
    return brokenPromises({ observation, terminals: this.terminals.filter(({ isHonest }) => isHonest), registers: this.counter.registers, toldCancelled });
  }

  #check(): void {
    for (const { process } of this.parties) {
      if (process?.failure !== undefined) throw process.failure;
    }
    this.server.agree();
  }

  // The network.

  /** Brings a message to where it goes. */
  async deliver(message: Message, crashAt: CrashPoint | undefined): Promise<void> {
    this.network.take(message);
    await this.#arrive(message, crashAt);
  }

  async #arrive(message: Message, crashAt: CrashPoint | undefined): Promise<void> {
    switch (message.kind) {
      case 'request': {
        const answer = await this.server.serve(message, crashAt);
        if (answer !== undefined && message.waiter !== undefined) {
          this.network.send({ kind: 'reply', answer, waiter: message.waiter });
        }
        return;
      }
      case 'reply': {
        const { waiter, answer } = message;
        if (waiter.process.waitsFor(waiter)) {
          await waiter.process.resume(answer);
          this.#check();
        }
        return;
      }
      default:
        return this.counter.deliver(message);
    }
  }

  /** Has the server get several requests at once. */
  async deliverTogether(messages: readonly Message[], crashAt: CrashPoint | undefined): Promise<void> {
    const requests = messages.filter((message) => message.kind === 'request');
    // Where a mandate is changed while it is used, a refusal is on record or not.
    const isUsed = requests.some(({ call }) => call.kind === 'charge' && call.charge.authority.kind === 'mandate');
    const together = requests.filter(({ call: { kind } }) => !isUsed || (kind !== 'set a mandate' && kind !== 'end a mandate'));
    together.forEach((message) => this.network.take(message));
    const answers = await this.server.serveTogether(together, crashAt);
    for (const [index, answer] of (answers ?? []).entries()) {
      const { waiter } = together[index]!;
      if (waiter !== undefined) this.network.send({ kind: 'reply', answer, waiter });
    }
  }

  // Terminals and registers.

  /** Whoever runs programs: the terminals, then the registers. */
  get parties(): readonly Party[] {
    return [...this.terminals, ...this.counter.registers];
  }

  async giveUp(party: number, code: ErrorCode): Promise<void> {
    await this.parties[party]!.giveUp(code);
  }

  kill(party: number): void {
    this.parties[party]!.kill();
  }

  /** That goes wrong in the program that it runs next. */
  faultNext(party: number, fault: ProgramFault): void {
    this.parties[party]!.fault = fault;
  }

  /** Brings whatever its program waits for, without a fault, until it ends. */
  async finishProgram(party: Party): Promise<void> {
    while (party.process?.isWaiting === true) {
      const { process } = party;
      const message = this.network.findLast((one) => one.kind !== 'authorisation' && one.waiter !== undefined && process.waitsFor(one.waiter));
      if (message === undefined) {
        await party.giveUp('timed_out');
      } else {
        await this.deliver(message, noCrash);
        if (message.kind === 'word') await this.finishProgram(message.terminal);
      }
    }
  }

  finish(party: number): Promise<void> {
    return this.finishProgram(this.parties[party]!);
  }

  /** The place of one of a terminal's accounts, by a number that may be too large. */
  #placeOf({ terminal, account }: Wallet): number {
    const { accounts } = this.terminals[terminal]!;
    return accounts[account % accounts.length]!.place;
  }

  holder(wallet: Wallet): Holder {
    return { terminal: this.terminals[wallet.terminal]!, accountId: this.office.account(this.#placeOf(wallet)).id };
  }

  /** Finds out about what is open, and pays. */
  async pay({ terminal, account, payee: payeePlace, minor, memo, holdMs, key, isMistyped }: Purchase): Promise<void> {
    const place = this.#placeOf({ terminal, account });
    const { id: accountId } = this.office.account(place);
    const payee = { ...(this.office.accountAt(payeePlace) ?? { id: payeePlace === accountCount ? 'out_EUR' : 'acc_nobody', name: 'Nobody' }), currency: currencyOf(payeePlace) };
    const order: Order = { accountId, payee, amount: { minor: BigInt(minor), currency: payee.currency }, memo, holdMs, key };
    const typed = isMistyped ? 'mistyped' : identityCode(terminal, place);
    const paying = this.terminals[terminal]!;
    await paying.run(async ({ payer }) => {
      await payer.settle(accountId);
      if ((await payer.earlier(order)) === undefined) {
        if (isMistyped) paying.mistyped(accountId);
        await payer.pay(order, typed);
      }
    }, typed);
  }

  /** Pays so often under a wrong identity code, each time from one end to the other. */
  async mistype(purchase: Purchase, times: number): Promise<void> {
    for (let typed = 0; typed < times; typed += 1) {
      await this.pay({ ...purchase, key: undefined, isMistyped: true });
      await this.finish(purchase.terminal);
    }
  }

  async settle(wallet: Wallet): Promise<void> {
    const { terminal, accountId } = this.holder(wallet);
    await terminal.settle(accountId);
  }

  async cancel(wallet: Wallet): Promise<void> {
    const { terminal, accountId } = this.holder(wallet);
    await terminal.run(({ payer }) => payer.cancel(accountId));
  }

  async bind({ terminal, account, algorithm, isMistyped }: Rebinding): Promise<void> {
    const place = this.#placeOf({ terminal, account });
    const { id, name } = this.office.account(place);
    this.#names += 1;
    const key = `verification-${this.#names}`;
    await this.terminals[terminal]!.run(async ({ payer, wallet }) => {
      const { verificationId } = await wallet.requestVerification({ key, account: id, name });
      const sent = this.server.mail.findLast(({ accountName }) => accountName === name)?.code ?? '000000';
      const verificationCode = isMistyped ? String((Number(sent) + 1) % 1_000_000).padStart(6, '0') : sent;
      await payer.keep(await wallet.bind({ verificationId, verificationCode, identityCode: identityCode(terminal, place), algorithm }));
    });
  }

  // The counter.

  /** A wallet is held to a register; its user may mistype the identity code. */
  async tap(register: number, wallet: Wallet, isMistyped: boolean): Promise<void> {
    const typed = isMistyped ? 'mistyped' : identityCode(wallet.terminal, this.#placeOf(wallet));
    await this.counter.tap(register, this.holder(wallet), typed, isMistyped);
  }

  /** A wallet gives what is to be paid at a register, without a fault; false if it could not. */
  async authoriseAtCounter(register: number, wallet: Wallet, minor: number): Promise<boolean> {
    this.counter.ringUp(register, minor, undefined);
    const before = this.network.findLast(({ kind }) => kind === 'authorisation');
    await this.tap(register, wallet, false);
    await this.finishProgram(this.terminals[wallet.terminal]!);
    return this.network.findLast(({ kind }) => kind === 'authorisation') !== before;
  }

  /** What a wallet pays at a register, from one end to the other without a fault. */
  async payAtCounter(register: number, wallet: Wallet, minor: number): Promise<void> {
    if (await this.authoriseAtCounter(register, wallet, minor)) {
      await this.deliver(this.network.findLast(({ kind }) => kind === 'authorisation')!, noCrash);
      await this.finishRegister(register);
    }
  }

  finishRegister(register: number): Promise<void> {
    return this.finishProgram(this.counter.registers[register]!);
  }

  // Others.

  /** Somebody with a token of its own sends what it overheard, or what it makes up. */
  async attack(terminal: number, attack: Attack, back: number, crashAt: CrashPoint | undefined): Promise<void> {
    const calls = this.#overheard.filter(({ kind }) => attack === 'replay' || kind === 'pay');
    const call = calls.at(-1 - (back % Math.max(1, calls.length)));
    const forged = call && this.#forged(terminal, attack, call);
    if (forged !== undefined) {
      await this.server.serve({ kind: 'request', from: this.terminals[terminal]!, call: forged, waiter: undefined }, crashAt);
    }
  }

  /** Several requests under one code at once, after so many wrong ones: one is charged, and none that has to wait. */
  async race(rivals: readonly Rival[], mistakes: number, crashAt: CrashPoint | undefined): Promise<void> {
    for (let made = 0; made < mistakes; made += 1) {
      await this.race([{ key: 'wrong', minor: 1, isCancellation: false, isMistyped: true }], 0, noCrash);
    }
    const { id: accountId } = this.office.account(1);
    const binding = this.server.ledger.binding(accountId, this.terminals[twins]!.id)!;
    this.#names += 1;
    const race = this.#names;
    const messages = rivals.map(({ key: name, minor, isCancellation, isMistyped }): Message => {
      const key = `${name}-${race}`;
      const order = { accountId, key, payeeId: this.office.account(3).id, amount: { minor: BigInt(minor), currency: currencyOf(3) } };
      const [code, typed] = [Buffer.from(binding.code, 'hex'), isMistyped ? 'mistyped' : identityCode(twins, 1)];
      const password = transactionPassword('hmac-sha256', code, typed, { ...order, idempotencyKey: key });
      const request: PaymentRequest = { ...order, password, codeNumber: binding.number };
      this.server.made(password, { code: binding.code, identityCode: typed }, request);
      return { kind: 'request', from: this.terminals[twins]!, call: isCancellation ? { kind: 'cancel', payment: { accountId, key } } : { kind: 'pay', request }, waiter: undefined };
    });
    messages.forEach((message) => this.network.send(message));
    await this.deliverTogether(messages, crashAt);
  }

  #forged(terminal: number, attack: Attack, call: Call): Call {
    if (call.kind !== 'pay') {
      return call;
    }
    const { request } = call;
    this.#names += 1;
    const another = `forged-${this.#names}`;
    switch (attack) {
      case 'replay': return call;
      case 'replay under another key': return { kind: 'pay', request: { ...request, key: another } };
      case 'replay for another amount': return { kind: 'pay', request: { ...request, amount: { ...request.amount, minor: request.amount.minor + 1n } } };
      case 'replay to another payee': return { kind: 'pay', request: { ...request, key: another, payeeId: this.office.account(2).id } };
      case 'cancel': return { kind: 'cancel', payment: { accountId: request.accountId ?? this.office.account(1).id, key: request.key } };
      case 'guess': {
        const { accountId } = request;
        const codeNumber = accountId === undefined ? undefined : this.server.ledger.binding(accountId, this.terminals[terminal]!.id)?.number;
        return { kind: 'pay', request: { ...request, key: another, password: another, codeNumber: codeNumber ?? request.codeNumber } };
      }
    }
  }

  // The end.

  /** Ends what is running, and brings what is open to its end, without a fault. */
  async settleAll(): Promise<void> {
    for (const party of this.parties) {
      party.kill();
      party.fault = undefined;
    }
    for (const register of this.counter.registers) {
      await register.settle();
      await this.finishProgram(register);
      if ([...register.disk.charges.values()].some(({ end }) => end === undefined)) throw new Error(`${register.id} cannot bring its charges to an end`);
    }
    for (const terminal of this.terminals) {
      const { id, disk: { pending } } = terminal;
      for (const accountId of pending.keys()) {
        await terminal.settle(accountId);
        await this.finishProgram(terminal);
        if (pending.has(accountId)) throw new Error(`${id} cannot bring its payment to an end`);
      }
    }
  }

  /**
   * Ends everything without further faults: whatever is open is settled, whatever is still under way arrives, and then
   * everybody can pay who was not bound anew without knowing, by themselves or at a register.
   */
  async end(): Promise<void> {
    await this.settleAll();
    // What comes late charges nothing.
    const money = () => JSON.stringify([...this.server.ledger.accounts.values()]);
    const before = money();
    while (this.network.size > 0) {
      await this.deliver(this.network.look(0), noCrash);
    }
    if (money() !== before) throw new Error(`what came late moved money: ${before}, then ${money()}`);
    await this.settleAll();
    for (const [index, { id, accounts, disk, isHonest }] of this.terminals.entries()) {
      for (const [account, { place }] of accounts.entries()) {
        const { id: accountId } = this.office.account(place);
        const held = disk.codes.get(accountId);
        const binding = this.server.ledger.binding(accountId, id);
        if (!isHonest || held === undefined || binding === undefined) continue;
        const known = this.server.observation.codes.get(Buffer.from(held.code).toString('hex'));
        if (known?.bound !== binding.bound) continue;
        await this.office.topUp(place, 1_000, noCrash);
        if (binding.lockedUntil !== undefined) this.pass(Math.max(0, binding.lockedUntil - this.#clockwork.at));
        const wallet = { terminal: index, account };
        const before = disk.ended.size;
        if ((index + account) % 2 === 0) await this.pay({ ...wallet, payee: 3, minor: 1, memo: undefined, holdMs: undefined, key: undefined, isMistyped: false });
        else await this.payAtCounter(0, wallet, 20);
        await this.finish(index);
        const last = [...disk.ended.values()].at(-1);
        if (disk.ended.size !== before + 1 || last?.end.kind !== 'accepted') throw new Error(`${id} can no longer pay from ${accountNames[place]}: ${textOf(last?.end)}`);
      }
    }
    await this.office.verify();
  }
}

function identityCode(terminal: number, place: number): string {
  return `code of ${terminal} at ${place}`;
}
