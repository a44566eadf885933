import { setImmediate } from 'node:timers/promises';
import type { Account } from '../../domain/account.ts';
import { isOneShowing, longestTrustMs, revocationSpreadMs, type CodeReceipt, type LossBearer, type SettlementOutcome } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { lossesAccountId } from '../../domain/posting.ts';
import { recordedActor } from '../../domain/token.ts';
import { receiptIdOf } from '../../protocol/code-receipt.ts';
import { readProof } from '../../protocol/credit-code.ts';
import { ed25519Public } from '../../protocol/ed25519.ts';
import { ownAccount } from '../ledger/accounts.ts';
import type { NewPosting } from '../ledger/store.ts';
import { registerIdOf } from '../register-id.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import { examineReceipt, examineShowing, examineToken, type Objection, type Signatory } from './examination.ts';
import { LossCover } from './loss-cover.ts';
import { settlementBatch, type AcceptedCode, type SettlementReply } from './ports.ts';
import type { CodeProgress, KeptReceipt, SettlingCode } from './store.ts';

export interface SettlementContext extends ServiceContext {
  readonly codeLosses?: LossBearer | undefined;
}

/** So many share a transaction, which holds its payers' and its payee's rows. */
const atOnce = 100;
/**
 * So many rejected ones are kept of a token: whoever saw it once can make any number of them, and they are that whenever
 * they are brought. All others are kept: later they would come to something else, and what an operator bears goes by them.
 */
const mostRejected = 100;
const nothing: CodeProgress = { settled: 0n, uses: 0, lost: 0n, rejected: 0 };
/** After so long of signatures others get their turn. */
const turnMs = 10;

/** A receipt that one of the payee's registers signed, of a token that was issued, and what is wrong with it at any time. */
interface Claim {
  readonly id: string;
  readonly accepted: AcceptedCode;
  readonly receipt: CodeReceipt;
  readonly objection: Objection | undefined;
}

/**
 * Settles what a register accepted, in its order, or another of its payee: one that is enrolled anew brings what it
 * accepted before. Each receipt once, for ever; what none of them signed, and what is of no token that
 * was issued, is rejected and not kept. Errors: `register_not_enrolled`, `receipt_key_missing`, `invalid_input` if they are too many; those of a
 * posting to the payee, with nothing lost: what was settled before is so.
 */
export async function settle(context: SettlementContext, accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
  if (accepted.length > settlementBatch) {
    throw new LatchkeyError('invalid_input', `At most ${settlementBatch} are settled at once.`);
  }
  const signatory = await signatoryOf(context);
  const outcomes = new Map<string, SettlementReply>();
  const ids = accepted.map(({ receipt }) => receiptIdOf(receipt));
  let written: Promise<void> = Promise.resolve();
  for (let from = 0; from < accepted.length; from += atOnce) {
    const part = new Map(ids.slice(from, from + atOnce).map((id, index) => [id, accepted[from + index]!]));
    // While the part before it is written.
    const examined = await whenBothEnd(examine(context, signatory, part), written);
    written = settleExamined(context, signatory, examined).then((replies) => replies.forEach((reply) => outcomes.set(reply.id, reply)));
  }
  await written;
  return ids.map((id) => outcomes.get(id)!);
}

/** Whatever comes of either, so that nothing is written any more once it is known. */
async function whenBothEnd<T>(next: Promise<T>, before: Promise<void>): Promise<T> {
  await Promise.allSettled([next, before]);
  await before;
  return next;
}

/** Errors: `forbidden`, `register_not_enrolled`, `receipt_key_missing`. */
async function signatoryOf({ store, actor }: ServiceContext): Promise<Signatory> {
  const register = await store.registers.find(registerIdOf(actor));
  if (register === undefined && actor.kind === 'local') {
    throw new LatchkeyError('register_not_enrolled');
  }
  if (register?.receiptKey === undefined) {
    throw new LatchkeyError('receipt_key_missing');
  }
  const keys = Map.groupBy(await store.registers.receiptKeysOf(register.payeeId), ({ registerId }) => registerId);
  return { payeeId: register.payeeId, keys: new Map([...keys].map(([id, of]) => [id, of.map(({ publicKey }) => ed25519Public(publicKey))])) };
}

interface Examined {
  /** What was said of those that are known, or say nothing of a token that was issued. */
  readonly replies: readonly SettlementReply[];
  readonly claims: readonly Claim[];
  readonly issued: ReadonlyMap<string, SettlingCode>;
}

