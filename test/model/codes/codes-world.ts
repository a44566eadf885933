import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mostReceiptKeys, type SettlementOutcome } from '../../../src/domain/credit-code.ts';
import { LatchkeyError, type ErrorCode } from '../../../src/domain/errors.ts';
import { receiptIdOf, signReceipt } from '../../../src/protocol/code-receipt.ts';
import { codeText, joinCode, parseCodeText, signProof, signToken } from '../../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../../src/protocol/ed25519.ts';
import type { AcceptOrder } from '../../../src/roles/codes/acceptance-context.ts';
import type { AcceptedCode, SettlementReply, TrustList } from '../../../src/roles/codes/ports.ts';
import { CodesService } from '../../../src/roles/codes/service.ts';
import { settleAccepted } from '../../../src/roles/codes/settle-accepted.ts';
import { releaseOverdue } from '../../../src/roles/ledger/holds.ts';
import type { PaymentRequest } from '../../../src/roles/ledger/payment-request.ts';
import { LedgerService } from '../../../src/roles/ledger/service.ts';
import { PosService } from '../../../src/roles/pos/service.ts';
import type { ServiceContext } from '../../../src/roles/service-context.ts';
import type { OwnCode } from '../../../src/roles/wallet/own-codes.ts';
import { isShowingOver } from '../../../src/roles/wallet/showing.ts';
import type { VerificationMessage, WalletRole } from '../../../src/roles/wallet/ports.ts';
import { WalletService } from '../../../src/roles/wallet/service.ts';
import { sendVerification } from '../../../src/roles/wallet/verification.ts';
import { Clockwork } from '../clockwork.ts';
import type { Side } from '../crash-points.ts';
import type { Disks } from '../disk.ts';
import { CodeWallet, ProgramEnd, rendered, type OnScreen } from './code-wallet.ts';
import type { CodesCoverage } from './codes-coverage.ts';
import { PlainCodes, type PlainClaim, type Shown, type Wish } from './plain-codes.ts';
import { Servers, type Answered, type Caller, type CallFault } from './servers.ts';
import { Till } from './till.ts';

/** Who is careful takes back only what nobody has; who believes registers takes back what one of them has, too; the third keeps copies. */
export const payerKinds = ['careful', 'credulous', 'cheat'] as const;
/** Two registers of one shop, one of another, and one that lies. */
export const tillKinds = [
  { payee: 0, isHonest: true, bindAbove: undefined },
  { payee: 0, isHonest: true, bindAbove: 250 },
  { payee: 1, isHonest: true, bindAbove: undefined },
  { payee: 2, isHonest: false, bindAbove: undefined },
] as const;
export const liar = 3;
const shopCount = 3;
const admin: Caller = { role: 'admin', id: 'tok_admin' };
const identityCode = '2468';
const apId = 'ap_shop';
const euros = (minor: number) => ({ minor: BigInt(minor), currency: 'EUR' });

/** What a wallet has written down of one showing, in plain terms. */
interface PlainShowing {
  readonly counter: number;
  readonly minor: number | undefined;
  isTakenBack: boolean;
  settled: number | undefined;
}

interface PlainHistory {
  readonly showings: Map<number, PlainShowing>;
  isRevoked: boolean;
}

interface Payer {
  readonly kind: (typeof payerKinds)[number];
  readonly accountId: string;
  readonly terminal: Caller;
  readonly wallet: CodeWallet;
  /** What it should have in its journal; undefined for who plays with copies. */
  readonly histories: Map<string, PlainHistory> | undefined;
  /** An older state of its phone, or another phone with the same in it. */
  copy: CodeWallet | undefined;
}

export interface Rendering {
  readonly text: string;
  readonly shown: Shown;
  /** Nobody saw it but who took it back. */
  isGone: boolean;
}

interface TillEntry {
  readonly claimId: string;
  readonly order: AcceptOrder;
  readonly codeId: string;
  readonly counter: number;
  readonly minor: number;
}

interface TillSide {
  readonly till: Till;
  readonly caller: Caller;
  /** When the list that it has was written. */
  trustAsOf: number | undefined;
  trusted: ReadonlySet<string>;
  readonly entries: TillEntry[];
}

export interface Forgery {
  readonly back: number;
  readonly minor: number;
  readonly counterShift: number;
  readonly atShiftMs: number;
  readonly trustShiftMs: number;
  /** For whom, and in whose name; itself if left out. */
  readonly payee: number | undefined;
  readonly register: number | undefined;
  readonly isSigned: boolean;
  /** Brought with another code than it is given for. */
  readonly otherBack: number | undefined;
}

export interface WantedCode {
  readonly maxEach: number;
  readonly maxTotal: number;
  readonly uses: number;
  readonly validMs: number;
  readonly payees: readonly number[] | undefined;
}

/** Payers, cash registers, and two servers on a database, held against what has to come of it. */
export class CodesWorld {
  readonly servers: Servers;
  readonly clockwork: Clockwork;
  readonly coverage: CodesCoverage;
  readonly payers: Payer[] = [];
  readonly tills: TillSide[] = [];
  /** How often each register had another receipt key. */
  readonly #rekeyed: number[] = [];
  readonly renderings: Rendering[] = [];
  readonly lists: TrustList[] = [];
  readonly #folder: string;
  readonly #shops: string[] = [];
  #plain = new PlainCodes();
  /** What a payment came to, by account and key: a refusal, or undefined. */
  readonly #judged = new Map<string, string | undefined>();
  /** By receipt and the code that it is brought with. */
  readonly #claims = new Map<string, { readonly claim: PlainClaim; readonly accepted: AcceptedCode }>();
  #fault: { fault: CallFault; skip: number } | undefined;
  #names = 0;
  steps = 0;

  private constructor(servers: Servers, clockwork: Clockwork, coverage: CodesCoverage) {
    this.servers = servers;
    this.clockwork = clockwork;
    this.coverage = coverage;
    this.#folder = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'latchkey-codes-'));
  }

  static async create(disks: Disks, coverage: CodesCoverage): Promise<CodesWorld> {
    const clockwork = new Clockwork();
    const world = new CodesWorld(await Servers.start(await disks.create(), clockwork, coverage.server), clockwork, coverage);
    await world.#open();
    return world;
  }

