import { createHash } from 'node:crypto';
import { LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import type { PasswordAlgorithm } from '../../src/domain/payment.ts';
import type { Actor, Role } from '../../src/domain/token.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { transactionPassword } from '../../src/protocol/transaction-password.ts';
import { releaseOverdue } from '../../src/roles/ledger/holds.ts';
import type { PaymentReply, PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { Order } from '../../src/roles/wallet/payer.ts';
import type { NewBinding, VerificationMessage } from '../../src/roles/wallet/ports.ts';
import { WalletService } from '../../src/roles/wallet/service.ts';
import { ServerFate, type Coverage, type CrashPoint } from './crash-points.ts';
import type { Disk, Disks, ServerProcess } from './disk.ts';
import { Network, type Answer, type Call, type Message } from './network.ts';
import { Observation } from './observation.ts';
import { paymentName, PlainLedger, type Expected, type Ingredients, type Judged, type PlainRequest } from './plain-ledger.ts';
import { brokenPromises } from './promises.ts';
import { TerminalProcess, type TerminalDisk } from './terminal.ts';

/** How often something crashed, over all runs of a test. */
export interface Coverages {
  readonly server: Coverage;
  readonly terminal: Coverage;
  /** How often the server answered what. */
  readonly answers: Map<string, number>;
}

interface Terminal {
  readonly id: string;
  /** The accounts that it is bound to at first, by their place. */
  readonly accounts: readonly { readonly place: number; readonly algorithm: PasswordAlgorithm }[];
  readonly isHonest: boolean;
  readonly disk: TerminalDisk;
  readonly mistypes: Map<string, number>;
  process: TerminalProcess | undefined;
  /** When the program that runs next ends before its time. */
  crashAt: CrashPoint | undefined;
}

/** Payers first, then who is only paid, then somebody of another currency. */
const accountNames = ['Anna', 'Bert', 'Carla', 'Café', 'Kiosk', 'Diner'];
const currencyOf = (place: number) => (place === 5 ? 'USD' : 'EUR');
export const accountCount = accountNames.length;

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
export const honestCount = 4;
export const attackers = [4, 5] as const;
const twins = 6;

const beginning = Date.parse('2027-03-01T08:00:00.000Z');
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

/** Terminals, a network, a server on a database, and the plain ledger that says what has to come of it all. */
export class World {
  readonly ledger = new PlainLedger();
  readonly network = new Network();
  readonly terminals: readonly Terminal[];
  readonly #coverages: Coverages;
  readonly #disk: Disk;
  readonly #observation = new Observation();
  readonly #toldCancelled = new Set<string>();
  readonly #replies = new Map<string, string>();
  /** Of what a password was made, and for what. */
  readonly #made = new Map<string, Ingredients & { readonly for: string }>();
  readonly #mail: VerificationMessage[] = [];
  /** What has been sent by honest terminals, for whoever overheard it. */
  readonly #overheard: Call[] = [];
  /** Those that are open, by their places. */
  readonly #accounts: { readonly id: string; readonly name: string }[] = [];
  readonly #halted: Promise<void>[] = [];
  #server!: ServerProcess;
  #fate!: ServerFate;
  #now = beginning;
  #random = 0;
  #names = 0;
  /** Taken by whoever. */
  steps = 0;

  private constructor(disk: Disk, coverages: Coverages) {
    this.#disk = disk;
    this.#coverages = coverages;
    this.terminals = terminalKinds.map(({ accounts, isHonest }, index) => ({
      id: `tok_terminal${index}`, accounts, isHonest, disk: { codes: new Map(), pending: new Map(), ended: new Map() }, mistypes: new Map(), process: undefined, crashAt: undefined,
    }));
  }

  /** With accounts that have money, and terminals that are bound to them. */
  static async create(disks: Disks, coverages: Coverages, isBound = true): Promise<World> {
    const world = new World(await disks.create(), coverages);
    await world.#boot();
    for (let place = 0; place < accountCount; place += 1) {
      await world.#openAccount(place);
      if (place < 3) await world.topUp(place, 2_000, noCrash);
    }
    for (const [index, { accounts }] of isBound ? world.terminals.entries() : []) {
      for (const [account, { algorithm }] of accounts.entries()) {
        await world.bind({ terminal: index, account, algorithm, isMistyped: false });
        await world.finishProgram(index);
      }
    }
    return world;
  }

  async remove(): Promise<void> {
    await this.#server.halt();
    await Promise.all(this.#halted);
    await this.#disk.remove();
  }

  readonly #clock = { now: () => new Date(this.#now) };

  readonly #randomBytes = {
    bytes: (length: number): Uint8Array => {
      const blocks: Buffer[] = [];
      for (let made = 0; made < length; made += 32) {
        this.#random += 1;
        blocks.push(createHash('sha256').update(String(this.#random)).digest());
      }
      return Buffer.concat(blocks).subarray(0, length);
    },
  };

  pass(ms: number): void {
    this.#now += ms;
  }

  // The server.

  /** What the server did last, statement by statement, as long as it has not crashed. */
  get statements(): readonly string[] {
    return this.#fate.statements;
  }

  async #boot(): Promise<void> {
    this.#fate = new ServerFate(this.#coverages.server);
    this.#server = await this.#disk.boot(this.#fate);
  }

  /** Starts another server in the place of the one that is there. */
  async restart(): Promise<void> {
    this.#halted.push(this.#server.halt());
    await this.#boot();
  }

  #context(role: Role, id: string) {
    const token = { id, role, name: id, scope: {}, apId: undefined, createdAt: new Date(beginning), lastUsedAt: undefined, revokedAt: undefined };
    const actor: Actor = { kind: 'token', token };
    return { store: this.#server.store, clock: this.#clock, random: this.#randomBytes, actor };
  }

  async #answer(terminal: number, call: Call): Promise<Answer> {
    const verificationSender = {
      send: async (message: VerificationMessage) => {
        const nth = this.#fate.before('send the verification code');
        this.#mail.push(message);
        this.#fate.after('send the verification code', nth);
      },
    };
    const wallet = new WalletService({ ...this.#context('terminal', this.terminals[terminal]!.id), verificationSender, allowMd5: true });
    try {
      switch (call.kind) {
        case 'pay': return { value: await wallet.pay(call.request) };
        case 'cancel': return { value: await wallet.cancel(call.payment) };
        case 'verify': return { value: await wallet.requestVerification(call.request) };
        case 'bind': return { value: await wallet.bind(call.request) };
      }
    } catch (error) {
      return { error };
    }
  }

  /** Has the server do it; the answer is undefined if it crashed over it. */
  async #serve(terminal: number, call: Call, crashAt: CrashPoint | undefined): Promise<Answer | undefined> {
    this.#now += 1;
    const judged = this.#judge(this.ledger, terminal, call);
    const answer = await this.#working(judged, crashAt, () => this.#answer(terminal, call));
    if (answer !== undefined) {
      this.#told(call, answer, judged.expected);
    }
    return answer;
  }

  async #working(judged: Judged, crashAt: CrashPoint | undefined, work: () => Promise<Answer>): Promise<Answer | undefined> {
    let answer: Answer | undefined;
    const before = this.ledger.payments.size;
    const fate = this.#fate;
    const crashed = await fate.working(crashAt, async () => {
      answer = await work();
    });
    if (!crashed) {
      judged.parts.forEach((part) => part());
      this.#agree(this.#observation.differences(await this.#disk.observe(), this.ledger));
      return answer;
    }
    await this.restart();
    // Whatever was committed is there, in its order, and nothing else.
    const rows = await this.#disk.observe();
    const differences = [this.#observation.differences(rows, this.ledger)];
    for (const part of judged.parts) {
      if (differences.at(-1)!.length === 0) break;
      part();
      differences.push(this.#observation.differences(rows, this.ledger));
    }
    if (differences.at(-1)!.length > 0) {
      this.#agree(differences.flatMap((of, parts) => of.map((difference) => `as if ${parts} of ${judged.parts.length} parts were done: ${difference}`)));
    }
    const isRecorded = this.ledger.payments.size > before;
    const inserted = fate.committed.filter((statement) => statement.startsWith('insert payments'));
    // What was inserted unless it was there may have been there.
    const isKept = isRecorded || inserted.every((statement) => statement === 'insert payments unless taken');
    this.#agree(isKept && (!isRecorded || inserted.length > 0 || fate.hasCommitted) ? [] : ['a commit was not kept, or was not needed']);
    return undefined;
  }

  #agree(differences: readonly string[]): void {
    const broken = differences.length > 0 ? [] : brokenPromises({ observation: this.#observation, terminals: this.terminals.filter(({ isHonest }) => isHonest), toldCancelled: this.#toldCancelled });
    if (differences.length > 0 || broken.length > 0) {
      throw new Error([...differences, ...broken].join('\n'));
    }
  }

  #judge(ledger: PlainLedger, terminal: number, call: Call): Judged {
    const { id } = this.terminals[terminal]!;
    switch (call.kind) {
      case 'pay': return ledger.pay(id, this.#plain(call.request), this.#now);
      case 'cancel': return ledger.cancel(id, call.payment, this.#now);
      case 'verify': return ledger.requestVerification(id, call.request, this.#now);
      case 'bind': return ledger.bind(id, call.request, this.#now);
    }
  }

  #plain(request: PaymentRequest): PlainRequest {
    const { key, accountId, codeNumber, payeeId, amount, password, memo, holdMs } = request;
    const made = this.#made.get(password);
    // By md5 a password is bound to nothing.
    const isFor = made !== undefined && (accountId === undefined || made.for === paidFor(request));
    return { key, accountId, codeNumber, payeeId, minor: Number(amount.minor), currency: amount.currency, password, made: isFor ? made : undefined, memo, holdMs };
  }

  /** Holds an answer against what was expected, and against what was answered before. */
  #told(call: Call, answer: Answer, expected: Expected): void {
    const problem = this.#unexpected(answer, expected);
    if (problem !== undefined) {
      throw new Error(`${call.kind}: ${problem}`);
    }
    const { answers } = this.#coverages;
    const what = `${call.kind}: ${'error' in expected ? expected.error : 'done'}`;
    answers.set(what, (answers.get(what) ?? 0) + 1);
    if (call.kind === 'cancel' && 'cancelled' in expected) {
      this.#toldCancelled.add(paymentName(call.payment.accountId, call.payment.key));
    }
    if ('payment' in expected && 'value' in answer) {
      const text = textOf(answer.value);
      const first = this.#replies.get(expected.payment) ?? text;
      this.#replies.set(expected.payment, first);
      if (first !== text) throw new Error(`the reply to ${expected.payment} was ${first} and is ${text}`);
    }
  }

  #unexpected(answer: Answer, expected: Expected): string | undefined {
    if ('error' in answer) {
      const { error } = answer;
      if (!(error instanceof LatchkeyError)) throw error;
      const fits = 'error' in expected && expected.error === error.code && expected.retryAfter === error.retryAfter;
      return fits ? undefined : `${error.code} (${error.retryAfter ?? '-'}) instead of ${textOf(expected)}`;
    }
    if ('error' in expected) {
      return `${textOf(answer.value)} instead of ${expected.error}`;
    }
    if ('payment' in expected) {
      const { paymentId, accountId, payee, amount, state } = answer.value as PaymentReply;
      const { id, request } = this.ledger.payments.get(expected.payment)!;
      const isIt = paymentId === id && expected.payment === paymentName(accountId, request!.key) && payee.id === request!.payeeId
        && Number(amount.minor) === request!.minor && amount.currency === request!.currency && (state === 'held') === (request!.holdMs !== undefined);
      return isIt ? undefined : `${textOf(answer.value)} instead of the reply to ${expected.payment}`;
    }
    if ('bound' in expected) {
      const { accountId, algorithm, temporaryCode } = answer.value as NewBinding;
      const { bound } = expected;
      return accountId === bound.accountId && algorithm === bound.algorithm && temporaryCode.number === bound.number ? undefined : `${textOf(answer.value)} instead of ${textOf(bound)}`;
    }
    if ('verification' in expected) {
      const { verificationId } = answer.value as { verificationId: string };
      return verificationId === this.ledger.verifications.get(expected.verification)?.id ? undefined : `${verificationId} instead of ${expected.verification}`;
    }
    return answer.value === undefined ? undefined : `${textOf(answer.value)} instead of nothing`;
  }

  // The network.

  /** Brings a message to where it goes. */
  async deliver(message: Message, crashAt: CrashPoint | undefined): Promise<void> {
    this.network.take(message);
    await this.#arrive(message, crashAt);
  }

  async #arrive(message: Message, crashAt: CrashPoint | undefined): Promise<void> {
    const { terminal, waiter } = message;
    if (message.kind === 'request') {
      const answer = await this.#serve(terminal, message.call, crashAt);
      if (answer !== undefined && waiter !== undefined) {
        this.network.send({ kind: 'reply', terminal, answer, waiter });
      }
    } else if (message.waiter.process.waitsFor(message.waiter)) {
      await message.waiter.process.resume(message.answer);
      this.#checkTerminals();
    }
  }

  /**
   * Has the server get several requests at once: what comes of them is what would have come of them one by one, or, if it
   * crashes, what would have come of them until then.
   */
  async deliverTogether(messages: readonly Message[], crashAt: CrashPoint | undefined): Promise<void> {
    this.#now += 1;
    const requests = messages.filter((message) => message.kind === 'request');
    requests.forEach((message) => this.network.take(message));
    const before = this.ledger.copy();
    let answers: Answer[] = [];
    const crashed = await this.#fate.working(crashAt, async () => {
      answers = await Promise.all(requests.map(({ terminal, call }) => this.#answer(terminal, call)));
    });
    if (crashed) {
      await this.restart();
    }
    const rows = await this.#disk.observe();
    const problems: string[] = [];
    // What is overdue is given back by whoever looks for money, also where they are told something else in the end.
    const overdue = before.overdue(this.#now).length > 0 ? [false, true] : [false];
    for (const [order, isFreed] of orders(requests.map((_, index) => index)).flatMap((one) => overdue.map((freed) => [one, freed] as const))) {
      Object.assign(this.ledger, before.copy());
      if (isFreed) this.ledger.overdue(this.#now).forEach((payment) => this.ledger.release(payment, 'expired'));
      const expected: Expected[] = [];
      for (const index of order) {
        const { terminal, call } = requests[index]!;
        const judged = this.#judge(this.ledger, terminal, call);
        expected[index] = judged.expected;
        if (crashed && this.#observation.differences(rows, this.ledger).length === 0) break;
        for (const part of judged.parts) {
          part();
          if (crashed && this.#observation.differences(rows, this.ledger).length === 0) break;
        }
      }
      const differences = this.#observation.differences(rows, this.ledger);
      const unexpected = differences.length > 0 || crashed ? differences : answers.flatMap((answer, index) => this.#unexpected(answer, loosely(expected[index]!, answer)) ?? []);
      if (unexpected.length === 0) {
        this.#agree([]);
        for (const [index, answer] of crashed ? [] : answers.entries()) {
          const { terminal, call, waiter } = requests[index]!;
          this.#told(call, answer, loosely(expected[index]!, answer));
          if (waiter !== undefined) this.network.send({ kind: 'reply', terminal, answer, waiter });
        }
        return;
      }
      problems.push(`in the order ${order.join()}${isFreed ? ' with what is overdue given back' : ''}: ${unexpected.join('; ')}`);
    }
    throw new Error(problems.join('\n'));
  }

  // The terminals.

  /** Runs a terminal's program until it waits for an answer; one that was running is told that it took too long. */
  async #start(terminal: number, program: (process: TerminalProcess) => Promise<unknown>, typed = ''): Promise<void> {
    await this.giveUp(terminal, 'timed_out');
    const { disk, crashAt, isHonest } = this.terminals[terminal]!;
    const process: TerminalProcess = new TerminalProcess({
      disk,
      clock: this.#clock,
      random: this.#randomBytes,
      coverage: this.#coverages.terminal,
      crashAt,
      begun: ({ accountId, request }) => {
        const code = Buffer.from(disk.codes.get(accountId)!.code).toString('hex');
        this.#made.set(request.password, { code, identityCode: typed, for: paidFor(request) });
      },
      send: (call, waiter) => {
        if (isHonest) this.#overheard.push(call);
        this.network.send({ kind: 'request', terminal, call, waiter });
      },
    });
    Object.assign(this.terminals[terminal]!, { process, crashAt: undefined });
    await process.run(() => program(process));
    this.#checkTerminals();
  }

  #checkTerminals(): void {
    for (const { process } of this.terminals) {
      if (process?.failure !== undefined) throw process.failure;
    }
    this.#agree([]);
  }

  /** Tells a terminal's program that there is no answer, until it ends. */
  async giveUp(terminal: number, code: ErrorCode): Promise<void> {
    const { process } = this.terminals[terminal]!;
    while (process?.isWaiting === true) {
      await process.resume({ error: new LatchkeyError(code) });
    }
    this.#checkTerminals();
  }

  kill(terminal: number): void {
    this.terminals[terminal]!.process?.kill();
  }

  /** The program that this terminal runs next ends at that step. */
  crashNext(terminal: number, crashAt: CrashPoint): void {
    this.terminals[terminal]!.crashAt = crashAt;
  }

  /** Brings whatever a terminal's program waits for, without a fault, until it ends. */
  async finishProgram(terminal: number): Promise<void> {
    const { process } = this.terminals[terminal]!;
    while (process?.isWaiting === true) {
      const message = this.network.findLast((one) => one.waiter !== undefined && process.waitsFor(one.waiter));
      if (message === undefined) {
        await this.giveUp(terminal, 'timed_out');
      } else {
        await this.deliver(message, noCrash);
      }
    }
  }

  /** The place of one of a terminal's accounts, by a number that may be too large. */
  #placeOf(terminal: number, account: number): number {
    const { accounts } = this.terminals[terminal]!;
    return accounts[account % accounts.length]!.place;
  }

  /** Finds out about what is open, and pays. */
  async pay({ terminal, account, payee: payeePlace, minor, memo, holdMs, key, isMistyped }: Purchase): Promise<void> {
    const place = this.#placeOf(terminal, account);
    const { id: accountId } = this.#accounts[place]!;
    const payee = { ...(this.#accounts[payeePlace] ?? { id: payeePlace === accountCount ? 'out_EUR' : 'acc_nobody', name: 'Nobody' }), currency: currencyOf(payeePlace) };
    const order: Order = { accountId, payee, amount: { minor: BigInt(minor), currency: payee.currency }, memo, holdMs, key };
    const typed = isMistyped ? 'mistyped' : identityCode(terminal, place);
    const { mistypes } = this.terminals[terminal]!;
    await this.#start(terminal, async ({ payer }) => {
      await payer.settle(accountId);
      if ((await payer.earlier(order)) === undefined) {
        if (isMistyped) mistypes.set(accountId, (mistypes.get(accountId) ?? 0) + 1);
        await payer.pay(order, typed);
      }
    }, typed);
  }

  async settle(terminal: number, account: number): Promise<void> {
    await this.#settle(terminal, this.#accounts[this.#placeOf(terminal, account)]!.id);
  }

  async #settle(terminal: number, accountId: string): Promise<void> {
    await this.#start(terminal, ({ payer }) => payer.settle(accountId));
  }

  async cancel(terminal: number, account: number): Promise<void> {
    const { id } = this.#accounts[this.#placeOf(terminal, account)]!;
    await this.#start(terminal, ({ payer }) => payer.cancel(id));
  }

  async bind({ terminal, account, algorithm, isMistyped }: Rebinding): Promise<void> {
    const place = this.#placeOf(terminal, account);
    const { id, name } = this.#accounts[place]!;
    this.#names += 1;
    const key = `verification-${this.#names}`;
    await this.#start(terminal, async ({ payer, wallet }) => {
      const { verificationId } = await wallet.requestVerification({ key, account: id, name });
      const sent = this.#mail.findLast(({ accountName }) => accountName === name)?.code ?? '000000';
      const verificationCode = isMistyped ? String((Number(sent) + 1) % 1_000_000).padStart(6, '0') : sent;
      await payer.keep(await wallet.bind({ verificationId, verificationCode, identityCode: identityCode(terminal, place), algorithm }));
    });
  }

  // Others.

  /** Somebody with a token of its own sends what it overheard, or what it makes up. */
  async attack(terminal: number, attack: Attack, back: number, crashAt: CrashPoint | undefined): Promise<void> {
    const calls = this.#overheard.filter(({ kind }) => attack === 'replay' || kind === 'pay');
    const call = calls.at(-1 - (back % Math.max(1, calls.length)));
    const forged = call && this.#forged(terminal, attack, call);
    if (forged !== undefined) {
      await this.#serve(terminal, forged, crashAt);
    }
  }

  /** Several requests under one code at once, after so many wrong ones: one is charged, and none that has to wait. */
  async race(rivals: readonly Rival[], mistakes: number, crashAt: CrashPoint | undefined): Promise<void> {
    for (let made = 0; made < mistakes; made += 1) {
      await this.race([{ key: 'wrong', minor: 1, isCancellation: false, isMistyped: true }], 0, noCrash);
    }
    const { id: accountId } = this.#accounts[1]!;
    const binding = this.ledger.binding(accountId, this.terminals[twins]!.id)!;
    this.#names += 1;
    const race = this.#names;
    const messages = rivals.map(({ key: name, minor, isCancellation, isMistyped }): Message => {
      const key = `${name}-${race}`;
      const order = { accountId, key, payeeId: this.#accounts[3]!.id, amount: { minor: BigInt(minor), currency: currencyOf(3) } };
      const [code, typed] = [Buffer.from(binding.code, 'hex'), isMistyped ? 'mistyped' : identityCode(twins, 1)];
      const password = transactionPassword('hmac-sha256', code, typed, { ...order, idempotencyKey: key });
      const request: PaymentRequest = { ...order, password, codeNumber: binding.number };
      this.#made.set(password, { code: binding.code, identityCode: typed, for: paidFor(request) });
      return { kind: 'request', terminal: twins, call: isCancellation ? { kind: 'cancel', payment: { accountId, key } } : { kind: 'pay', request }, waiter: undefined };
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
      case 'replay to another payee': return { kind: 'pay', request: { ...request, key: another, payeeId: this.#accounts[2]!.id } };
      case 'cancel': return { kind: 'cancel', payment: { accountId: request.accountId ?? this.#accounts[1]!.id, key: request.key } };
      case 'guess': {
        const { accountId } = request;
        const codeNumber = accountId === undefined ? undefined : this.ledger.binding(accountId, this.terminals[terminal]!.id)?.number;
        return { kind: 'pay', request: { ...request, key: another, password: another, codeNumber: codeNumber ?? request.codeNumber } };
      }
    }
  }

  async #administer(judged: Judged, crashAt: CrashPoint | undefined, work: (admin: LedgerService) => Promise<unknown>): Promise<boolean> {
    const answer = await this.#working(judged, crashAt, async () => {
      try {
        await work(new LedgerService(this.#context('admin', 'tok_admin')));
        return { value: undefined };
      } catch (error) {
        return { error };
      }
    });
    const problem = answer && this.#unexpected(answer, judged.expected);
    if (problem !== undefined) {
      throw new Error(`admin: ${problem}`);
    }
    return answer !== undefined;
  }

  /** The same by the same key, until there is an answer: it is done once. */
  async #administerOnce(judge: () => Judged, crashAt: CrashPoint | undefined, work: (admin: LedgerService, idempotencyKey: string) => Promise<unknown>): Promise<void> {
    this.#now += 1;
    this.#names += 1;
    const key = `admin-${this.#names}`;
    const before = this.ledger.postings.length;
    if (!(await this.#administer(judge(), crashAt, (admin) => work(admin, key)))) {
      const isDone = this.ledger.postings.length > before;
      await this.#administer(isDone ? { parts: [], expected: { done: true } } : judge(), noCrash, (admin) => work(admin, key));
    }
  }

  async topUp(place: number, minor: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.#accounts[place]!;
    const amount = { minor: BigInt(minor), currency: currencyOf(place) };
    await this.#administerOnce(() => this.ledger.move('topup', id, minor), crashAt, (admin, idempotencyKey) => admin.topUp(id, amount, { idempotencyKey }));
  }

  /** Pays out whatever can be. */
  async payOut(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.#accounts[place]!;
    const { balance, held } = this.ledger.account(id);
    if (balance > held) {
      const amount = { minor: BigInt(balance - held), currency: currencyOf(place) };
      await this.#administerOnce(() => this.ledger.move('payout', id, balance - held), crashAt, (admin, idempotencyKey) => admin.payOut(id, amount, { idempotencyKey }));
    }
  }

  /** Pays out, and closes the account if nothing is on it then. A new one takes its place. */
  async closeAccount(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.#accounts[place]!;
    await this.payOut(place, crashAt);
    this.#now += 1;
    await this.#administer(this.ledger.close(id), crashAt, (admin) => admin.close(id));
    if (this.ledger.account(id).closed) {
      await this.#openAccount(place);
    }
  }

  async #openAccount(place: number): Promise<void> {
    this.#now += 1;
    this.#names += 1;
    const [name, currency] = [`${accountNames[place]} ${this.#names}`, currencyOf(place)];
    const { id } = await new LedgerService(this.#context('admin', 'tok_admin')).open({ name, currency, contact: `${place}@example.org` });
    this.ledger.accounts.set(id, { id, name, currency, balance: 0, held: 0, closed: false });
    this.#accounts[place] = { id, name };
    this.#agree(this.#observation.differences(await this.#disk.observe(), this.ledger));
  }

  async unlock(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    this.#now += 1;
    const { id } = this.#accounts[place]!;
    await this.#administer(this.ledger.unlock(id), crashAt, (admin) => admin.unlock(id));
  }

  /** Captures, releases or refunds one of the last payments that are on record. */
  async conclude(how: 'capture' | 'release' | 'refund', back: number, minor: number | undefined, crashAt: CrashPoint | undefined): Promise<void> {
    this.#now += 1;
    const payments = [...this.ledger.payments.values()].filter(({ state }) => state !== 'cancelled' && state !== 'refused');
    const fitting = payments.filter(({ state }) => state === (how === 'refund' ? 'paid' : 'held'));
    const payment = (fitting.length > 0 ? fitting : payments).at(-1 - (back % Math.max(1, fitting.length || payments.length)));
    if (payment === undefined) {
      return;
    }
    const id = payment.id!;
    const amount = minor === undefined ? undefined : { minor: BigInt(minor), currency: payment.request!.currency };
    if (how === 'capture') {
      await this.#administer(this.ledger.capture(payment, minor, this.#now), crashAt, (admin) => admin.capture(id, amount));
    } else if (how === 'release') {
      await this.#administer(this.ledger.releaseByHand(payment, this.#now), crashAt, (admin) => admin.release(id, 'given back'));
    } else {
      const name = paymentName(payment.accountId, payment.key);
      await this.#administerOnce(() => this.ledger.refund(this.ledger.payments.get(name)!, minor), crashAt, (admin, idempotencyKey) => admin.refund(id, amount, { idempotencyKey }));
    }
  }

  /** What the server does by itself. */
  async keepHouse(crashAt: CrashPoint | undefined): Promise<void> {
    this.#now += 1;
    const overdue = this.ledger.overdue(this.#now);
    await this.#administer({ parts: overdue.map((payment) => () => this.ledger.release(payment, 'expired')), expected: { done: true } }, crashAt, () => releaseOverdue(this.#context('admin', 'tok_admin')));
  }

  // The end.

  /** Ends what terminals do, and brings what is open to its end, without a fault. */
  async settleAll(): Promise<void> {
    for (const [index, { disk }] of this.terminals.entries()) {
      this.kill(index);
      this.terminals[index]!.crashAt = undefined;
      for (const accountId of disk.pending.keys()) {
        await this.#settle(index, accountId);
        await this.finishProgram(index);
        if (disk.pending.has(accountId)) throw new Error(`terminal ${index} cannot bring its payment to an end`);
      }
    }
  }

  /** Adds everything up anew, as an admin does. */
  async verify(): Promise<void> {
    const { findings } = await new LedgerService(this.#context('admin', 'tok_admin')).verify();
    if (findings.length > 0) throw new Error(findings.map(({ of, id, kept, computed }) => `${of} of ${id} is ${kept}, computed ${computed}`).join('\n'));
  }

  /**
   * Ends everything without further faults: whatever is open is settled, whatever is still under way arrives, and then
   * everybody can pay who was not bound anew without knowing.
   */
  async finish(): Promise<void> {
    await this.settleAll();
    // What comes late charges nothing.
    const money = () => JSON.stringify([...this.ledger.accounts.values()]);
    const before = money();
    while (this.network.size > 0) {
      await this.deliver(this.network.look(0), noCrash);
    }
    if (money() !== before) throw new Error(`what came late moved money: ${before}, then ${money()}`);
    for (const [index, { id, accounts, disk, isHonest }] of this.terminals.entries()) {
      for (const [account, { place }] of accounts.entries()) {
        const { id: accountId } = this.#accounts[place]!;
        const held = disk.codes.get(accountId);
        const binding = this.ledger.binding(accountId, id);
        if (!isHonest || held === undefined || binding === undefined) continue;
        const known = this.#observation.codes.get(Buffer.from(held.code).toString('hex'));
        if (known?.bound !== binding.bound) continue;
        await this.topUp(place, 1_000, noCrash);
        if (binding.lockedUntil !== undefined) this.pass(Math.max(0, binding.lockedUntil - this.#now));
        const before = disk.ended.size;
        await this.pay({ terminal: index, account, payee: place === 3 ? 4 : 3, minor: 1, memo: undefined, holdMs: undefined, key: undefined, isMistyped: false });
        await this.finishProgram(index);
        const last = [...disk.ended.values()].at(-1);
        if (disk.ended.size !== before + 1 || last?.end.kind !== 'accepted') throw new Error(`terminal ${index} can no longer pay from ${accountNames[place]}: ${textOf(last?.end)}`);
      }
    }
    await this.verify();
  }
}

function identityCode(terminal: number, place: number): string {
  return `code of ${terminal} at ${place}`;
}

/** What a password is good for, beside who made it. */
function paidFor({ accountId, key, payeeId, amount }: PaymentRequest): string {
  return [accountId, key, payeeId, amount.minor, amount.currency].join(' ');
}

/** Of two who use one verification code at once, either answer will do for the second. */
function loosely(expected: Expected, answer: Answer): Expected {
  const code = 'error' in answer && answer.error instanceof LatchkeyError ? answer.error.code : undefined;
  return 'error' in expected && expected.error === 'verification_code_over' && code === 'verification_code_wrong' ? { error: code } : expected;
}

function orders(items: readonly number[]): number[][] {
  return items.length === 0 ? [[]] : items.flatMap((item) => orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part)) ?? 'nothing';
}