async function examine({ store }: SettlementContext, signatory: Signatory, part: ReadonlyMap<string, AcceptedCode>): Promise<Examined> {
  const known = await store.codeReceipts.known(signatory.payeeId, [...part.keys()]);
  const knownIds = new Set(known.map(({ id }) => id));
  const replies: SettlementReply[] = [...known];
  const own: Omit<Claim, 'objection'>[] = [];
  await inTurns([...part].filter(([id]) => !knownIds.has(id)), ([id, accepted]) => {
    const receipt = examineReceipt(signatory, accepted);
    if (typeof receipt === 'string') {
      replies.push({ id, outcome: 'rejected', reason: receipt });
    } else {
      own.push({ id, accepted, receipt });
    }
  });
  const issued = byId(await store.creditCodes.forSettlement([...new Set(own.map(({ receipt }) => receipt.tokenId))]));
  const claims: Claim[] = [];
  await inTurns(own, ({ id, receipt, accepted }) => {
    const code = issued.get(receipt.tokenId);
    const shown = examineToken(receipt, accepted, code);
    if (typeof shown === 'string') {
      replies.push({ id, outcome: 'rejected', reason: shown });
    } else {
      claims.push({ id, receipt, accepted, objection: examineShowing(receipt, shown.signedProof, code!) });
    }
  });
  return { replies, claims, issued };
}

async function inTurns<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let from = performance.now();
  for (const item of items) {
    if (performance.now() - from > turnMs) {
      await setImmediate();
      from = performance.now();
    }
    work(item);
  }
}

async function settleExamined(context: SettlementContext, signatory: Signatory, examined: Examined): Promise<SettlementReply[]> {
  const { replies, claims } = examined;
  return claims.length === 0 ? [...replies] : [...replies, ...(await context.store.transaction((tx) => settleClaims(within(context, tx), context.codeLosses ?? 'payee', signatory, examined)))];
}

/** Inside a transaction that has to itself all accounts which it moves, and with them what is settled of their codes. */
async function settleClaims(
  context: ServiceContext,
  losses: LossBearer,
  { payeeId }: Signatory,
  { claims, issued }: Examined,
): Promise<SettlementReply[]> {
  const { store } = context;
  const receipts = claims.map(({ receipt }) => receipt);
  await store.accounts.lock([payeeId, ...receipts.map(({ tokenId }) => issued.get(tokenId)!.accountId)]);
  const [known, codes, showings, payee] = await Promise.all([
    // Another may have brought the same meanwhile.
    store.codeReceipts.known(payeeId, claims.map(({ id }) => id)),
    store.creditCodes.forSettlement([...new Set(receipts.map(({ tokenId }) => tokenId))]),
    store.codeReceipts.settled(receipts),
    store.accounts.find(payeeId),
  ]);
  const knownIds = new Set(known.map(({ id }) => id));
  const cover = losses === 'operator' ? await LossCover.of(store, codes.filter((code) => mayOverrun(code, receipts))) : undefined;
  const book = new SettlementBook(context, cover, byId(codes), new Map(showings.map((showing) => [nameOf(showing), showing])));
  for (const claim of claims) {
    if (!knownIds.has(claim.id)) {
      book.enter(claim, hindranceOf(payee!, claim.receipt, issued.get(claim.receipt.tokenId)!));
    }
  }
  await book.write();
  return [...known, ...book.replies];
}

function hindranceOf({ id, closedAt, currency }: Account, { amount }: CodeReceipt, issued: SettlingCode): Objection | undefined {
  if (closedAt !== undefined) return 'The payee’s account is closed.';
  if (id === issued.accountId) return 'Payer and payee are the same account.';
  return amount.currency === currency ? undefined : 'The payee’s account is of another currency.';
}

function mayOverrun({ token, settled, settledUses }: SettlingCode, receipts: readonly CodeReceipt[]): boolean {
  const own = receipts.filter(({ tokenId }) => tokenId === token.id);
  return settledUses + own.length > token.uses || own.reduce((sum, { amount }) => sum + amount.minor, settled) > token.maxTotal;
}

function byId(codes: readonly SettlingCode[]): Map<string, SettlingCode> {
  return new Map(codes.map((code) => [code.token.id, code]));
}

function nameOf({ tokenId, counter }: Pick<CodeReceipt, 'tokenId' | 'counter'>): string {
  return `${tokenId} ${counter}`;
}

