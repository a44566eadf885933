import type { Role, Scope } from '../../src/domain/token.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { Charge, Claim, MandateSetting } from '../../src/roles/pos/ports.ts';
import type { RegisterWord } from '../../src/roles/wallet/payer.ts';
import type { BindRequest, VerificationRequest } from '../../src/roles/wallet/ports.ts';
import type { Process } from './process.ts';
import type { Register } from './register.ts';
import type { Terminal } from './terminal.ts';

/** What is asked of the server. */
export type Call =
  | { readonly kind: 'pay'; readonly request: PaymentRequest }
  | { readonly kind: 'cancel'; readonly payment: { readonly accountId: string; readonly key: string } }
  | { readonly kind: 'verify'; readonly request: VerificationRequest }
  | { readonly kind: 'bind'; readonly request: BindRequest }
  | { readonly kind: 'set a mandate'; readonly setting: MandateSetting }
  | { readonly kind: 'end a mandate'; readonly uid: Uint8Array; readonly subjectId: string }
  | { readonly kind: 'charge'; readonly charge: Charge }
  /** `code`: by which a terminal's word was made, to be compared where the server computes. */
  | { readonly kind: 'access'; readonly claim: Claim; readonly code: string | undefined };

/** Who asks. */
export interface Sender {
  readonly id: string;
  readonly role: Extract<Role, 'terminal' | 'pos'>;
  readonly scope: Scope;
}

/** Who sent a request, as long as it waits for the answer. */
export interface Waiter {
  readonly process: Process;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export type Answer = { readonly value: unknown } | { readonly error: unknown };

export type Request = { readonly kind: 'request'; readonly from: Sender; readonly call: Call; readonly waiter: Waiter | undefined };

/** What goes between terminals, cash registers and the server. */
export type Message =
  | Request
  | { readonly kind: 'reply'; readonly answer: Answer; readonly waiter: Waiter }
  /** A wallet gives a register the password for what that asked for. */
  | { readonly kind: 'authorisation'; readonly register: Register; readonly terminal: Terminal; readonly order: string; readonly charge: Charge }
  /** A register tells a wallet what became of it; one that waits hears that the wallet has heard it. */
  | { readonly kind: 'word'; readonly terminal: Terminal; readonly accountId: string; readonly key: string; readonly word: RegisterWord; readonly waiter: Waiter | undefined };

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
