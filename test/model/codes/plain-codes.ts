import { longestShowingMs, revocationSpreadMs, settlementGraceMs, type LossBearer, type SettlementOutcome } from '../../../src/domain/credit-code.ts';

/** Times are milliseconds since 1970, amounts minor units of one currency. */
export interface PlainAccount {
  readonly id: string;
  balance: number;
  held: number;
  credit: number;
  suspendedAt: number | undefined;
}

export interface PlainKey {
  readonly id: string;
  readonly signsFrom: number;
  revokedAt: number | undefined;
}

/** What was issued, and what has come of it. */
export interface PlainCode {
  readonly id: string;
  readonly accountId: string;
  readonly paymentId: string;
  readonly keyId: string;
  readonly maxEach: number;
  readonly maxTotal: number;
  readonly uses: number;
  readonly payees: readonly string[] | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly settleBy: number;
  revokedAt: number | undefined;
  isHeld: boolean;
  settled: number;
  settledUses: number;
  /** What the operator has borne. */
  lost: number;
  /** Of its receipts, those on record as rejected. */
  rejected: number;
}

/** What a rendering is, whoever made it. */
export interface Shown {
  readonly codeId: string;
  /** The server signed the token, byte for byte. */
  readonly isIssued: boolean;
  /** Its holder's key signed the proof. */
  readonly isHolders: boolean;
  readonly counter: number;
  readonly at: number;
  readonly minor: number | undefined;
  readonly payeeId: string | undefined;
}

/** What a receipt says, who signed it, and what it is brought with. */
export interface PlainClaim {
  readonly id: string;
  /** The register whose key signed it; undefined: nobody's. */
  readonly signedBy: string | undefined;
  readonly registerId: string;
  readonly payeeId: string;
  readonly codeId: string;
  readonly counter: number;
  readonly minor: number;
  readonly at: number;
  readonly trustAsOf: number;
  /** Undefined: another code than it was given for. */
  readonly shown: Shown | undefined;
}

export interface PlainReceipt {
  readonly claim: PlainClaim;
  readonly outcome: SettlementOutcome;
  /** Of a duplicate, that which was settled. */
  readonly otherId: string | undefined;
  /** And it was another showing. */
  readonly isSignedTwice: boolean;
  readonly borneBy: LossBearer;
}

export type Wish = Pick<PlainCode, 'maxEach' | 'maxTotal' | 'uses' | 'payees'> & { readonly validMs: number };

const outside = 'out_EUR';
const losses = 'losses_EUR';
const skewMs = 30_000;
const freshMs = 60_000;
const mostRejected = 100;

/** What has to come of credit payment codes, in plain terms: no signature, no storage, one thing after the other. */
export class PlainCodes {
  accounts = new Map<string, PlainAccount>();
  keys: PlainKey[] = [];
  codes = new Map<string, PlainCode>();
  /** Whom each register charges for. */
  registers = new Map<string, string>();
  /** Those on record, by their ids. */
  receipts = new Map<string, PlainReceipt>();
  /** By showing, the receipt that was settled. */
  #paid = new Map<string, string>();
  lossBearer: LossBearer = 'payee';

  copy(): PlainCodes {
    const copy = new PlainCodes();
    copy.accounts = new Map([...this.accounts].map(([id, account]) => [id, { ...account }]));
    copy.keys = this.keys.map((key) => ({ ...key }));
    copy.codes = new Map([...this.codes].map(([id, code]) => [id, { ...code }]));
    copy.registers = new Map(this.registers);
    copy.receipts = new Map(this.receipts);
    copy.#paid = new Map(this.#paid);
    copy.lossBearer = this.lossBearer;
    return copy;
  }

  account(id: string): PlainAccount {
    const account = this.accounts.get(id) ?? { id, balance: 0, held: 0, credit: 0, suspendedAt: undefined };
    this.accounts.set(id, account);
    return account;
  }

  code(id: string): PlainCode {
    return this.codes.get(id)!;
  }

  topUp(id: string, minor: number): void {
    this.#move(outside, id, minor);
  }

