import { newAccessKey, type PrivateJwk } from '../../../src/protocol/access-code.ts';
import { newEd25519, type Ed25519KeyPair } from '../../../src/protocol/ed25519.ts';
import { nextCode, transactionPassword } from '../../../src/protocol/transaction-password.ts';
import type { PaymentReply, PaymentRequest } from '../../../src/roles/ledger/payment-request.ts';
import type { ServiceContext } from '../../../src/roles/service-context.ts';
import type { NewBinding, TemporaryCode } from '../../../src/roles/wallet/ports.ts';
import type { Caller } from '../codes/servers.ts';
import type { Course, PlainShare } from './plain-share.ts';

export const identityCode = '2468';

/** Two terminals of one account, and two more; the last has little. */
export const guestKinds = [
  { account: 'A', minor: 9_000 },
  { account: 'A', minor: 0 },
  { account: 'B', minor: 6_000 },
  { account: 'C', minor: 400 },
] as const;
/** The first account's are enforced by an agent, and not; the other's are not. */
export const networkKinds = [
  { sharer: 0, isEnforced: true },
  { sharer: 0, isEnforced: false },
  { sharer: 1, isEnforced: false },
  // On which something is free, and that is bought seldom.
  { sharer: 1, isEnforced: false },
] as const;
/** By the accounts that they are bound to. */
export const sharerKinds = ['X', 'Y', 'X'] as const;

/** One thing that somebody asks of the server, the same however often it is sent. */
export interface ShareCall {
  readonly name: string;
  readonly by: Caller;
  work(context: ServiceContext): Promise<unknown>;
  /** `order`: one of `orders`. */
  rules(plain: PlainShare, now: number, order: number): Course;
  /** In how many orders it may be done; in one if it is left out. */
  orders?(plain: PlainShare, now: number): number;
  /** It is one transaction, of which nothing is left when it is refused. */
  readonly isWhole?: boolean;
  /** What its sender makes of the answer. */
  told?(value: unknown): Promise<void> | void;
}

/** A terminal, as its process finds itself when it starts again: what it has written down, and what it has no answer to. */
export class ShareParty {
  readonly caller: Caller;
  readonly account: string;
  readonly meter: Ed25519KeyPair;
  readonly accessKey: PrivateJwk = newAccessKey();
  /** What was sent and not answered; the same is sent once more. */
  readonly unanswered: ShareCall[] = [];
  #accountId = '';
  #code: TemporaryCode = { number: 0, code: new Uint8Array() };

  constructor(id: string, account: string, seed: Uint8Array) {
    this.caller = { role: 'terminal', id };
    this.account = account;
    this.meter = newEd25519(seed);
  }

  keep({ accountId, temporaryCode }: NewBinding): void {
    this.#accountId = accountId;
    this.#code = temporaryCode;
  }

  get codeNumber(): number {
    return this.#code.number;
  }

  payment({ key, payeeId, minor, shareRequestId }: { readonly key: string; readonly payeeId: string; readonly minor: number; readonly shareRequestId: string }): PaymentRequest {
    const accountId = this.#accountId;
    const amount = { minor: BigInt(minor), currency: 'EUR' };
    const password = transactionPassword('hmac-sha256', this.#code.code, identityCode, { accountId, amount, payeeId, idempotencyKey: key });
    return { key, accountId, payeeId, amount, password, codeNumber: this.#code.number, shareRequestId };
  }

  /** The next code, by the answer to a payment made with this one; a later copy of the answer brings nothing. */
  renew(codeNumber: number, { renewal }: PaymentReply): void {
    if (codeNumber !== this.#code.number) return;
    if (renewal === undefined || !('rotation' in renewal)) throw new Error('a payment does not renew its code');
    this.#code = { number: codeNumber + 1, code: nextCode(this.#code.code, renewal.rotation, this.#accountId) };
  }
}