  async #open(): Promise<void> {
    const context = this.servers.context(admin);
    const ledger = new LedgerService(context);
    await context.store.accessPoints.insert({ id: apId, name: 'shop', createdAt: this.clockwork.now() });
    for (let shop = 0; shop < shopCount; shop += 1) this.#shops.push((await ledger.open({ name: `Shop ${shop}`, currency: 'EUR' })).id);
    for (const [index, kind] of payerKinds.entries()) {
      const { id: accountId } = await ledger.open({ name: `Payer ${index}`, currency: 'EUR', contact: `${index}@example.org` });
      await ledger.topUp(accountId, euros(8_000));
      this.#plain.topUp(accountId, 8_000);
      await this.#openPayer(index, kind, accountId);
    }
    for (const [index, { payee, isHonest, bindAbove }] of tillKinds.entries()) {
      const payeeId = this.#shops[payee]!;
      const scope = { accounts: [payeeId], aps: [apId] };
      const path = join(this.#folder, `till-${index}.db`);
      const till = new Till({ id: `tok_till${index}`, payeeId, scope, path, clock: this.clockwork, bindAbove: bindAbove === undefined ? undefined : euros(bindAbove), isHonest }, this.clockwork.bytes(32));
      await till.boot();
      const side: TillSide = { till, caller: { role: 'pos', id: till.context.id, scope }, trustAsOf: undefined, trusted: new Set(), entries: [] };
      this.tills.push(side);
      this.#plain.registers.set(till.context.id, payeeId);
      await new PosService(this.servers.context(side.caller)).describe({ receiptKey: till.key.publicKey });
    }
    await this.look();
  }