  #move(from: string, to: string, minor: number): void {
    this.account(from).balance -= minor;
    this.account(to).balance += minor;
  }

  /** What was reserved longer than agreed is given back, all of it or what a crash left time for. */
  releaseOverdue(now: number, isReleased = (_: PlainCode): boolean => true): void {
    for (const code of this.codes.values()) {
      if (code.isHeld && code.settleBy <= now && isReleased(code)) {
        code.isHeld = false;
        this.account(code.accountId).held -= code.maxTotal - code.settled;
      }
    }
  }

  #isThere(accountId: string, minor: number, now: number): boolean {
    const account = this.account(accountId);
    const isThere = () => account.balance + account.credit - account.held >= minor;
    if (!isThere()) this.releaseOverdue(now);
    return isThere();
  }

  /** Why it is refused; undefined if it is paid. */
  pay(accountId: string, payeeId: string, minor: number, now: number): string | undefined {
    if (!this.#isThere(accountId, minor, now)) return 'insufficient_funds';
    this.#move(accountId, payeeId, minor);
    return undefined;
  }

  /** Why none may be issued; else the limit is reserved. */
  reserve(accountId: string, minor: number, now: number): string | undefined {
    if (this.account(accountId).suspendedAt !== undefined) return 'account_suspended';
    if (!this.#isThere(accountId, minor, now)) return 'insufficient_funds';
    this.account(accountId).held += minor;
    return undefined;
  }

  issued({ id, accountId, paymentId }: Pick<PlainCode, 'id' | 'accountId' | 'paymentId'>, { validMs, ...wish }: Wish, now: number): PlainCode {
    const issuedAt = Math.floor(now / 1000) * 1000;
    const code: PlainCode = {
      ...wish, id, accountId, paymentId, keyId: this.signing(now)!.id, issuedAt, expiresAt: issuedAt + validMs, settleBy: now + validMs + settlementGraceMs,
      revokedAt: undefined, isHeld: true, settled: 0, settledUses: 0, lost: 0, rejected: 0,
    };
    this.codes.set(id, code);
    return code;
  }

  /** The one whose time came last, of those that registers have on each list; or, if none's has, which they have had the longest. */
  signing(now: number): PlainKey | undefined {
    const newestFirst = this.keys.toReversed().toSorted((one, other) => other.signsFrom - one.signsFrom);
    const begun = newestFirst.filter((key, index) => key.revokedAt === undefined && key.signsFrom <= now && this.#wasKept(key, newestFirst.slice(0, index)));
    return begun[0] ?? this.keys.find(({ revokedAt, signsFrom }) => revokedAt === undefined && signsFrom > now);
  }

  /** Registers that listed another in its place had it still when that was revoked. */
  #wasKept({ id, signsFrom }: PlainKey, newer: readonly PlainKey[]): boolean {
    const lastEnd = Math.max(...[...this.codes.values()].filter(({ keyId }) => keyId === id).map(({ expiresAt }) => expiresAt));
    return newer.every((other) => other.revokedAt === undefined || other.revokedAt < other.signsFrom || signsFrom > other.revokedAt || lastEnd + 61_000 >= other.revokedAt);
  }

  revoke(id: string, now: number): void {
    this.code(id).revokedAt ??= now;
  }

  /** One batch of a payee's, in its order, all at once; whoever overspends or signs a counter twice is suspended after it. */
  settle(payeeId: string, claims: readonly PlainClaim[], now: number): SettlementOutcome[] {
    const cheats = new Set<string>();
    const outcomes = claims.map((claim) => {
      const known = this.receipts.get(claim.id);
      if (known?.claim.payeeId === payeeId) return known.outcome;
      const isOwn = claim.signedBy === claim.registerId && claim.payeeId === payeeId && this.registers.get(claim.registerId) === payeeId;
      return isOwn && this.#isIssued(claim) ? this.#enter(claim, cheats, now) : 'rejected';
    });
    for (const accountId of cheats) this.#suspend(accountId, now);
    return outcomes;
  }

  /** What is of no token that was issued is not on record. */
  #isIssued({ shown, codeId }: PlainClaim): boolean {
    return shown !== undefined && shown.isIssued && shown.codeId === codeId && this.codes.has(codeId);
  }

  #enter(claim: PlainClaim, cheats: Set<string>, now: number): SettlementOutcome {
    const { codeId, counter, payeeId, minor } = claim;
    const outcome = this.#outcome(claim, now);
    const name = `${codeId} ${counter}`;
    const code = this.code(codeId);
    const otherId = outcome === 'duplicate' ? this.#paid.get(name) : undefined;
    const isSignedTwice = otherId !== undefined && !isOneShowing(this.receipts.get(otherId)!.claim.shown!, claim.shown!);
    let borneBy: LossBearer = 'payee';
    if (outcome === 'settled') {
      code.settled += minor;
      code.settledUses += 1;
      this.account(code.accountId).held -= minor;
      this.#move(code.accountId, payeeId, minor);
      this.#paid.set(name, claim.id);
    } else if (outcome === 'over_limit') {
      cheats.add(code.accountId);
      if (this.#isCovered(claim, code)) {
        code.lost += minor;
        this.#move(losses, payeeId, minor);
        borneBy = 'operator';
      }
    } else if (isSignedTwice) {
      cheats.add(code.accountId);
    } else if (outcome === 'rejected') {
      if (code.rejected >= mostRejected) return outcome;
      code.rejected += 1;
    }
    this.receipts.set(claim.id, { claim, outcome, otherId, isSignedTwice, borneBy });
    return outcome;
  }

  /** Whether the operator bears it. */
  #isCovered({ codeId, registerId, minor, at }: PlainClaim, code: PlainCode): boolean {
    const taken = [...this.receipts.values()].filter(({ claim, outcome }) => outcome !== 'rejected' && claim.codeId === codeId && claim.registerId === registerId);
    const { suspendedAt } = this.account(code.accountId);
    const lost = [...this.codes.values()].filter(({ accountId }) => accountId === code.accountId).reduce((sum, each) => sum + each.lost, 0);
    const hadToRefuse = taken.length + 1 > code.uses || taken.reduce((sum, { claim }) => sum + claim.minor, minor) > code.maxTotal;
    return this.lossBearer === 'operator' && !hadToRefuse && !(suspendedAt !== undefined && at > suspendedAt) && lost + minor <= code.maxTotal;
  }

  #outcome({ shown, codeId, counter, minor, at, payeeId, trustAsOf }: PlainClaim, now: number): SettlementOutcome {
    const code = this.code(codeId);
    if (!shown!.isHolders || shown!.counter !== counter) return 'rejected';
    const age = at - shown!.at;
    const isThen = at >= code.issuedAt - skewMs && at <= code.expiresAt + skewMs && age >= -skewMs && age <= freshMs;
    const isFor = (code.payees?.includes(payeeId) ?? true) && (shown!.payeeId ?? payeeId) === payeeId;
    if (!isThen || !isFor || (shown!.minor ?? minor) !== minor || minor > code.maxEach) return 'rejected';
    for (const revokedAt of [code.revokedAt, this.keys.find(({ id }) => id === code.keyId)!.revokedAt]) {
      if (revokedAt !== undefined && (trustAsOf >= revokedAt + revocationSpreadMs || at > revokedAt + revocationSpreadMs + settlementGraceMs)) return 'rejected';
    }
    if (!code.isHeld || now > code.settleBy) return 'late';
    if (this.#paid.has(`${codeId} ${counter}`)) return 'duplicate';
    return code.settledUses >= code.uses || code.settled + minor > code.maxTotal ? 'over_limit' : 'settled';
  }

  #suspend(accountId: string, now: number): void {
    const account = this.account(accountId);
    if (account.suspendedAt !== undefined) return;
    account.suspendedAt = now;
    for (const code of this.codes.values()) {
      if (code.accountId === accountId && code.settleBy > now) code.revokedAt ??= now;
    }
  }
}

function isOneShowing(one: Shown, other: Shown): boolean {
  return one.minor === other.minor && one.payeeId === other.payeeId && Math.abs(one.at - other.at) <= longestShowingMs + skewMs;
}