/** `isCheat`: only a payer who cheats has codes that come to this. */
type Verdict = { readonly outcome: SettlementOutcome; readonly reason: string | undefined; readonly otherId?: string; readonly isCheat?: boolean };
/** A receipt that was settled. */
type Settled = Pick<KeptReceipt, 'id' | 'code'>;

/** What a transaction's receipts come to, one after the other; written all together. */
class SettlementBook {
  readonly #context: ServiceContext;
  /** Undefined where the operator bears nothing. */
  readonly #cover: LossCover | undefined;
  readonly #codes: Map<string, SettlingCode>;
  /** By showing. */
  readonly #settled: Map<string, Settled>;
  readonly #now: Date;
  readonly replies: SettlementReply[] = [];
  readonly #receipts: KeptReceipt[] = [];
  readonly #postings: NewPosting[] = [];
  readonly #progress = new Map<string, CodeProgress>();
  /** By account, the first that showed it. */
  readonly #cheats = new Map<string, KeptReceipt>();

  constructor(context: ServiceContext, cover: LossCover | undefined, codes: Map<string, SettlingCode>, settled: Map<string, Settled>) {
    this.#context = context;
    this.#cover = cover;
    this.#codes = codes;
    this.#settled = settled;
    this.#now = context.clock.now();
  }

