import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { Actor, Role, Scope } from '../../src/domain/token.ts';
import type { PaymentReply, PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import { MandateService } from '../../src/roles/pos/mandates.ts';
import type { Charge, Charged, Claim } from '../../src/roles/pos/ports.ts';
import { PosService } from '../../src/roles/pos/service.ts';
import type { ServiceContext } from '../../src/roles/service-context.ts';
import type { NewBinding, VerificationMessage } from '../../src/roles/wallet/ports.ts';
import { WalletService } from '../../src/roles/wallet/service.ts';
import { sendVerification } from '../../src/roles/wallet/verification.ts';
import { beginning, type Clockwork } from './clockwork.ts';
import { ServerFate, type Coverage, type CrashPoint } from './crash-points.ts';
import type { Disk, ServerProcess } from './disk.ts';
import type { Answer, Call, Request, Sender } from './network.ts';
import { Observation } from './observation.ts';
import { paymentName, PlainLedger, type Expected, type Ingredients, type Judged, type PlainPayment, type PlainRequest } from './plain-ledger.ts';
import { PlainShop, subjectName } from './plain-shop.ts';

/** How often something crashed, over all runs of a test. */
export interface Coverages {
  readonly server: Coverage;
  readonly terminal: Coverage;
  readonly register: Coverage;
  /** How often the server answered what. */
  readonly answers: Map<string, number>;
}

/** Of what a password was made, and for what; by `md5` for anything. */
type Made = Ingredients & { readonly for: string | undefined };

/** The server on its database, held against what has to come of whatever it is asked. */
export class Server {
  readonly ledger = new PlainLedger();
  readonly shop = new PlainShop(this.ledger);
  readonly observation = new Observation();
  /** What anybody was ever told to be cancelled, by account and key. */
  readonly toldCancelled = new Set<string>();
  readonly mail: VerificationMessage[] = [];
  /** Those that have been printed, with their sales. */
  readonly receipts = new Map<string, string>();
  readonly #made = new Map<string, Made>();
  readonly #replies = new Map<string, string>();
  readonly #disk: Disk;
  readonly #coverages: Coverages;
  readonly #clockwork: Clockwork;
  /** What is broken of what holds whatever happens. */
  readonly #broken: () => readonly string[];
  readonly #halted: Promise<void>[] = [];
  #process!: ServerProcess;
  #fate!: ServerFate;

  private constructor(disk: Disk, coverages: Coverages, clockwork: Clockwork, broken: () => readonly string[]) {
    this.#disk = disk;
    this.#coverages = coverages;
    this.#clockwork = clockwork;
    this.#broken = broken;
  }

  static async start(disk: Disk, coverages: Coverages, clockwork: Clockwork, broken: () => readonly string[]): Promise<Server> {
    const server = new Server(disk, coverages, clockwork, broken);
    await server.#boot();
    return server;
  }

  /** Of the last work, statement by statement, as long as it has not crashed. */
  get statements(): readonly string[] {
    return this.#fate.statements;
  }

  async #boot(): Promise<void> {
    this.#fate = new ServerFate(this.#coverages.server);
    this.#process = await this.#disk.boot(this.#fate);
  }

  /** Starts another server in the place of the one that is there. */
  async restart(): Promise<void> {
    this.#halted.push(this.#process.halt());
    await this.#boot();
  }

  async remove(): Promise<void> {
    await this.#process.halt();
    await Promise.all(this.#halted);
    await this.#disk.remove();
  }

  context(role: Role, id: string, scope: Scope = {}): ServiceContext {
    const token = { id, role, name: id, scope, apId: undefined, createdAt: new Date(beginning), lastUsedAt: undefined, revokedAt: undefined };
    const actor: Actor = { kind: 'token', token };
    return { store: this.#process.store, clock: this.#clockwork, random: this.#clockwork, actor };
  }

  /** Is told of what a password was made, where it was. */
  made(password: string, of: Ingredients, request: PaymentRequest): void {
    const { code, identityCode } = of;
    this.#made.set(password, { code, identityCode, for: request.accountId === undefined ? undefined : paidFor(request) });
  }

  // One request.

  /** The answer is undefined if it crashed over it. */
  async serve({ from, call }: Request, crashAt: CrashPoint | undefined): Promise<Answer | undefined> {
    this.#clockwork.pass(1);
    const judged = this.#judge(from, call);
    const answer = await this.#work(judged, crashAt, () => this.#answer(from, call));
    if (answer !== undefined) {
      this.#told(call, answer, judged.expected);
    }
    return answer;
  }

  /** What nobody waits for over the network. Whether it came to its end: it may have crashed over it. */
  async administer(judged: Judged, crashAt: CrashPoint | undefined, work: () => Promise<unknown>): Promise<boolean> {
    const answer = await this.#work(judged, crashAt, async () => {
      try {
        await work();
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

  async #answer({ id, role, scope }: Sender, call: Call): Promise<Answer> {
    const context = this.context(role, id, scope);
    const sender = {
      send: async (message: VerificationMessage) => {
        const nth = this.#fate.before('send the verification code');
        this.mail.push(message);
        this.#fate.after('send the verification code', nth);
      },
    };
    const wallet = new WalletService({ ...context, sendCode: (verification) => sendVerification({ ...context, sender }, verification), allowMd5: true });
    try {
      switch (call.kind) {
        case 'pay': return { value: await wallet.pay(call.request) };
        case 'cancel': return { value: await wallet.cancel(call.payment) };
        case 'verify': return { value: await wallet.requestVerification(call.request) };
        case 'bind': return { value: await wallet.bind(call.request) };
        case 'set a mandate': return { value: await new MandateService(context).setMandate(call.setting) };
        case 'end a mandate': return { value: await new MandateService(context).endMandate(call.subjectId) };
        case 'charge': return { value: await new PosService(context).charge(call.charge) };
        case 'access': return { value: await new PosService(context).access(call.claim) };
      }
    } catch (error) {
      return { error };
    }
  }

  async #work(judged: Judged, crashAt: CrashPoint | undefined, work: () => Promise<Answer>): Promise<Answer | undefined> {
    let answer: Answer | undefined;
    const before = this.ledger.payments.size;
    const fate = this.#fate;
    const crashed = await fate.working(crashAt, async () => {
      answer = await work();
    });
    if (!crashed) {
      judged.parts.forEach((part) => part());
      this.agree(this.#differences(await this.#disk.observe()));
      return answer;
    }
    await this.restart();
    // Whatever was committed is there, in its order, and nothing else.
    const rows = await this.#disk.observe();
    const differences = [this.#differences(rows)];
    for (const part of judged.parts) {
      if (differences.at(-1)!.length === 0) break;
      part();
      differences.push(this.#differences(rows));
    }
    if (differences.at(-1)!.length > 0) {
      this.agree(differences.flatMap((of, parts) => of.map((difference) => `as if ${parts} of ${judged.parts.length} parts were done: ${difference}`)));
    }
    const isRecorded = this.ledger.payments.size > before;
    const inserted = fate.committed.filter((statement) => statement.startsWith('insert payments'));
    // What was inserted unless it was there may have been there.
    const isKept = isRecorded || inserted.every((statement) => statement === 'insert payments unless taken');
    this.agree(isKept && (!isRecorded || inserted.length > 0 || fate.hasCommitted) ? [] : ['a commit was not kept, or was not needed']);
    return undefined;
  }

  #differences(rows: Awaited<ReturnType<Disk['observe']>>): string[] {
    return this.observation.differences(rows, this.ledger, this.shop);
  }

  /** The database as it is now, against what has to be there. */
  async look(): Promise<void> {
    this.agree(this.#differences(await this.#disk.observe()));
  }

  agree(differences: readonly string[] = []): void {
    const broken = differences.length > 0 ? [] : this.#broken();
    if (differences.length > 0 || broken.length > 0) {
      throw new Error([...differences, ...broken].join('\n'));
    }
  }

  // Several requests.

  /**
   * Gets them at once: what comes of them is what would have come of them one by one, or, if it crashes, what would have
   * come of them until then.
   */
  async serveTogether(requests: readonly Request[], crashAt: CrashPoint | undefined): Promise<readonly Answer[] | undefined> {
    this.#clockwork.pass(1);
    const before = { ledger: this.ledger.copy(), shop: this.shop.copy() };
    let answers: Answer[] = [];
    const crashed = await this.#fate.working(crashAt, async () => {
      answers = await Promise.all(requests.map(({ from, call }) => this.#answer(from, call)));
    });
    if (crashed) {
      await this.restart();
    }
    const rows = await this.#disk.observe();
    const problems: string[] = [];
    const now = this.#clockwork.at;
    // What is overdue is given back by whoever looks for money, also where they are told something else in the end.
    const overdue = before.ledger.overdue(now).length > 0 ? [false, true] : [false];
    for (const [order, isFreed] of orders(requests.map((_, index) => index)).flatMap((one) => overdue.map((freed) => [one, freed] as const))) {
      Object.assign(this.ledger, before.ledger.copy());
      Object.assign(this.shop, before.shop.copy());
      if (isFreed) this.ledger.overdue(now).forEach((payment) => this.ledger.release(payment, 'expired'));
      const expected: Expected[] = [];
      for (const index of order) {
        const { from, call } = requests[index]!;
        const judged = this.#judge(from, call);
        expected[index] = judged.expected;
        if (crashed && this.#differences(rows).length === 0) break;
        for (const part of judged.parts) {
          part();
          if (crashed && this.#differences(rows).length === 0) break;
        }
      }
      const differences = this.#differences(rows);
      const unexpected = differences.length > 0 || crashed ? differences : answers.flatMap((answer, index) => this.#unexpected(answer, loosely(expected[index]!, answer)) ?? []);
      if (unexpected.length === 0) {
        this.agree();
        if (crashed) return undefined;
        answers.forEach((answer, index) => this.#told(requests[index]!.call, answer, loosely(expected[index]!, answer)));
        return answers;
      }
      problems.push(`in the order ${order.join()}${isFreed ? ' with what is overdue given back' : ''}: ${unexpected.join('; ')}`);
    }
    throw new Error(problems.join('\n'));
  }

  // What has to come of it.

  #judge({ id }: Sender, call: Call): Judged {
    const { ledger, shop } = this;
    const now = this.#clockwork.at;
    switch (call.kind) {
      case 'pay': return shop.payByWallet(id, this.#plain(call.request), now, true);
      case 'cancel': return ledger.cancel(id, call.payment, now);
      case 'verify': return ledger.requestVerification(id, call.request, now);
      case 'bind': return ledger.bind(id, call.request, now);
      case 'set a mandate': {
        const { uid, accountId, perTap, perDay } = call.setting;
        return shop.setMandate(id, { subject: subjectOf(uid), accountId, perTap: Number(perTap.minor), perDay: Number(perDay.minor) }, now);
      }
      case 'end a mandate': return shop.endMandate(id, subjectOf(call.uid), now);
      case 'charge': return this.#judgeCharge(id, call.charge);
      case 'access': return this.#judgeAccess(call.claim, call.code);
    }
  }

  #judgeCharge(registerId: string, { key, amount, memo, authority }: Charge): Judged {
    const { shop } = this;
    const now = this.#clockwork.at;
    const charge = { key, minor: Number(amount.minor), memo };
    switch (authority.kind) {
      case 'wallet': {
        const { accountId, terminalId, codeNumber, password } = authority;
        const { payeeId } = shop.registers.get(registerId)!;
        return shop.chargeByWallet(registerId, terminalId, this.#plain({ key, accountId, codeNumber, payeeId, amount, password, memo, purchase: { registerId } }), now);
      }
      case 'mandate': return shop.chargeByMandate(registerId, subjectOf(authority.uid), charge, now);
      default: return shop.chargeOutside(registerId, authority.uid && subjectOf(authority.uid), charge, now);
    }
  }

  #judgeAccess(claim: Claim, code: string | undefined): Judged {
    const { shop } = this;
    const now = this.#clockwork.at;
    switch (claim.kind) {
      case 'terminal': return shop.accessByWord({ ...claim.token, at: claim.token.at.getTime(), code }, now);
      case 'nfc': return shop.access(subjectOf(claim.uid), now);
      case 'receipt': return shop.accessByReceipt(this.receipts.get(claim.code), subjectName('phone', claim.phoneToken), now);
      case 'phone': return shop.access(subjectName('phone', claim.token), now);
    }
  }

  #plain(request: PaymentRequest): PlainRequest {
    const { key, accountId, codeNumber, payeeId, amount, password, memo, holdMs, purchase } = request;
    const made = this.#made.get(password);
    const isFor = made !== undefined && (made.for === undefined || made.for === paidFor(request));
    return { key, accountId, codeNumber, payeeId, minor: Number(amount.minor), currency: amount.currency, password, made: isFor ? made : undefined, memo, holdMs, registerId: purchase?.registerId };
  }

  /** Holds an answer against what was expected, and against what was answered before. */
  #told(call: Call, answer: Answer, expected: Expected): void {
    const problem = this.#unexpected(answer, expected);
    if (problem !== undefined) {
      throw new Error(`${call.kind}: ${problem}`);
    }
    const { answers } = this.#coverages;
    const what = `${call.kind === 'charge' ? `charge by ${call.charge.authority.kind}` : call.kind}: ${'error' in expected ? expected.error : 'done'}`;
    answers.set(what, (answers.get(what) ?? 0) + 1);
    if (call.kind === 'cancel' && 'cancelled' in expected) {
      this.toldCancelled.add(paymentName(call.payment.accountId, call.payment.key));
    }
    const reply = 'value' in answer ? ('charged' in expected ? (answer.value as Charged).reply : answer.value) : undefined;
    if ('payment' in expected && expected.payment !== undefined && reply !== undefined) {
      const text = textOf(reply);
      const first = this.#replies.get(expected.payment) ?? text;
      this.#replies.set(expected.payment, first);
      if (first !== text) throw new Error(`the reply to ${expected.payment} was ${first} and is ${text}`);
    }
    if ('charged' in expected && 'value' in answer) {
      const { receiptCode } = answer.value as Charged;
      if (receiptCode !== undefined) this.receipts.set(receiptCode, expected.charged);
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
    if ('charged' in expected) {
      const { sale, grant, reply } = answer.value as Charged;
      const plain = this.shop.sales.get(expected.charged)!;
      const isIt = sale.id === plain.id && grant?.id === (plain.permission && this.shop.permissions.get(plain.permission)!.id)
        && (plain.tender === 'wallet' ? reply !== undefined && this.#isReply(reply, this.ledger.payments.get(plain.payment!)!) : reply === undefined);
      return isIt ? undefined : `${textOf(answer.value)} instead of the sale ${expected.charged}`;
    }
    if ('payment' in expected) {
      return this.#isReply(answer.value as PaymentReply, this.ledger.payments.get(expected.payment)!) ? undefined : `${textOf(answer.value)} instead of the reply to ${expected.payment}`;
    }
    if ('access' in expected) {
      return (answer.value as Grant).id === this.shop.permissions.get(expected.access)!.id ? undefined : `${textOf(answer.value)} instead of access by ${expected.access}`;
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
    if ('cancelled' in expected) {
      return answer.value === undefined ? undefined : `${textOf(answer.value)} instead of a cancellation`;
    }
    return undefined;
  }

  #isReply({ paymentId, accountId, payee, amount, state }: PaymentReply, { id, key, accountId: payerId, request }: PlainPayment): boolean {
    return paymentId === id && accountId === payerId && key === request!.key && payee.id === request!.payeeId
      && Number(amount.minor) === request!.minor && amount.currency === request!.currency && (state === 'held') === (request!.holdMs !== undefined);
  }
}

/** Who has this UID. */
export function subjectOf(uid: Uint8Array): string {
  return subjectName('nfc', Buffer.from(uid).toString('hex'));
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

export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part)) ?? 'nothing';
}