  async #openPayer(index: number, kind: Payer['kind'], accountId: string): Promise<void> {
    const terminal: Caller = { role: 'terminal', id: `tok_terminal${index}` };
    const unused = () => { throw new Error('a payer does not ask for that'); };
    const role: WalletRole = {
      pay: (request) => this.#pay(terminal, request),
      cancel: unused, requestVerification: unused, bind: unused, bindings: unused, terminated: unused,
      payee: (reference) => this.#ask(terminal, (context) => new WalletService(context).payee(reference)),
    };
    const codes: CodeWallet['context']['codes'] = {
      issued: (account, key) => this.#ask(terminal, (context) => new CodesService(context).issued(account, key)),
      code: (id) => this.#ask(terminal, (context) => new CodesService(context).code(id)),
    };
    const wallet = new CodeWallet({ accountId, folder: join(this.#folder, `wallet-${index}`), clock: this.clockwork, random: this.clockwork, wallet: role, codes });
    this.payers.push({ kind, accountId, terminal, wallet, histories: kind === 'cheat' ? undefined : new Map(), copy: undefined });
    const context = this.servers.context(terminal);
    const mail: VerificationMessage[] = [];
    const sender = { send: async (message: VerificationMessage) => { mail.push(message); } };
    const service = new WalletService({ ...context, sendCode: (verification) => sendVerification({ ...context, sender }, verification) });
    const { verificationId } = await service.requestVerification({ key: `verification-${index}`, account: accountId, name: `Payer ${index}` });
    await wallet.payer.keep(await service.bind({ verificationId, verificationCode: mail[0]!.code, identityCode }));
  }

  async remove(): Promise<void> {
    for (const { till } of this.tills) till.journal.close();
    await this.servers.remove();
    rmSync(this.#folder, { recursive: true });
  }

  pass(ms: number): void {
    this.clockwork.pass(ms);
  }

  /** To just before, at or after a moment of one of the last codes. */
  passTo(back: number, which: 'expiresAt' | 'settleBy', ms: number): void {
    const codes = [...this.#plain.codes.values()];
    const code = codes.at(-1 - (back % Math.max(1, codes.length)));
    if (code !== undefined) this.pass(Math.max(0, code[which] + ms - this.clockwork.at));
  }

  /** Clocks are set, and lists are fetched. */
  async begin(): Promise<void> {
    for (const { wallet } of this.payers) wallet.offMs = 0;
    for (const [index, { till }] of this.tills.entries()) {
      till.offMs = 0;
      await this.sync(index, undefined);
    }
  }

  setClock(party: number, offMs: number): void {
    const all = [...this.payers.map(({ wallet }) => wallet), ...this.tills.map(({ till }) => till)];
    all[party % all.length]!.offMs = offMs;
  }

  faultNext(fault: CallFault, skip: number): void {
    this.#fault = { fault, skip };
  }

  // Calls.

  #takeFault(mayCrash: boolean): CallFault | undefined {
    if (this.#fault === undefined || (this.#fault.fault.kind === 'crash' && !mayCrash)) return undefined;
    if (this.#fault.skip > 0) {
      this.#fault.skip -= 1;
      return undefined;
    }
    const { fault } = this.#fault;
    this.#fault = undefined;
    this.coverage.count(`a call: ${fault.kind}`);
    return fault;
  }

  /** What changes nothing. */
  async #ask<T>(caller: Caller, work: (context: ServiceContext) => Promise<T>): Promise<T> {
    const fault = this.#takeFault(false);
    const answered = fault === undefined ? await this.servers.run(caller, undefined, work) : undefined;
    return given(fault, answered);
  }

  async #pay(terminal: Caller, request: PaymentRequest): Promise<Awaited<ReturnType<WalletRole['pay']>>> {
    const fault = this.#takeFault(true);
    if (fault?.kind === 'request lost') throw new LatchkeyError('remote_unreachable');
    const answered = await this.servers.run(terminal, fault?.kind === 'crash' ? fault.at : undefined, (context) => new WalletService(context).pay(request));
    const { accountId, key } = request;
    const name = `${accountId} ${key}`;
    const isKnown = this.#judged.has(name);
    if (answered === undefined) {
      const { payments } = await this.servers.observe();
      const isThere = payments.some((row) => row['account_id'] === accountId && row['key'] === key);
      // What is overdue may have been given back before it crashed, one by one.
      const isReleased = new Map(payments.map((row) => [row['id'], row['state'] !== 'held']));
      if (!isKnown) this.#plain.releaseOverdue(this.clockwork.at, ({ paymentId }) => isReleased.get(paymentId)!);
      if (!isKnown && isThere) await this.#judge(request, name);
    } else {
      if (!isKnown) await this.#judge(request, name);
      const actual = 'error' in answered ? answered.error.code : undefined;
      if (actual !== this.#judged.get(name)) throw new Error(`${request.code === undefined ? 'a payment' : 'a code'} came to ${actual} instead of ${this.#judged.get(name)}`);
      this.coverage.count(`${request.code === undefined ? 'pay' : 'issue'}: ${actual ?? 'done'}`);
    }
    await this.look();
    return given(fault, answered);
  }

  /** By what is on record of it now. */
  async #judge({ accountId, key, payeeId, amount: { minor }, code: order }: PaymentRequest, name: string): Promise<void> {
    const { at } = this.clockwork;
    const amount = Number(minor);
    const refusal = order === undefined ? this.#plain.pay(accountId!, payeeId, amount, at) : this.#plain.reserve(accountId!, amount, at);
    this.#judged.set(name, refusal);
    if (order === undefined || refusal !== undefined) return;
    const context = this.servers.context(admin);
    const found = await context.store.creditCodes.findByPayment(accountId!, key);
    if (found === undefined) throw new Error('a payment holds for a code that is not there');
    if (this.#plain.keys.length === 0) this.#plain.keys.push({ id: found.keyId, signsFrom: at, revokedAt: undefined });
    const wish: Wish = { maxEach: Number(order.maxEach), maxTotal: amount, uses: order.uses, payees: order.payees, validMs: order.validMs };
    const { keyId, issuedAt, expiresAt, settleBy } = this.#plain.issued({ id: found.token.id, accountId: accountId!, paymentId: found.paymentId }, wish, at);
    same('what was issued', [found.keyId, +found.token.issuedAt, +found.token.expiresAt, +found.settleBy], [keyId, issuedAt, expiresAt, settleBy]);
  }

  /** What an admin does, without a fault. */
  async #administer<T>(work: (context: ServiceContext) => Promise<T>, caller = admin): Promise<T> {
    const answered = await this.servers.run(caller, undefined, work);
    return given(undefined, answered);
  }

  async #differences(): Promise<string[]> {
    const { accounts } = await this.servers.observe();
    const rows = new Map(accounts.map((row) => [String(row['id']), row]));
    const problems: string[] = [];
    for (const { id, balance, held, credit, suspendedAt } of this.#plain.accounts.values()) {
      const row = rows.get(id);
      const actual = [Number(row?.['balance'] ?? 0), Number(row?.['held'] ?? 0), Number(row?.['credit'] ?? 0), (row?.['suspended_at'] ?? null) !== null];
      const expected = [balance, held, credit, suspendedAt !== undefined];
      if (actual.join() !== expected.join()) problems.push(`${id}: balance, held, credit, suspended are ${actual.join()} instead of ${expected.join()}`);
    }
    return problems;
  }

  /** The database as it is now, against what has to be there, and what holds whatever happens. */
  async look(): Promise<void> {
    const problems = await this.#differences();
    const { accounts } = await this.servers.observe();
    const sum = accounts.reduce((total, row) => total + Number(row['balance']), 0);
    if (sum !== 0) problems.push(`all accounts together have ${sum}`);
    for (const { kind, accountId } of this.payers) {
      const isSuspended = (accounts.find(({ id }) => id === accountId)!['suspended_at'] ?? null) !== null;
      if (kind === 'cheat' || !isSuspended) continue;
      if (this.#hasErred(accountId)) this.coverage.count('who took back what was taken is suspended');
      else problems.push('an honest payer is suspended');
    }
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Whether it has ever taken back what was taken. */
  #hasErred(accountId: string): boolean {
    const { histories } = this.payers.find((payer) => payer.accountId === accountId)!;
    return [...this.#plain.receipts.values()].some(({ claim: { codeId, counter }, outcome }) =>
      outcome !== 'rejected' && histories?.get(codeId)?.showings.get(counter)?.isTakenBack === true);
  }

  // Payers.

  /** One of a payer's codes, the newest first, that is not over yet; further back, one that may be. */
  async #codes(payer: number, back: number): Promise<{ readonly holder: Payer; readonly code: OwnCode | undefined }> {
    const holder = this.payers[payer]!;
    const all = await holder.wallet.codes();
    const fresh = all.filter(({ token }) => token.expiresAt > holder.wallet.clock.now());
    const codes = back < 3 && fresh.length > 0 ? fresh : all;
    return { holder, code: codes[back % Math.max(1, codes.length)] };
  }

  /** As the command does: what is open first. */
  async issue(payer: number, { payees, ...wanted }: WantedCode): Promise<void> {
    const { wallet, accountId } = this.payers[payer]!;
    const wish = {
      accountId, limit: euros(wanted.maxTotal), maxEach: BigInt(wanted.maxEach), uses: wanted.uses, validMs: wanted.validMs,
      payees: payees === undefined ? undefined : [...new Set(payees.map((shop) => this.#shops[shop]!))],
    };
    await this.#tried(async () => {
      await wallet.payer.settle(accountId);
      await wallet.own.finish(accountId);
      await wallet.own.issue(wish, undefined, async () => identityCode);
    });
  }

  /** With another code, if there is none that is good for anything. */
  async ready(payer: number, wanted: WantedCode): Promise<void> {
    const { wallet } = this.payers[payer]!;
    const { code } = await this.#codes(payer, 0);
    const plain = code === undefined ? undefined : this.#plain.code(code.token.id);
    if (plain === undefined || plain.revokedAt !== undefined || plain.expiresAt <= wallet.clock.now().getTime() || plain.settledUses >= plain.uses) await this.issue(payer, wanted);
  }

  /** A register that lies says that it did not take the only use, and its payer believes it and pays elsewhere. */
  async believe(till: number, minor: number, asks: boolean): Promise<void> {
    const credulous = payerKinds.indexOf('credulous');
    await this.issue(credulous, { maxEach: 500, maxTotal: 500, uses: 1, validMs: 86_400_000, payees: undefined });
    for (const at of [liar, till]) {
      const there = await this.show(credulous, 0, undefined, undefined, undefined);
      if (there !== undefined) await this.accept(at, there, minor, undefined);
      await this.takeBack(credulous);
      // Who asks the server before paying elsewhere may hear better.
      if (asks) {
        await this.settle(at, 500, undefined);
        await this.correct(credulous, 0);
      }
    }
    for (const at of [liar, till]) await this.settle(at, 500, undefined);
  }

  async pay(payer: number, shop: number, minor: number): Promise<void> {
    const { wallet, accountId } = this.payers[payer]!;
    await this.#tried(async () => {
      await wallet.payer.settle(accountId);
      await wallet.payer.pay({ accountId, payee: { id: this.#shops[shop]!, name: 'Shop', currency: 'EUR' }, amount: euros(minor) }, identityCode);
    });
  }

  /** What goes on whatever is refused, lost or ends in between. */
  async #tried(work: () => Promise<unknown>): Promise<ErrorCode | 'ended' | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (error instanceof LatchkeyError) return error.code;
      if (error instanceof ProgramEnd) return 'ended';
      throw error;
    }
  }

  #history(holder: Payer, codeId: string): PlainHistory | undefined {
    if (holder.histories !== undefined && !holder.histories.has(codeId)) holder.histories.set(codeId, { showings: new Map(), isRevoked: false });
    return holder.histories?.get(codeId);
  }

