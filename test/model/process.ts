import type { Clock, Random } from '../../src/domain/clock.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Coverage, CrashPoint, Side } from './crash-points.ts';
import type { Answer, Call, Waiter } from './network.ts';

export interface ProcessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly crashAt: CrashPoint | undefined;
  /** Gives a request to the network. */
  send(call: Call, waiter: Waiter): void;
}

const never = new Promise<never>(() => {});

/** One run of a program that waits for one answer at a time, and may end at any of its own steps. */
export class Process {
  readonly #context: ProcessContext;
  #steps = 0;
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

  /** On the disk when it resolves, and not before: what was not there when it ended is lost. */
  protected async flush(step: string, write: () => void): Promise<void> {
    this.#begin(step);
    if (this.#dies(step, 'before')) return never;
    await undefined;
    if (!this.#alive) return never;
    write();
    return this.#dies(step, 'after') ? never : undefined;
  }

  protected call(call: Call): Promise<unknown> {
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

  #dies(step: string, side: Side): boolean {
    const { crashAt, coverage } = this.#context;
    if (crashAt?.nth === this.#steps && crashAt.side === side) {
      coverage.crashed(step, side);
      this.kill();
    }
    return !this.#alive;
  }

  #begin(step: string): void {
    this.#steps += 1;
    this.#context.coverage.seen(step);
  }
}
