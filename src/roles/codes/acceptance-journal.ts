import type { CodeReceipt, SettlementOutcome } from '../../domain/credit-code.ts';
import type { Span } from '../../domain/day.ts';
import type { Amount } from '../../domain/money.ts';
import type { TrustedKey, TrustList } from './ports.ts';

/** A code that a register accepted. Nothing in it names the account that pays. */
export interface Acceptance {
  readonly receipt: CodeReceipt;
  /** COSE_Sign1 by the register's receipt key. */
  readonly signedReceipt: Uint8Array;
  /** The code's bytes. */
  readonly code: Uint8Array;
  /** Brought later, the server need not pay it. */
  readonly settleBy: Date;
  readonly memo: string | undefined;
  /** The idempotency key under which it was accepted. */
  readonly key: string | undefined;
}

export interface KeptAcceptance extends Acceptance {
  /** Counts the acceptances of this journal, from 1. */
  readonly number: number;
  readonly settled: { readonly outcome: SettlementOutcome; readonly reason: string | undefined; readonly at: Date } | undefined;
}

/** What this register has itself accepted of a token. */
export interface Taken {
  readonly uses: number;
  /** In minor units. */
  readonly minor: bigint;
  /** Whether a code of this counter is among it. */
  readonly hasCounter: boolean;
}

/** What waits to be settled. */
export interface WaitingToSettle {
  readonly count: number;
  /** Of the one that has to be first; undefined if there is none. */
  readonly settleBy: Date | undefined;
}

/** Codes that were accepted within a time, of one currency and outcome; undefined: not settled yet. */
export interface AcceptanceSum extends Amount {
  readonly outcome: SettlementOutcome | undefined;
  readonly count: number;
}

/** What a register has accepted and what came of it. Errors of all: those of storage. */
export interface AcceptanceJournal {
  taken(tokenId: string, counter: number): Taken;
  /**
   * On the disk when it resolves. False, and nothing is written, if of its token or under its key something else was
   * accepted since `taken` said this: then it has to be decided anew.
   */
  add(acceptance: Acceptance, taken: Taken): Promise<boolean>;
  ofKey(key: string): KeptAcceptance | undefined;
  ofCounter(tokenId: string, counter: number): KeptAcceptance | undefined;
  /** Those without an outcome, the one that has to be settled first first. */
  unsettled(limit: number): KeptAcceptance[];
  /** On the disk when it resolves. An outcome that is known stays: how many were not. */
  settle(outcomes: ReadonlyMap<number, { readonly outcome: SettlementOutcome; readonly reason: string | undefined }>, at: Date): Promise<number>;
  waiting(): WaitingToSettle;
  sums(span: Span): AcceptanceSum[];
}

/** The trust list as a register keeps it. */
export interface KeptTrust {
  readonly issuer: string;
  readonly asOf: Date;
  /** Changes with every list that is kept. */
  readonly revision: number;
}

/** What a register knows of keys and revocations while no server can be asked. Errors of all: those of storage. */
export interface TrustStore {
  /** Undefined before the first list. */
  trust(): KeptTrust | undefined;
  keys(): TrustedKey[];
  isRevoked(tokenId: string): boolean;
  /** Ids of all tokens that are. */
  revoked(): string[];
  /** In the place of the one before; one that was overtaken by it on its way, older by less than 5 minutes, changes nothing. */
  keepTrust(list: TrustList): Promise<void>;
}