  async show(payer: number, back: number, minor: number | undefined, shop: number | undefined, fault: Side | undefined): Promise<Rendering | undefined> {
    const { holder, code } = await this.#codes(payer, back);
    if (code === undefined) return undefined;
    const { wallet } = holder;
    const payeeId = shop === undefined ? undefined : this.#shops[shop]!;
    const history = this.#history(holder, code.token.id);
    const expected = history && this.#maySee(code, history, minor, payeeId, wallet.clock.now().getTime());
    wallet.fault = fault;
    const problem = await this.#tried(() => wallet.show(code, { amount: minor === undefined ? undefined : euros(minor), payeeId }));
    wallet.fault = undefined;
    if (history !== undefined) {
      const actual = problem === undefined || problem === 'ended';
      if (actual !== expected) throw new Error(`a wallet ${actual ? 'shows' : `does not show (${problem})`} what it ${expected ? 'has' : 'has not'}`);
      const counter = wallet.screen?.showing.counter ?? 1 + Math.max(0, ...history.showings.keys());
      if (problem === undefined || (problem === 'ended' && fault === 'after')) {
        if (history.showings.has(counter)) throw new Error(`a wallet shows ${counter} again`);
        history.showings.set(counter, { counter, minor, isTakenBack: false, settled: undefined });
      }
    }
    this.coverage.count(`show: ${problem ?? 'done'}`);
    return wallet.screen && this.render(payer);
  }

