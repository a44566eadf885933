import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';
import type { Verification } from '../ledger/store.ts';
import type { Store } from '../store.ts';
import type { VerificationSender } from './ports.ts';
import { sendVerification } from './verification.ts';

/** How often what is left is tried, and how long it is left to the server that made it. */
export const verificationRetryMs = 60_000;
/** How often one is tried for who asks for it again and again. */
const mostTimes = 5;
const atOnce = 20;

interface Context {
  readonly store: Store;
  readonly clock: Clock;
  readonly sender: VerificationSender;
  /** Told of a code that was not sent: it stays, to be tried again. `isFirst`: it has not failed here before. */
  readonly onTrouble: (verification: Verification, error: unknown, isFirst: boolean) => void;
}

/**
 * Sends verification codes after the answers to who asked for them, so that no answer tells by its time or an error
 * whether there was one to send (ADR 34). What is made and not sent is on record: it survives a restart. A code may be
 * sent twice, if a server ends before it has noted that it is sent.
 */
export class VerificationPost {
  readonly #context: Context;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Those that failed, with how often and when they are over. */
  readonly #failed = new Map<string, { readonly times: number; readonly expiresAt: Date }>();
  #cleared = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Has it sent soon, if there is anything to send; one that goes on failing is left for later, however often it is asked for. */
  post(verification: Verification): void {
    if ((this.#failed.get(verification.id)?.times ?? 0) >= mostTimes) {
      return;
    }
    // Behind the answer, which is on its way before the event loop comes to this.
    void this.#send(verification, setImmediate());
  }

  /** Tries what is left; the first time that of a server that has ended, too. */
  async sendLeft(): Promise<void> {
    const { store, clock } = this.#context;
    const now = clock.now();
    for (const [id, { expiresAt }] of this.#failed) {
      if (expiresAt <= now) this.#failed.delete(id);
    }
    const madeBefore = this.#cleared ? new Date(now.getTime() - verificationRetryMs) : now;
    this.#cleared = true;
    for (const verification of await store.verifications.unsent({ madeBefore, validAt: now }, atOnce)) {
      await this.#send(verification);
    }
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** One code once at a time. */
  #send(verification: Verification, start: Promise<void> = Promise.resolve()): Promise<void> {
    const { id } = verification;
    const sending =
      this.#underWay.get(id) ??
      start
        .then(() => sendVerification(this.#context, verification))
        .catch((error: unknown) => this.#noteFailed(verification, error))
        .finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, sending);
    return sending;
  }

  #noteFailed(verification: Verification, error: unknown): void {
    const times = (this.#failed.get(verification.id)?.times ?? 0) + 1;
    this.#failed.set(verification.id, { times, expiresAt: verification.expiresAt });
    this.#context.onTrouble(verification, error, times === 1);
  }
}
