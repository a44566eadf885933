import type { Clock, Random } from '../../src/domain/clock.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { Payer, type BegunPayment, type CodeBook, type EndedPayment, type HeldCode, type PaymentJournal } from '../../src/roles/wallet/payer.ts';
import type { WalletRole } from '../../src/roles/wallet/ports.ts';
import type { Coverage, CrashPoint, Side } from './crash-points.ts';
import type { Call, Waiter } from './network.ts';

/** What a terminal has on its disk. */
export interface TerminalDisk {
  readonly codes: Map<string, HeldCode>;
  readonly pending: Map<string, BegunPayment>;
  readonly ended: Map<string, EndedPayment>;
}

export type Step = 'journal.begin' | 'send' | 'codes.set' | 'journal.end';

interface ProcessContext {
  readonly disk: TerminalDisk;
  readonly clock: Clock;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly crashAt: CrashPoint | undefined;
  /** Is told what is begun, whether or not it gets onto the disk. */
  begun(payment: BegunPayment): void;
  /** Gives a request to the network. */
  send(call: Call, waiter: Waiter): void;
}

const never = new Promise<never>(() => {});

/**
 * One run of a terminal's program: the real payer over a disk that keeps what was flushed. It may end at any of its own
 * steps, and what was not on the disk then is lost.
 */
export class TerminalProcess {
  readonly payer: Payer;
  readonly wallet: Pick<WalletRole, 'requestVerification' | 'bind'>;
  readonly #context: ProcessContext;
  #steps = 0;
  #pause = Promise.withResolvers<void>();
  #waiter: Waiter | undefined;
  #alive = true;
  /** What it came to; an error that is none of ours is the test's to show. */
  failure: unknown;

  constructor(context: ProcessContext) {
    this.#context = context;
    const { clock, random } = context;
    const unused = () => { throw new Error('a payer does not ask for that'); };
    const wallet: WalletRole = {
      pay: (request) => this.#call({ kind: 'pay', request }) as never,
      cancel: (payment) => this.#call({ kind: 'cancel', payment }) as never,
      requestVerification: (request) => this.#call({ kind: 'verify', request }) as never,
      bind: (request) => this.#call({ kind: 'bind', request }) as never,
      bindings: unused,
      payee: unused,
    };
    this.wallet = wallet;
    this.payer = new Payer({ wallet, codes: this.#codes, journal: this.#journal, clock, random });
  }

  get isRunning(): boolean {
    return this.#alive;
  }

  /** Whether it waits for the answer to this. */
  waitsFor(waiter: Waiter): boolean {
    return this.#alive && this.#waiter === waiter;
  }

  get isWaiting(): boolean {
    return this.#alive && this.#waiter !== undefined;
  }

  /** Runs until it ends, or waits for an answer. */
  run(work: () => Promise<unknown>): Promise<void> {
    work().then(
      () => this.kill(),
      (error: unknown) => {
        if (!(error instanceof LatchkeyError)) this.failure = error;
        this.kill();
      },
    );
    return this.#pause.promise;
  }

  /** Runs on with an answer, or an error in its place, until it ends or waits for the next. */
  resume(answer: { readonly value: unknown } | { readonly error: unknown }): Promise<void> {
    const waiter = this.#waiter!;
    this.#waiter = undefined;
    this.#pause = Promise.withResolvers();
    if ('error' in answer) waiter.reject(answer.error);
    else waiter.resolve(answer.value);
    return this.#pause.promise;
  }

  /** Ends it where it is. */
  kill(): void {
    this.#alive = false;
    this.#pause.resolve();
  }

  #dies(step: Step, side: Side): boolean {
    const { crashAt, coverage } = this.#context;
    if (crashAt?.nth === this.#steps && crashAt.side === side) {
      coverage.crashed(step, side);
      this.kill();
    }
    return !this.#alive;
  }

  /** On the disk when it resolves, and not before. */
  async #flush(step: Step, write: () => void): Promise<void> {
    this.#begin(step);
    if (this.#dies(step, 'before')) return never;
    await undefined;
    if (!this.#alive) return never;
    write();
    return this.#dies(step, 'after') ? never : undefined;
  }

  #call(call: Call): Promise<unknown> {
    this.#begin('send');
    if (this.#dies('send', 'before')) return never;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const waiter: Waiter = { process: this, resolve, reject };
    this.#context.send(call, waiter);
    if (this.#dies('send', 'after')) return never;
    this.#waiter = waiter;
    this.#pause.resolve();
    return promise;
  }

  #begin(step: Step): void {
    this.#steps += 1;
    this.#context.coverage.seen(step);
  }

  readonly #codes: CodeBook = {
    get: async (accountId) => this.#context.disk.codes.get(accountId),
    set: (accountId, code) => this.#flush('codes.set', () => this.#context.disk.codes.set(accountId, code)),
  };

  readonly #journal: PaymentJournal = {
    pending: async (accountId) => this.#context.disk.pending.get(accountId),
    find: async (accountId, key) => this.#context.disk.ended.get(`${accountId} ${key}`),
    begin: (payment) => {
      this.#context.begun(payment);
      return this.#flush('journal.begin', () => {
        const open = this.#context.disk.pending.get(payment.accountId);
        if (open !== undefined) throw new Error(`${open.request.key} is open while ${payment.request.key} begins`);
        this.#context.disk.pending.set(payment.accountId, payment);
      });
    },
    // Only a cash register's word leads here, and there is none in this world.
    giveUp: () => Promise.reject(new Error('nobody gives a payment up by another’s word here')),
    end: (payment, end) => this.#flush('journal.end', () => {
      const { accountId, request: { key } } = payment;
      this.#context.disk.pending.delete(accountId);
      this.#context.disk.ended.set(`${accountId} ${key}`, { ...payment, end });
    }),
  };
}
