import type { Clock, Random } from '../../src/domain/clock.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { failureOf, type Coverage, type ProgramFault, type Side } from './crash-points.ts';
import type { Answer, Call, Waiter } from './network.ts';

export interface ProcessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly fault: ProgramFault | undefined;
  /** Gives a request to the network. */
  send(call: Call, waiter: Waiter): void;
}

const never = new Promise<never>(() => {});

/** One run of a program that waits for one answer at a time, may end at any of its own steps, and of which any flush may fail. */
export class Process {
  readonly #context: ProcessContext;
  #steps = 0;
  #flushes = 0;
  #pause = Promise.withResolvers<void>();
  #waiter: Waiter | undefined;
  #alive = true;
  /** What it came to; an error that is none of ours is the test's to show. */
  failure: unknown;

  constructor(context: ProcessContext) {
    this.#context = context;
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
  resume(answer: Answer): Promise<void> {
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

  /**
   * On the disk when it resolves, and not before: what was not there when it ended is lost. Errors: that of its fault,
   * also where all of it was written and only that it lasts is not known.
   */
  protected async flush(step: string, write: () => void): Promise<void> {
    this.#begin(step);
    this.#flushes += 1;
    this.#context.coverage.seen(failureOf(step));
    if (this.#dies(step, 'before')) return never;
    await undefined;
    if (!this.#alive) return never;
    this.#perhapsFail(step, 'before');
    write();
    if (this.#dies(step, 'after')) return never;
    this.#perhapsFail(step, 'after');
  }

  protected call(call: Call): Promise<unknown> {
    return this.ask('send', (waiter) => this.#context.send(call, waiter));
  }

  /** Waits for what somebody answers to what is sent. */
  protected ask(step: string, send: (waiter: Waiter) => void): Promise<unknown> {
    this.#begin(step);
    if (this.#dies(step, 'before')) return never;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const waiter: Waiter = { process: this, resolve, reject };
    send(waiter);
    if (this.#dies(step, 'after')) return never;
    this.#waiter = waiter;
    this.#pause.resolve();
    return promise;
  }

  #dies(step: string, side: Side): boolean {
    const { fault, coverage } = this.#context;
    if (fault?.kind === 'crash' && fault.nth === this.#steps && fault.side === side) {
      coverage.crashed(step, side);
      this.kill();
    }
    return !this.#alive;
  }

  #perhapsFail(step: string, side: Side): void {
    const { fault, coverage } = this.#context;
    if (fault !== undefined && fault.kind !== 'crash' && fault.nth === this.#flushes && fault.side === side) {
      coverage.crashed(failureOf(step), side);
      throw new LatchkeyError(fault.kind);
    }
  }

  #begin(step: string): void {
    this.#steps += 1;
    this.#context.coverage.seen(step);
  }
}
