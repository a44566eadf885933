import type { ErrorCode } from '../../domain/errors.ts';
import type { Charge } from './ports.ts';

/** A charge as the register wrote it down before it was sent: all that is needed to send it again. */
export interface BegunCharge {
  /** Counts the charges of this journal, from 1. */
  readonly number: number;
  /** What was to be paid: the first key of its order. After a refusal the next try has another key. */
  readonly order: string;
  readonly charge: Charge;
  readonly begunAt: Date;
}

export type ChargeEnd =
  | { readonly kind: 'charged'; readonly saleId: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

export interface EndedCharge extends BegunCharge {
  readonly end: ChargeEnd;
}

/** What this register has begun to charge and what came of it. */
export interface ChargeJournal {
  /** While the work is under way, nobody else charges by this journal. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Those whose outcome is not known, in the order in which they were begun. */
  pending(): Promise<readonly BegunCharge[]>;
  /** The charge by which an order was paid. */
  paid(order: string): Promise<EndedCharge | undefined>;
  /** The last charge of a wallet, if it has ended and the wallet was not told. */
  untold(wallet: { readonly accountId: string; readonly terminalId: string }): Promise<EndedCharge | undefined>;
  /** Inside `exclusively`, and on the disk when the promise resolves, as with all below. */
  begin(charge: Omit<BegunCharge, 'number'>): Promise<BegunCharge>;
  end(charge: BegunCharge, end: ChargeEnd): Promise<void>;
  /** Its wallet knows how it ended. */
  told(charge: BegunCharge): Promise<void>;
}