  /** `hindrance`: why its payee cannot be paid at all. */
  enter({ id, accepted, receipt, objection }: Claim, hindrance: Objection | undefined): void {
    const { outcome, reason, otherId, isCheat } = this.#judge(receipt, accepted.code, objection ?? hindrance);
    const { tokenId, counter, registerId, payeeId, amount } = receipt;
    if (outcome !== 'rejected') this.#cover?.note(receipt);
    let postingId: string | undefined;
    let borneBy: LossBearer = 'payee';
    if (outcome === 'settled') {
      postingId = this.#pay(receipt);
      this.#settled.set(nameOf(receipt), { id, code: accepted.code });
    } else if (outcome === 'over_limit') {
      postingId = this.#bear(receipt);
      borneBy = postingId === undefined ? 'payee' : 'operator';
    }
    this.replies.push({ id, outcome, reason });
    if (outcome === 'rejected') {
      // It is so whenever it is brought, kept or not.
      if (this.#standing(tokenId).rejected >= mostRejected) return;
      this.#add(tokenId, { rejected: 1 });
    }
    const kept = { id, tokenId, counter, registerId, payeeId, amount, outcome, reason, at: this.#now, signedReceipt: accepted.receipt, code: accepted.code, postingId, otherId, borneBy };
    this.#receipts.push(kept);
    const { accountId } = this.#codes.get(tokenId)!;
    if (isCheat === true && !this.#cheats.has(accountId)) this.#cheats.set(accountId, kept);
  }

  async write(): Promise<void> {
    const { store } = this.#context;
    if (this.#receipts.length === 0) {
      return;
    }
    const paid = [...this.#progress].filter(([, { settled }]) => settled > 0n);
    if (!(await store.payments.captureMore(new Map(paid.map(([id, { settled }]) => [this.#codes.get(id)!.paymentId, settled]))))) {
      throw new LatchkeyError('storage_locked', 'What a code holds was given back meanwhile.');
    }
    await Promise.all([store.creditCodes.progress(this.#progress), store.codeReceipts.insert(this.#receipts)]);
    for (const { kind, debitId, amount } of this.#postings) {
      if (kind === 'loss') await ownAccount(this.#context, { id: debitId, kind: 'losses', currency: amount.currency });
    }
    // Last, the operator's: its row is taken after all others.
    await store.postings.insert(...this.#postings.toSorted((one, other) => Number(one.kind === 'loss') - Number(other.kind === 'loss')));
    for (const [accountId, receipt] of this.#cheats) {
      await suspend(this.#context, accountId, receipt);
    }
  }

  /** In the order of protocol.md section 5. */
  #judge(receipt: CodeReceipt, shown: Uint8Array, objection: Objection | undefined): Verdict {
    if (objection !== undefined) {
      return { outcome: 'rejected', reason: objection };
    }
    const code = this.#codes.get(receipt.tokenId)!;
    const { token, tokenRevokedAt, keyRevokedAt, settleBy, isHeld } = code;
    if (isRevokedFor(receipt, tokenRevokedAt)) return { outcome: 'rejected', reason: 'The token was revoked, as the register knew or had to know.' };
    if (isRevokedFor(receipt, keyRevokedAt)) return { outcome: 'rejected', reason: 'The key that signed it was revoked, as the register knew or had to know.' };
    if (!isHeld || this.#now > settleBy) return { outcome: 'late', reason: `It had to be settled by ${settleBy.toISOString()}.` };
    const other = this.#settled.get(nameOf(receipt));
    if (other !== undefined) return duplicateOf(other, shown);
    const { settled, uses } = this.#standing(token.id);
    if (uses >= token.uses) return { outcome: 'over_limit', reason: token.uses === 1 ? 'Its only use was settled before.' : `All ${token.uses} uses were settled before.`, isCheat: true };
    if (settled + receipt.amount.minor > token.maxTotal) return { outcome: 'over_limit', reason: 'It is more than is left of the token’s limit.', isCheat: true };
    return { outcome: 'settled', reason: undefined };
  }

  #pay({ tokenId, payeeId, amount }: CodeReceipt): string {
    const { accountId, paymentId } = this.#codes.get(tokenId)!;
    this.#add(tokenId, { settled: amount.minor, uses: 1 });
    return this.#post({ kind: 'code', debitId: accountId, creditId: payeeId, amount, paymentId, unheld: amount.minor });
  }

  #bear(receipt: CodeReceipt): string | undefined {
    const { tokenId, payeeId, amount } = receipt;
    if (this.#cover?.bears(receipt, this.#codes.get(tokenId)!) !== true) {
      return undefined;
    }
    this.#add(tokenId, { lost: amount.minor });
    return this.#post({ kind: 'loss', debitId: lossesAccountId(amount.currency), creditId: payeeId, amount, paymentId: undefined, unheld: 0n });
  }

  #post(posting: Pick<NewPosting, 'kind' | 'debitId' | 'creditId' | 'amount' | 'paymentId' | 'unheld'>): string {
    const id = newId(this.#context, 'pst');
    this.#postings.push({ ...posting, id, at: this.#now, actor: recordedActor(this.#context.actor), memo: undefined });
    return id;
  }

  /** What a code has come to, with what is not written yet. */
  #standing(tokenId: string): CodeProgress {
    const { settled, settledUses: uses, lost, rejected } = this.#codes.get(tokenId)!;
    return sumOf({ settled, uses, lost, rejected }, this.#progress.get(tokenId));
  }

  #add(tokenId: string, progress: Partial<CodeProgress>): void {
    this.#progress.set(tokenId, sumOf({ ...nothing, ...progress }, this.#progress.get(tokenId)));
  }
}

function duplicateOf({ id: otherId, code }: Settled, shown: Uint8Array): Verdict {
  const isCheat = !isOneShowing(readProof(code), readProof(shown));
  const reason = isCheat ? 'Another showing with the same counter was settled before: its payer signed it twice.' : 'The same showing was settled before, by another receipt.';
  return { outcome: 'duplicate', reason, otherId, isCheat };
}

function sumOf(one: CodeProgress, other: CodeProgress = nothing): CodeProgress {
  return { settled: one.settled + other.settled, uses: one.uses + other.uses, lost: one.lost + other.lost, rejected: one.rejected + other.rejected };
}

/**
 * A register is bound by what its list says, and trusts none for longer than it may. A list that was written while
 * the revocation was on its way, or by another server's clock, need not have it yet.
 */
function isRevokedFor({ trustAsOf, at }: CodeReceipt, revokedAt: Date | undefined): boolean {
  if (revokedAt === undefined) {
    return false;
  }
  const boundFrom = revokedAt.getTime() + revocationSpreadMs;
  return trustAsOf.getTime() >= boundFrom || at.getTime() > boundFrom + longestTrustMs;
}

/** By rule: whoever overspends a code, or signs a counter twice, is issued no more, and those that are out are revoked. The log says by which receipt. */
async function suspend(context: ServiceContext, accountId: string, { id, tokenId, outcome, at }: KeptReceipt): Promise<void> {
  const { store } = context;
  if (!(await store.accounts.suspend(accountId, at))) {
    return;
  }
  const revoked = await store.creditCodes.revokeAll({ accountId }, at);
  await store.audit.append(
    auditEntry(context, { action: 'account.suspended', detail: { account_id: accountId, code_id: tokenId, receipt_id: id, outcome, codes_revoked: revoked.length } }),
    ...revoked.map((id) => auditEntry(context, { action: 'code.revoked', detail: { code_id: id, account_id: accountId } })),
  );
}
