import { clockSkewMs, longestShowingMs, type CreditCode, type CreditToken, type SecurityContent } from '../../domain/credit-code.ts';
import type { Payee } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, sameCurrency, type Amount } from '../../domain/money.ts';
import type { Settlement } from '../codes/ports.ts';

/** One use of a credit payment code, as it was shown; renewals of its proof are the same one. */
export interface Showing {
  /** From 1; none is ever used again, taken back or not. */
  readonly counter: number;
  readonly at: Date;
  /** Bound by the proof, in minor units; undefined: up to the largest amount of one payment. */
  readonly amount: bigint | undefined;
  readonly payeeId: string | undefined;
  /** Its user said that it was not accepted. */
  readonly takenBackAt: Date | undefined;
  /** What the server says was paid, in minor units; it overrules all else. */
  readonly settled: bigint | undefined;
}

export type NewShowing = Pick<Showing, 'counter' | 'at' | 'amount' | 'payeeId'>;

/** What this wallet has written down of a code. */
export interface CodeHistory {
  /** Whom it may pay, by name, where it is not anybody; to be named while no server can be asked. */
  readonly payees: readonly Payee[];
  /** In the order of their counters. */
  readonly showings: readonly Showing[];
  readonly revokedAt: Date | undefined;
}

/** What of a code's payments the server knows and this wallet did not. */
export interface Correction {
  readonly settled: readonly { readonly counter: number; readonly amount: bigint; readonly at: Date }[];
  readonly revokedAt: Date | undefined;
}

/** What this wallet has shown. Whoever writes keeps others away from the code's journal meanwhile. */
export interface ShowingJournal {
  /** On the disk when the promise resolves; begun already is as good. */
  begin(codeId: string, payees: readonly Payee[]): Promise<void>;
  /** Errors: `invalid_input` if it is damaged, or not there: then nobody knows which counters were used. */
  of(codeId: string): Promise<CodeHistory>;
  /** On the disk when the promise resolves. */
  show(codeId: string, showing: NewShowing): Promise<void>;
  takeBack(codeId: string, counter: number, at: Date): Promise<void>;
  correct(codeId: string, correction: Correction): Promise<void>;
  forget(codeId: string): Promise<void>;
}

/** What can still be shown. */
export interface Room {
  readonly uses: number;
  /** Minor units. */
  readonly amount: bigint;
}

/** What one showing is to be good for. */
export interface WantedShowing {
  /** Exactly this; undefined: up to the largest amount of one payment. */
  readonly amount?: Amount | undefined;
  readonly payeeId?: string | undefined;
}

/**
 * What is left if all that was shown is taken: each showing that was not taken back is a use of what was bound, or of
 * the largest amount. So who keeps to it never overruns, whatever registers settle later.
 */
export function roomOf({ uses, maxTotal, maxEach }: Pick<SecurityContent, 'uses' | 'maxTotal' | 'maxEach'>, { showings }: Pick<CodeHistory, 'showings'>): Room {
  const counted = showings.filter(({ settled, takenBackAt }) => settled !== undefined || takenBackAt === undefined);
  const amount = counted.reduce((rest, showing) => rest - (showing.settled ?? showing.amount ?? maxEach), maxTotal);
  return { uses: Math.max(0, uses - counted.length), amount: amount < 0n ? 0n : amount };
}

/** `history` is the code's own. By the terminal's clock, which the messages name. */
export function codeState(token: SecurityContent, history: CodeHistory, now: Date): 'usable' | 'used_up' | 'expired' | 'revoked' {
  if (history.revokedAt !== undefined) {
    return 'revoked';
  }
  if (now >= token.expiresAt) {
    return 'expired';
  }
  const { uses, amount } = roomOf(token, history);
  return uses === 0 || amount === 0n ? 'used_up' : 'usable';
}

/**
 * The next showing of a code, if there is room for it; it is written down before it is rendered. Errors: `code_over`, `code_not_yet_valid`, `code_used_up`,
 * `code_amount_too_large`, `code_payee_mismatch`, `currency_mismatch`.
 */
export function nextShowing(token: CreditToken, history: CodeHistory, { amount, payeeId }: WantedShowing, now: Date): NewShowing {
  const { currency, maxEach, payees } = token;
  requireValid(token, history, now);
  if (payeeId !== undefined && payees?.includes(payeeId) === false) {
    throw new LatchkeyError('code_payee_mismatch', `This code does not pay ${payeeId}.`);
  }
  if (amount !== undefined) {
    sameCurrency(amount, token);
    if (amount.minor > maxEach) {
      throw new LatchkeyError('code_amount_too_large', `This code pays at most ${amountText({ minor: maxEach, currency })} at once.`);
    }
  }
  requireRoom(token, roomOf(token, history), amount);
  const counter = 1 + Math.max(0, ...history.showings.map((showing) => showing.counter));
  return { counter, at: now, amount: amount?.minor, payeeId };
}

