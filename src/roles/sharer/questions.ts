import { amountText } from '../../domain/money.ts';
import { quantityText } from '../../domain/quantity.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { Log } from '../agent/log.ts';
import type { Prompt } from '../agent/ports.ts';

interface Options {
  readonly prompt: Prompt;
  readonly now: () => Date;
  readonly log: Log;
  readonly onAnswer: (request: ShareRequest, isYes: boolean) => Promise<void>;
}

/** Asks the sharer about requests, one after the other; each once, and for as long as it waits for an answer. */
export class Questions {
  readonly #options: Options;
  readonly #asked = new Map<string, AbortController>();
  #asking: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  ask(request: ShareRequest): void {
    if (this.#asked.has(request.id)) {
      return;
    }
    const question = new AbortController();
    this.#asked.set(request.id, question);
    this.#asking = this.#asking.then(() => this.#ask(request, question.signal));
  }

  /** It is decided otherwise. */
  withdraw(requestId: string): void {
    this.#asked.get(requestId)?.abort();
    this.#asked.delete(requestId);
  }

  async close(): Promise<void> {
    this.#asked.forEach((question) => question.abort());
    await this.#options.prompt.close();
    await this.#asking;
  }

  async #ask(request: ShareRequest, withdrawn: AbortSignal): Promise<void> {
    const { prompt, now, log, onAnswer } = this.#options;
    const leftMs = request.dueAt === undefined ? undefined : request.dueAt.getTime() - now().getTime();
    if (withdrawn.aborted || (leftMs !== undefined && leftMs <= 0)) {
      return;
    }
    const signal = leftMs === undefined ? withdrawn : AbortSignal.any([withdrawn, AbortSignal.timeout(leftMs)]);
    try {
      const answer = await prompt.ask(describe(request), signal);
      if (answer !== undefined && !signal.aborted) {
        await onAnswer(request, answer);
      }
    } catch (error) {
      log('warn', 'The sharer’s answer came to nothing.', { requestId: request.id, error });
    }
  }
}

function describe({ id, kind, quantity, fee, dueAt, guest }: ShareRequest): { title: string; lines: string[] } {
  return {
    title: kind === 'access' ? 'Let this guest in?' : 'Let this guest have more?',
    lines: [
      `Buys: ${quantity === 'unlimited' ? 'unlimited' : quantityText(quantity)}`,
      `Pays: ${fee.minor === 0n ? 'nothing' : amountText(fee)}`,
      `Account: ${guest.accountId}`,
      `Request: ${id}`,
      ...(dueAt === undefined ? [] : [`Answer by: ${dueAt.toISOString()}`]),
    ],
  };
}
