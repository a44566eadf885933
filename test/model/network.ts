import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { BindRequest, VerificationRequest } from '../../src/roles/wallet/ports.ts';
import type { TerminalProcess } from './terminal.ts';

export type Call =
  | { readonly kind: 'pay'; readonly request: PaymentRequest }
  | { readonly kind: 'cancel'; readonly payment: { readonly accountId: string; readonly key: string } }
  | { readonly kind: 'verify'; readonly request: VerificationRequest }
  | { readonly kind: 'bind'; readonly request: BindRequest };

/** Who sent a request, as long as it waits for the answer. */
export interface Waiter {
  readonly process: TerminalProcess;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export type Answer = { readonly value: unknown } | { readonly error: unknown };

export type Message =
  | { readonly kind: 'request'; readonly terminal: number; readonly call: Call; readonly waiter: Waiter | undefined }
  | { readonly kind: 'reply'; readonly terminal: number; readonly answer: Answer; readonly waiter: Waiter };

/** Keeps what is under way, in no order, until somebody says what becomes of it. */
export class Network {
  readonly #messages: Message[] = [];

  get size(): number {
    return this.#messages.length;
  }

  send(message: Message): void {
    this.#messages.push(message);
  }

  /** The last but so many. */
  look(back: number): Message {
    return this.#messages.at(-1 - (back % this.size))!;
  }

  take(message: Message): void {
    this.#messages.splice(this.#messages.indexOf(message), 1);
  }

  findLast(suits: (message: Message) => boolean): Message | undefined {
    return this.#messages.findLast(suits);
  }
}