/** Whether a showing has to end by itself, by a clock that may be put meanwhile: proofs that are further apart are not of one. */
export function isShowingOver({ expiresAt }: CreditToken, { at }: Pick<NewShowing, 'at'>, now: Date): boolean {
  const lastedMs = now.getTime() - at.getTime();
  return now >= expiresAt || lastedMs >= longestShowingMs || lastedMs < -clockSkewMs;
}

function requireValid({ issuedAt, expiresAt }: CreditToken, { revokedAt }: CodeHistory, now: Date): void {
  const clock = `this terminal’s clock says ${now.toISOString()}`;
  if (revokedAt !== undefined) {
    throw new LatchkeyError('code_over', `This code was revoked on ${revokedAt.toISOString()}.`);
  }
  if (now >= expiresAt) {
    throw new LatchkeyError('code_over', `This code was valid until ${expiresAt.toISOString()}; ${clock}.`);
  }
  if (now.getTime() < issuedAt.getTime() - clockSkewMs) {
    throw new LatchkeyError('code_not_yet_valid', `This code was issued on ${issuedAt.toISOString()}; ${clock}.`);
  }
}

function requireRoom({ currency, maxEach, uses }: CreditToken, room: Room, amount: Amount | undefined): void {
  const left = amountText({ minor: room.amount, currency });
  if (room.uses === 0) {
    throw new LatchkeyError('code_used_up', uses === 1 ? 'The only use of this code was shown.' : `All ${uses} uses of this code were shown.`);
  }
  if (room.amount >= (amount?.minor ?? maxEach)) {
    return;
  }
  if (room.amount === 0n || amount !== undefined) {
    throw new LatchkeyError('code_used_up', `Of this code ${left} is left.`);
  }
  throw new LatchkeyError('code_used_up', `Of this code ${left} is left, and one payment may take ${amountText({ minor: maxEach, currency })}.`, {
    hint: `Bind a smaller amount: --amount ${left} or less.`,
  });
}

/** What the server says of a code: all that was settled is listed. */
export interface SettledByServer extends Pick<CreditCode, 'revokedAt'> {
  readonly settlements: readonly Settlement[];
}

/** What of the server's settlements this wallet does not know yet. */
export function correctionBy({ settlements, revokedAt }: SettledByServer, history: CodeHistory): Correction {
  const known = new Map(history.showings.map(({ counter, settled }) => [counter, settled]));
  const settled = settlements
    .filter(({ outcome, receipt }) => outcome === 'settled' && known.get(receipt.counter) !== receipt.amount.minor)
    .map(({ receipt: { counter, amount, at } }) => ({ counter, amount: amount.minor, at }));
  return { settled, revokedAt: history.revokedAt === undefined ? revokedAt : undefined };
}

/** The showing that its user takes back. Errors: `code_not_found` if there is none, `showing_paid`. */
export function showingToTakeBack({ showings }: CodeHistory, counter: number, currency: string): Showing {
  const showing = showings.find((each) => each.counter === counter);
  if (showing === undefined) {
    throw new LatchkeyError('code_not_found', `This code has no showing ${counter}.`);
  }
  if (showing.settled !== undefined) {
    throw new LatchkeyError('showing_paid', `It was accepted: ${amountText({ minor: showing.settled, currency })} was paid.`);
  }
  return showing;
}

/** A showing that has begun, and what is left beside it. */
export interface OpenShowing {
  readonly showing: NewShowing;
  readonly room: Room;
}

/** `history`: before it. */
export function openShowing(limits: SecurityContent, { showings }: CodeHistory, showing: NewShowing): OpenShowing {
  return { showing, room: roomOf(limits, { showings: [...showings, { ...showing, takenBackAt: undefined, settled: undefined }] }) };
}

/** Gives a use back that its user says was not accepted; twice is as good. Errors: as `showingToTakeBack`. */
export async function takeBack(journal: ShowingJournal, { id, currency }: CreditToken, counter: number, now: Date): Promise<Showing> {
  const showing = showingToTakeBack(await journal.of(id), counter, currency);
  if (showing.takenBackAt !== undefined) {
    return showing;
  }
  await journal.takeBack(id, counter, now);
  return { ...showing, takenBackAt: now };
}
