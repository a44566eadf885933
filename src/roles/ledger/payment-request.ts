import type { Payee } from '../../domain/account.ts';
import type { CodeOrder } from '../../domain/credit-code.ts';
import type { Amount } from '../../domain/money.ts';
import type { PaymentState } from '../../domain/payment.ts';

/** A payment as a terminal, or a cash register for it, asks for it. */
export interface PaymentRequest {
  readonly key: string;
  /** Left out by `md5`, where the password finds the account. */
  readonly accountId?: string | undefined;
  readonly payeeId: string;
  readonly amount: Amount;
  readonly password: string;
  /** Of the temporary code that the password was made with; goes with `accountId`. */
  readonly codeNumber?: number | undefined;
  readonly memo?: string | undefined;
  /** Holds it for so long instead of paying it. */
  readonly holdMs?: number | undefined;
  /** The cash register that asked for it, and that gives time on a network for it. */
  readonly purchase?: { readonly registerId: string } | undefined;
  /**
   * Has a credit payment code issued, whose whole limit is the amount: it is held, as long as registers may settle. The
   * payee is `codesAccountId` of the currency.
   */
  readonly code?: CodeOrder | undefined;
  /** The request for access to a shared network that it pays: it is held, as long as that takes; the amount is its fee. */
  readonly shareRequestId?: string | undefined;
}

/** What an accepted one came to. */
export interface PaymentReply {
  readonly paymentId: string;
  readonly state: Extract<PaymentState, 'paid' | 'held'>;
  readonly accountId: string;
  readonly payee: Payee;
  readonly amount: Amount;
  readonly at: Date;
  readonly expiresAt: Date | undefined;
  /** What renews the terminal's code: 32 bytes to derive it from, or by `md5` the next code itself; none by a mandate. */
  readonly renewal: { readonly rotation: Uint8Array } | { readonly nextCode: Uint8Array } | undefined;
}