  #maySee({ token: { id, payees } }: OwnCode, { showings, isRevoked }: PlainHistory, minor: number | undefined, payeeId: string | undefined, now: number): boolean {
    const { maxEach, maxTotal, uses, issuedAt, expiresAt } = this.#plain.code(id);
    const counted = [...showings.values()].filter(({ isTakenBack, settled }) => !isTakenBack || settled !== undefined);
    const left = counted.reduce((rest, showing) => rest - (showing.settled ?? showing.minor ?? maxEach), maxTotal);
    return !isRevoked && now < expiresAt && now >= issuedAt - 30_000 && (payeeId === undefined || payees?.includes(payeeId) !== false)
      && (minor ?? 0) <= maxEach && counted.length < uses && left >= (minor ?? maxEach);
  }

  /** What is on the screen, anew. */
  /** What is on the screen; of a showing that has to end by itself, nothing, but at a cheat's. */
  render(payer: number): Rendering | undefined {
    const { wallet, kind } = this.payers[payer]!;
    const now = wallet.clock.now();
    if (wallet.screen !== undefined && kind !== 'cheat' && isShowingOver(wallet.screen.code.token, wallet.screen.showing, now)) {
      wallet.screen = undefined;
      this.coverage.count('a showing ends by itself');
    }
    return wallet.screen && this.#rendered(wallet.screen, now);
  }

  #rendered(screen: OnScreen, now: Date, forgedBy?: Uint8Array): Rendering {
    const at = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const { code: { token }, showing: { counter, amount, payeeId } } = screen;
    const shown: Shown = { codeId: token.id, isIssued: true, isHolders: forgedBy === undefined, counter, at: +at, minor: amount === undefined ? undefined : Number(amount), payeeId };
    return this.#seen(rendered(screen, at, forgedBy), shown);
  }

  #seen(text: string, shown: Shown): Rendering {
    const known = this.renderings.find((each) => each.text === text);
    if (known !== undefined) return known;
    const rendering = { text, shown, isGone: false };
    this.renderings.push(rendering);
    return rendering;
  }

  /** Somebody without the keys makes one of what he has seen. */
  forge(back: number, kind: 'proof' | 'token' | 'wider token'): Rendering | undefined {
    const { code, showing } = this.payers.map(({ wallet }) => wallet.screen).filter((screen) => screen !== undefined).at(back % 3) ?? {};
    if (code === undefined || showing === undefined) return undefined;
    const seed = this.clockwork.bytes(32);
    const now = this.clockwork.now();
    if (kind === 'proof') return this.#rendered({ code, showing: { ...showing, counter: showing.counter + 1 } }, now, seed);
    // Its holder would like more uses, or somebody else would like to be the holder.
    const { privateKey, publicKey } = newEd25519(kind === 'wider token' ? code.seed : seed);
    const signed = signToken({ ...code.token, holderKey: publicKey, uses: code.token.uses + 5 }, newEd25519(seed));
    const at = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const proof = signProof({ counter: showing.counter, at, amount: undefined, payeeId: undefined }, signed, privateKey);
    return this.#seen(codeText(joinCode(signed, proof)), { codeId: code.token.id, isIssued: false, isHolders: true, counter: showing.counter, at: +at, minor: undefined, payeeId: undefined });
  }

  /** What was shown last, if its user has reason to: the careful one knows that nobody has it. */
  async takeBack(payer: number): Promise<void> {
    const holder = this.payers[payer]!;
    const { screen } = holder.wallet;
    if (screen === undefined) return;
    const { code: { token }, showing: { counter } } = screen;
    const isIt = (one: { codeId: string; counter: number }) => one.codeId === token.id && one.counter === counter;
    if (holder.kind !== 'cheat' && this.tills.some(({ till, entries }) => till.context.isHonest && entries.some(isIt))) return;
    if (holder.kind === 'careful') {
      if ([...this.#claims.values()].some(({ claim }) => isIt(claim))) return;
      this.renderings.filter(({ shown }) => isIt(shown)).forEach((each) => { each.isGone = true; });
    }
    holder.wallet.screen = undefined;
    const problem = await this.#tried(() => holder.wallet.takeBack(token, counter));
    const showing = this.#history(holder, token.id)?.showings.get(counter);
    if (showing !== undefined) {
      if ((problem === undefined) !== (showing.settled === undefined)) throw new Error(`taking back came to ${problem}`);
      if (problem === undefined) showing.isTakenBack = true;
    }
    this.coverage.count(`take back: ${problem ?? 'done'}`);
  }

  async correct(payer: number, back: number): Promise<void> {
    const { holder, code } = await this.#codes(payer, back);
    if (code === undefined) return;
    const problem = await this.#tried(() => holder.wallet.own.correct(code));
    const history = this.#history(holder, code.token.id);
    if (problem !== undefined || history === undefined) return;
    for (const { claim: { codeId, counter, minor }, outcome } of this.#plain.receipts.values()) {
      if (codeId !== code.token.id || outcome !== 'settled') continue;
      const known = history.showings.get(counter);
      history.showings.set(counter, { counter, minor: known?.minor, isTakenBack: known?.isTakenBack ?? false, settled: known?.settled ?? minor });
    }
    const plain = this.#plain.code(codeIdOf(code));
    history.isRevoked ||= plain.revokedAt !== undefined || this.#plain.keys.find(({ id }) => id === plain.keyId)!.revokedAt !== undefined;
    this.coverage.count('correct: done');
  }

  /** The cheat copies his phone, goes on with the other, or goes back to what it was. */
  copy(what: 'keep' | 'swap' | 'go back'): void {
    const holder = this.payers.find(({ kind }) => kind === 'cheat')!;
    if (what === 'keep' || holder.copy === undefined) {
      holder.copy = holder.wallet.copyTo(`copy-${(this.#names += 1)}`);
    } else if (what === 'go back') {
      holder.wallet.becomeLike(holder.copy);
    } else {
      const other = holder.copy.copyTo(`copy-${(this.#names += 1)}`);
      holder.copy.becomeLike(holder.wallet);
      holder.wallet.becomeLike(other);
    }
    this.coverage.count(`copied wallet: ${what}`);
  }

  /** What he has already shown he shows once more, as his copy does not know of it; `isNamed`: each time for another amount. */
  async showTwice(minor: number, times: number, tills: readonly number[], isNamed: boolean): Promise<void> {
    const cheat = payerKinds.indexOf('cheat');
    this.copy('keep');
    for (const [copy, till] of tills.entries()) {
      for (let time = 0; time < times; time += 1) {
        const amount = minor + copy;
        const there = await this.show(cheat, 0, isNamed ? amount : undefined, undefined, undefined);
        if (there !== undefined) await this.accept(till, there, amount, undefined);
      }
      this.copy('go back');
    }
  }

  /** A register whose clock may be behind, with the newest list, is shown a code when it has just ended; revoked before, perhaps. */
  async spendAtTheEnd(back: number, ms: number, till: number, offMs: number, isRevoked: boolean): Promise<void> {
    const cheat = payerKinds.indexOf('cheat');
    const { code } = await this.#codes(cheat, back);
    if (code === undefined) return;
    if (isRevoked) await this.revokeCode(cheat, back);
    this.pass(Math.max(0, code.token.expiresAt.getTime() + ms - this.clockwork.at));
    const side = this.tills[till]!;
    side.till.offMs = offMs;
    await this.sync(till, undefined);
    const counter = 1 + ((this.#names += 1) % 12);
    const at = side.till.clock.now();
    const there = this.#rendered({ code, showing: { counter, at, amount: undefined, payeeId: undefined } }, at);
    await this.accept(till, there, 1, undefined);
    await this.settle(till, 500, undefined);
    side.till.offMs = 0;
  }

  /** With a wallet of his own making, that counts what it likes. */
  async overspend(back: number, minor: number, times: number, tills: readonly number[]): Promise<void> {
    const { holder: { wallet }, code } = await this.#codes(payerKinds.indexOf('cheat'), back);
    if (code === undefined) return;
    for (const till of tills) {
      for (let time = 0; time < times; time += 1) {
        const counter = 1 + ((this.#names += 1) % 12);
        const screen: OnScreen = { code, showing: { counter, at: wallet.clock.now(), amount: undefined, payeeId: undefined } };
        await this.accept(till, this.#rendered(screen, wallet.clock.now()), Math.min(minor, Number(code.token.maxEach)), undefined);
      }
    }
    for (const till of tills) await this.settle(till, 500, undefined);
  }

  async revokeCode(payer: number, back: number): Promise<void> {
    const { holder, code } = await this.#codes(payer, back);
    if (code === undefined) return;
    await this.#administer((context) => new CodesService(context).revoke(code.token.id), back % 2 === 0 ? holder.terminal : admin);
    this.#plain.revoke(code.token.id, this.clockwork.at);
    this.coverage.count('revoke a code: done');
  }

  // Registers.

  async sync(till: number, staleBack: number | undefined): Promise<void> {
    const side = this.tills[till]!;
    await this.#tried(async () => {
      const stale = staleBack === undefined ? undefined : this.lists.at(-1 - staleBack);
      const list = stale ?? (await this.#ask(side.caller, (context) => new CodesService(context).trust()));
      if (stale === undefined) this.#listed(list);
      await side.till.journal.keepTrust(list);
      const asOf = list.asOf.getTime();
      // One that was overtaken on its way changes nothing; an even older one is what a server says whose clock was put back.
      const olderMs = (side.trustAsOf ?? 0) - asOf;
      if (side.trustAsOf === undefined || olderMs <= 0 || olderMs >= 300_000) Object.assign(side, { trustAsOf: asOf, trusted: new Set(list.keys.map(({ id }) => id)) });
    });
  }

  /** Whatever signs, will sign, or has signed what may still be accepted is on it. */
  #listed(list: TrustList): void {
    this.lists.push(list);
    const asOf = list.asOf.getTime();
    const listed = new Set(list.keys.map(({ id }) => id));
    const codes = [...this.#plain.codes.values()];
    for (const { id, signsFrom, revokedAt } of this.#plain.keys) {
      const isWanted = this.#plain.signing(asOf)?.id === id || (revokedAt === undefined && signsFrom > asOf) || codes.some(({ keyId, expiresAt }) => keyId === id && expiresAt + 61_000 > asOf);
      if (isWanted && !listed.has(id)) throw new Error(`the key ${id} is not on the trust list`);
    }
  }

  rendering(back: number): Rendering | undefined {
    const there = this.renderings.filter(({ isGone }) => !isGone);
    return there.length === 0 ? undefined : there.at(-1 - (back % there.length));
  }

  /** Scans what somebody shows, whoever that is. */
  async accept(till: number, { text, shown }: Rendering, minor: number, fault: Side | undefined): Promise<void> {
    const side = this.tills[till]!;
    const order: AcceptOrder = { text, amount: euros(minor), key: `order-${(this.#names += 1)}` };
    const expected = this.#refusal(side, shown, minor);
    side.till.fault = fault;
    try {
      const { accepted, refusal } = await side.till.accept(order);
      if (refusal?.code !== expected) throw new Error(`a register says ${refusal?.code ?? 'accepted'} instead of ${expected ?? 'accepted'}`);
      this.coverage.count(`accept: ${refusal?.code ?? 'done'}`);
      if (accepted !== undefined) this.#accepted(side, order, shown, minor, accepted);
    } catch (error) {
      if (!(error instanceof ProgramEnd)) throw error;
      await side.till.boot();
      const kept = side.till.journal.ofKey(order.key!);
      if ((kept !== undefined) !== (fault === 'after')) throw new Error(`a register ended ${fault} its journal was written, and has it ${kept === undefined ? 'not' : ''}`);
      this.coverage.count(`accept: ended ${fault} the flush`);
      if (kept !== undefined) {
        this.#accepted(side, order, shown, minor, kept);
        const again = await side.till.accept(order);
        same('what was accepted before the register ended', [again.accepted && receiptIdOf(again.accepted.signedReceipt)], [receiptIdOf(kept.signedReceipt)]);
      }
    } finally {
      side.till.fault = undefined;
    }
  }

  #accepted(side: TillSide, order: AcceptOrder, shown: Shown, minor: number, { code, signedReceipt, receipt }: { code: Uint8Array; signedReceipt: Uint8Array; receipt: { at: Date; trustAsOf: Date } }): void {
    const { id, payeeId } = side.till.context;
    const { codeId, counter } = shown;
    const claimId = receiptIdOf(signedReceipt);
    side.entries.push({ claimId, order, codeId, counter, minor });
    this.#claim({ code, receipt: signedReceipt }, { id: claimId, signedBy: id, registerId: id, payeeId, codeId, counter, minor, at: +receipt.at, trustAsOf: +receipt.trustAsOf, shown });
  }

  #claim(accepted: AcceptedCode, claim: PlainClaim): void {
    this.#claims.set(nameOf(accepted), { accepted, claim });
  }

  /** In the order of protocol.md section 5. */
  #refusal({ till, trustAsOf, trusted, entries }: TillSide, shown: Shown, minor: number): ErrorCode | undefined {
    const { payeeId, bindAbove } = till.context;
    const at = Math.floor(till.clock.now().getTime() / 1000) * 1000;
    if (trustAsOf === undefined) return 'trust_list_missing';
    const age = at - Math.floor(trustAsOf / 1000) * 1000;
    if (age < -30_000) return 'register_clock_wrong';
    if (age > till.rules.trustMaxMs) return 'trust_list_old';
    const code = this.#plain.code(shown.codeId);
    const key = this.#plain.keys.find(({ id }) => id === code.keyId)!;
    if (!shown.isIssued || !trusted.has(key.id)) return 'code_key_unknown';
    if (at < code.issuedAt - 30_000) return 'code_not_yet_valid';
    if (at > code.expiresAt + 30_000) return 'code_expired';
    if (!shown.isHolders) return 'code_proof_invalid';
    if (at - shown.at > 60_000 || at - shown.at < -30_000) return 'code_stale';
    if (code.payees?.includes(payeeId) === false || (shown.payeeId ?? payeeId) !== payeeId) return 'code_payee_mismatch';
    if ((shown.minor ?? minor) !== minor) return 'code_amount_mismatch';
    if (bindAbove !== undefined && minor > Number(bindAbove.minor) && (shown.minor === undefined || shown.payeeId === undefined)) return 'code_not_bound';
    if (minor > code.maxEach) return 'code_amount_too_large';
    const taken = entries.filter(({ codeId }) => codeId === shown.codeId);
    const isUsed = taken.some(({ counter }) => counter === shown.counter);
    if (isUsed) return 'code_used';
    if (taken.reduce((sum, entry) => sum + entry.minor, 0) + minor > code.maxTotal) return 'code_spent';
    if (taken.length >= code.uses) return 'code_spent';
    // A list does not name the codes of a key that is revoked.
    if (key.revokedAt !== undefined && key.revokedAt <= trustAsOf) return 'code_key_revoked';
    return code.revokedAt !== undefined && code.revokedAt <= trustAsOf ? 'code_revoked' : undefined;
  }

  /** The register that lies signs something of what it has seen, or makes it up. */
  lie({ back, minor, counterShift, atShiftMs, trustShiftMs, payee, register, isSigned, otherBack }: Forgery): void {
    const of = this.rendering(back);
    if (of === undefined) return;
    // Best another rendering of the same showing.
    const renewed = this.renderings.filter((each) => each !== of && !each.isGone && each.shown.codeId === of.shown.codeId && each.shown.counter === of.shown.counter);
    const brought = otherBack === undefined ? of : (renewed[0] ?? this.rendering(otherBack)!);
    const { till } = this.tills[liar]!;
    const { shown: { codeId, counter, at } } = of;
    const code = parseCodeText(of.text);
    const [registerId, payeeId] = [this.tills[register ?? liar]!.till.context.id, payee === undefined ? till.context.payeeId : this.#shops[payee]!];
    const [second, trustAsOf] = [Math.floor((at + atShiftMs) / 1000) * 1000, Math.floor((this.clockwork.at + trustShiftMs) / 1000) * 1000];
    const key = isSigned ? till.key : newEd25519(this.clockwork.bytes(32));
    const named = Math.max(1, counter + counterShift);
    const receipt = signReceipt({
      registerId, payeeId, tokenId: codeId, counter: named, amount: euros(minor), at: new Date(second), trustAsOf: new Date(trustAsOf),
      codeHash: Uint8Array.from(createHash('sha256').update(code).digest()),
    }, key.privateKey);
    const accepted = { code: parseCodeText(brought.text), receipt };
    this.#claim(accepted, {
      id: receiptIdOf(receipt), signedBy: isSigned ? till.context.id : undefined, registerId, payeeId, codeId, counter: named, minor, at: second, trustAsOf,
      shown: brought === of ? of.shown : undefined,
    });
    this.coverage.count('a receipt is made up');
  }

  /** A code that was revoked a week ago, and that a register takes by a list from before, or says so. */
  async takeByAnOldList(ms: number): Promise<void> {
    const cheat = payerKinds.indexOf('cheat');
    await this.issue(cheat, { maxEach: 100, maxTotal: 500, uses: 5, validMs: 23 * 86_400_000, payees: undefined });
    const { code } = await this.#codes(cheat, 0);
    if (code === undefined) return;
    await this.revokeCode(cheat, 0);
    const revokedAt = this.#plain.code(code.token.id).revokedAt!;
    this.pass(Math.max(0, revokedAt + 7 * 86_400_000 + ms - this.clockwork.at));
    this.#rendered({ code, showing: { counter: 1, at: this.clockwork.now(), amount: undefined, payeeId: undefined } }, this.clockwork.now());
    this.lie({ back: 0, minor: 1, counterShift: 0, atShiftMs: 0, trustShiftMs: revokedAt - 1_000 - this.clockwork.at, payee: undefined, register: undefined, isSigned: true, otherBack: undefined });
    await this.bring(liar, [0]);
  }

  async rekeyTill(till: number): Promise<void> {
    const { till: { context: { isHonest } }, caller } = this.tills[till]!;
    if ((this.#rekeyed[till] ?? 0) === mostReceiptKeys - 1) return;
    this.#rekeyed[till] = (this.#rekeyed[till] ?? 0) + 1;
    const key = newEd25519(this.clockwork.bytes(32));
    await this.#administer((context) => new PosService(context).describe({ receiptKey: key.publicKey }), caller);
    this.tills[till]!.till.key = key;
    this.coverage.count(`a new receipt key: ${isHonest ? 'honest' : 'lying'}`);
  }

  // Settling.

  async settle(till: number, batch: number, fault: Side | undefined): Promise<void> {
    const side = this.tills[till]!;
    side.till.fault = fault;
    const hasFault = this.#fault !== undefined || fault !== undefined;
    const codes = { settle: (accepted: readonly AcceptedCode[]) => this.#settle(side, accepted) };
    const problem = await this.#tried(() => settleAccepted({ codes, journals: [side.till.mortalJournal], clock: side.till.clock, batch }));
    side.till.fault = undefined;
    if (problem === 'ended') await side.till.boot();
    if (problem !== undefined && !hasFault) throw new Error(`settling came to ${problem}`);
    this.coverage.count(`settle: ${problem ?? 'done'}`);
    if (problem === undefined) await this.#settledAt(side);
  }

  async #settledAt({ till, entries }: TillSide): Promise<void> {
    for (const { claimId, codeId, counter, minor } of entries) {
      const kept = till.journal.ofCounter(codeId, counter);
      const receipt = this.#plain.receipts.get(claimId);
      same('what a register accepted', [kept && receiptIdOf(kept.signedReceipt), kept && Number(kept.receipt.amount.minor), kept?.settled?.outcome], [claimId, minor, receipt?.outcome]);
    }
    same('what waits', [till.journal.waiting().count], [0]);
  }

  /** What anybody has ever brought, or made up, is brought once more, by whomever, in this order. */
  async bring(till: number, backs: readonly number[]): Promise<void> {
    await this.#tried(() => this.#settle(this.tills[till]!, this.#any(backs)));
  }

  #any(backs: readonly number[]): AcceptedCode[] {
    const all = [...this.#claims.values()];
    return all.length === 0 ? [] : backs.map((back) => all.at(-1 - (back % all.length))!.accepted);
  }

  #claimsOf(accepted: readonly AcceptedCode[]): PlainClaim[] {
    return accepted.map((one) => this.#claims.get(nameOf(one))!.claim);
  }

  async #settle({ caller, till: { context: { payeeId } } }: TillSide, accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
    const fault = this.#takeFault(true);
    if (fault?.kind === 'request lost') throw new LatchkeyError('remote_unreachable');
    const claims = this.#claimsOf(accepted);
    const work = (context: ServiceContext) => new CodesService({ ...context, codeLosses: this.#plain.lossBearer } as ServiceContext).settle(accepted);
    const answered = await this.servers.run(caller, fault?.kind === 'crash' ? fault.at : undefined, work);
    const after = this.#plain.copy();
    const outcomes = after.settle(payeeId, claims, this.clockwork.at);
    if (answered === undefined) {
      const known = await this.servers.context(admin).store.codeReceipts.known(payeeId, claims.map((claim) => claim.id));
      const isNew = known.some((reply) => !this.#plain.receipts.has(reply.id));
      if (isNew) this.#plain = after;
    } else {
      this.#plain = after;
      this.#told(outcomes, claims, answered);
    }
    await this.look();
    return given(fault, answered);
  }

  #told(outcomes: readonly SettlementOutcome[], claims: readonly PlainClaim[], answered: Answered<readonly SettlementReply[]>): void {
    if ('error' in answered) throw answered.error;
    same('what receipts came to', answered.value.map(({ id, outcome }) => `${id} ${outcome}`), claims.map(({ id }, index) => `${id} ${outcomes[index]}`));
    outcomes.forEach((outcome, index) => {
      const { signedBy, registerId, shown } = claims[index]!;
      const till = this.tills.find((side) => side.till.context.id === registerId && side.entries.some(({ claimId }) => claimId === claims[index]!.id));
      this.coverage.count(`outcome: ${outcome}`);
      if (till?.till.context.isHonest === true && signedBy === registerId && shown !== undefined && this.#plain.receipts.get(claims[index]!.id)?.outcome === 'rejected') {
        throw new Error('what an honest register accepted is rejected');
      }
    });
  }

  /** Two registers at two servers at once, or one beside a revocation: as if one after the other. */
  async settleTogether(jobs: readonly { readonly till: number; readonly backs: readonly number[] }[], revoked: number | undefined): Promise<void> {
    const batches = jobs.map(({ till, backs }) => {
      const side = this.tills[till]!;
      const own = side.till.journal.unsettled(3).map(({ code, signedReceipt }) => ({ code, receipt: signedReceipt }));
      const accepted = [...own, ...this.#any(backs)];
      return { side, accepted, claims: this.#claimsOf(accepted) };
    });
    const codes = [...this.#plain.codes.keys()];
    const codeId = revoked === undefined || codes.length === 0 ? undefined : codes.at(-1 - (revoked % codes.length));
    const works = batches.map(({ side, accepted }) => ({
      caller: side.caller,
      work: (context: ServiceContext): Promise<unknown> => new CodesService({ ...context, codeLosses: this.#plain.lossBearer } as ServiceContext).settle(accepted),
    }));
    if (codeId !== undefined) works.push({ caller: admin, work: (context) => new CodesService(context).revoke(codeId) });
    const answers = await this.servers.together(works);
    const before = this.#plain;
    const problems: string[] = [];
    for (const order of orders(works.map((_, index) => index))) {
      this.#plain = before.copy();
      try {
        for (const index of order) {
          const batch = batches[index];
          if (batch === undefined) {
            this.#plain.revoke(codeId!, this.clockwork.at);
          } else {
            const { side: { till: { context: { payeeId } } }, claims } = batch;
            this.#told(this.#plain.settle(payeeId, claims, this.clockwork.at), claims, answers[index] as Answered<readonly SettlementReply[]>);
          }
        }
        await this.look();
        this.coverage.count('settled together: done');
        return;
      } catch (error) {
        problems.push(`in the order ${order.join()}: ${String((error as Error).message)}`);
      }
    }
    throw new Error(problems.join('\n'));
  }

  // The operator.

  async topUp(payer: number, minor: number): Promise<void> {
    const { accountId } = this.payers[payer]!;
    await this.#administer((context) => new LedgerService(context).topUp(accountId, euros(minor)));
    this.#plain.topUp(accountId, minor);
    await this.look();
  }

  async setCredit(payer: number, minor: number): Promise<void> {
    const { accountId } = this.payers[payer]!;
    const account = this.#plain.account(accountId);
    const problem = await this.#tried(() => this.#administer((context) => new LedgerService(context).setCredit(accountId, euros(minor))));
    const isFit = account.balance + minor - account.held >= 0;
    if ((problem === undefined) !== isFit) throw new Error(`credit of ${minor} came to ${problem}`);
    if (isFit) account.credit = minor;
    await this.look();
  }

  /** Whoever is suspended. */
  async reinstate(): Promise<void> {
    for (const account of this.#plain.accounts.values()) {
      if (account.suspendedAt === undefined) continue;
      await this.#administer((context) => new LedgerService(context).reinstate(account.id));
      account.suspendedAt = undefined;
      this.coverage.count('reinstate: done');
    }
    await this.look();
  }

  async rotateKey(overlapMs: number): Promise<void> {
    const { id } = await this.#administer((context) => new CodesService(context).rotateKey(overlapMs));
    const { at } = this.clockwork;
    this.#plain.keys.push({ id, signsFrom: at + overlapMs, revokedAt: undefined });
  }

  async revokeKey(back: number): Promise<void> {
    const key = this.#plain.keys.at(-1 - (back % Math.max(1, this.#plain.keys.length)));
    if (key === undefined) return;
    await this.#administer((context) => new CodesService(context).revokeKey(key.id));
    const { at } = this.clockwork;
    key.revokedAt ??= at;
    const known = new Set(this.#plain.keys.map(({ id }) => id));
    for (const { id } of await this.#administer((context) => new CodesService(context).keys())) {
      if (!known.has(id)) this.#plain.keys.push({ id, signsFrom: at, revokedAt: undefined });
    }
    if (this.#plain.keys.every(({ revokedAt }) => revokedAt !== undefined)) throw new Error('no key is left that signs');
    this.coverage.count('revoke a key: done');
  }

  bearLosses(isOperator: boolean): void {
    this.#plain.lossBearer = isOperator ? 'operator' : 'payee';
  }

  async keepHouse(): Promise<void> {
    await this.#administer((context) => releaseOverdue(context));
    this.#plain.releaseOverdue(this.clockwork.at);
    await this.look();
  }

  // The end.

  /** Everything adds up, code by code, by what the database says and not by what has to be there. */
  async verify(): Promise<void> {
    const context = this.servers.context(admin);
    const { findings } = await new LedgerService(context).verify();
    if (findings.length > 0) throw new Error(findings.map(({ of, id, kept, computed }) => `${of} of ${id} is ${kept}, computed ${computed}`).join('\n'));
    const service = new CodesService(context);
    for (const [id, plain] of this.#plain.codes) {
      const { settlements, settled, settledUses, token } = await service.code(id);
      const paid = settlements.filter(({ outcome }) => outcome === 'settled');
      const sum = paid.reduce((total, { receipt }) => total + Number(receipt.amount.minor), 0);
      same(`what ${id} was charged`, [Number(settled), settledUses], [sum, paid.length]);
      same(`what ${id} was charged by the plain rules`, [sum, paid.length], [plain.settled, plain.settledUses]);
      if (sum > Number(token.maxTotal) || paid.length > token.uses) throw new Error(`${id} was charged ${sum} in ${paid.length}`);
      if (new Set(paid.map(({ receipt }) => receipt.counter)).size !== paid.length) throw new Error(`${id} was charged twice for one showing`);
      for (const { outcome, id: receiptId, receipt: { counter } } of settlements) {
        if (outcome === 'settled') continue;
        const dispute = await service.dispute(receiptId);
        const expected = this.#plain.receipts.get(receiptId);
        if (expected?.isSignedTwice === true) this.coverage.count('a counter is signed twice');
        same(`dispute ${receiptId}`, [outcome, dispute.other?.id, dispute.borneBy], [expected?.outcome, expected?.otherId, expected?.borneBy]);
        if (outcome === 'duplicate' && !paid.some((one) => one.receipt.counter === counter && one.id === dispute.other?.id)) throw new Error(`the duplicate ${receiptId} does not say of what`);
      }
    }
  }

  /**
   * Without a fault from now on, all registers settle but one that stays away until it is too late. Then every accepted
   * code has one outcome, and nothing is reserved any more.
   */
  async end(): Promise<void> {
    this.#fault = undefined;
    for (const payer of this.payers) payer.wallet.offMs = 0;
    const away = this.steps % 3;
    for (const [index] of this.tills.entries()) {
      if (index !== away) await this.settle(index, 500, undefined);
    }
    await this.verify();
    const last = Math.max(this.clockwork.at, ...[...this.#plain.codes.values()].map(({ settleBy }) => settleBy));
    this.pass(last - this.clockwork.at + 1);
    await this.keepHouse();
    await this.settle(away, 500, undefined);
    await this.bring(liar, [...this.#claims.keys()].keys().toArray().slice(0, 90));
    await this.verify();
    for (const { accountId } of this.payers) {
      const { held } = await new LedgerService(this.servers.context(admin)).account(accountId);
      if (held !== 0n) throw new Error(`${held} stay reserved`);
    }
    const { payments } = await this.servers.observe();
    if (payments.some(({ state }) => state === 'held')) throw new Error('a payment stays held');
  }
}

/** The answer, unless it is lost on the way. */
function given<T>(fault: CallFault | undefined, answered: Answered<T> | undefined): T {
  if (fault?.kind === 'request lost') throw new LatchkeyError('remote_unreachable');
  if (fault !== undefined || answered === undefined) throw new LatchkeyError('timed_out');
  if ('error' in answered) throw answered.error;
  return answered.value;
}

function nameOf({ receipt, code }: AcceptedCode): string {
  return `${receiptIdOf(receipt)} ${createHash('sha256').update(code).digest('hex')}`;
}

function codeIdOf({ token }: OwnCode): string {
  return token.id;
}

function same(what: string, actual: readonly unknown[], expected: readonly unknown[]): void {
  const [is, should] = [JSON.stringify(actual.map((each) => each ?? null)), JSON.stringify(expected.map((each) => each ?? null))];
  if (is !== should) throw new Error(`${what}: ${is} instead of ${should}`);
}

function orders(items: readonly number[]): number[][] {
  return items.length === 0 ? [[]] : items.flatMap((item) => orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

