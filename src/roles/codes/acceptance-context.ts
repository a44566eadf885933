import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { CreditProof, CreditToken } from '../../domain/credit-code.ts';
import type { Amount } from '../../domain/money.ts';
import type { AcceptanceJournal, TrustStore } from './acceptance-journal.ts';

export interface AcceptOrder {
  /** As it was scanned. */
  readonly text: string;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** The same key and order have the same answer. */
  readonly key?: string | undefined;
}

export interface AcceptanceRules {
  /** Above this amount the code has to name amount and payee; undefined: never. */
  readonly bindAbove: Amount | undefined;
  /** A trust list that is older is worth a word, … */
  readonly trustWarnMs: number;
  /** … and one that is older than this is trusted no more. */
  readonly trustMaxMs: number;
}

/** What was about to be accepted, for whoever has a say in it beside the protocol. Errors are refusals. */
export type AcceptanceGuard = (service: { readonly token: CreditToken; readonly proof: CreditProof; readonly amount: Amount; readonly at: Date }) => Promise<void>;

export type EarlierJournal = Pick<AcceptanceJournal, 'taken' | 'ofKey' | 'ofCounter'>;

export interface AcceptanceContext {
  /** `currency`: of the payee’s account. */
  readonly register: { readonly id: string; readonly payeeId: string; readonly currency: string };
  readonly journal: AcceptanceJournal & TrustStore;
  /** Of registers that this machine was before for the same payee: what they have accepted counts, too. */
  readonly earlier?: readonly EarlierJournal[] | undefined;
  readonly receiptKey: KeyObject;
  readonly clock: Clock;
  readonly rules: AcceptanceRules;
  readonly guard?: AcceptanceGuard | undefined;
}
