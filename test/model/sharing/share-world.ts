import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { parseQuantity } from '../../../src/domain/quantity.ts';
import type { OfferState } from '../../../src/domain/offer.ts';
import { parseTariff } from '../../../src/domain/tariff-json.ts';
import { jwkThumbprint, newAccessKey, openAccessCode, publicJwkOf, sealAccessCode, type AccessCode } from '../../../src/protocol/access-code.ts';
import { newEd25519 } from '../../../src/protocol/ed25519.ts';
import { signReading } from '../../../src/protocol/meter-reading.ts';
import { ApService } from '../../../src/roles/ap/service.ts';
import { Housekeeping } from '../../../src/roles/housekeeping.ts';
import type { PaymentReply } from '../../../src/roles/ledger/payment-request.ts';
import { LedgerService } from '../../../src/roles/ledger/service.ts';
import type { OfferTerms } from '../../../src/roles/offers/ports.ts';
import { OffersService } from '../../../src/roles/offers/service.ts';
import { OwnerService } from '../../../src/roles/owner/service.ts';
import { SharingService } from '../../../src/roles/sharing/service.ts';
import type { VerificationMessage } from '../../../src/roles/wallet/ports.ts';
import { WalletService } from '../../../src/roles/wallet/service.ts';
import { sendVerification } from '../../../src/roles/wallet/verification.ts';
import { addNetwork } from '../../storage/samples.ts';
import { Clockwork } from '../clockwork.ts';
import type { CodesCoverage } from '../codes/codes-coverage.ts';
import { Servers, type CallFault, type Caller } from '../codes/servers.ts';
import type { Disks, Rows } from '../disk.ts';
import { PlainShare, type PlainGrant, type PlainRequest, type PlainTariff, type PlainUsage } from './plain-share.ts';
import { brokenSharePromises, compareShares, type ShareNames } from './share-observation.ts';
import { guestKinds, identityCode, networkKinds, sharerKinds, ShareParty, type ShareCall } from './share-parties.ts';

const admin: Caller = { role: 'admin', id: 'tok_admin' };
const owner: Caller = { role: 'owner', id: 'tok_owner' };
const agents: readonly Caller[] = networkKinds.map((_, ap) => ({ role: 'ap', id: `tok_ap${ap}`, apId: `ap_${ap}` }));
const euros = (minor: number) => ({ minor: BigInt(minor), currency: 'EUR' });
const megabyte = 1_000_000;
const minute = 60_000;
/** Events are kept for a week: no run is longer. */
const soonMs = 1440 * minute;
const without = { free: 0, largest: 1e12, refundsUnused: true } as const;

/** Each as the server is told of it, and in plain terms. */
export const tariffs: readonly { readonly json: unknown; readonly plain: PlainTariff }[] = [
  { json: { kind: 'steps', step: '1.00EUR=100MB', refund: 'unused' }, plain: { ...without, kind: 'steps', metric: 'traffic', price: 100, size: 100 * megabyte } },
  { json: { kind: 'steps', step: '1.00EUR=30min', refund: 'unused' }, plain: { ...without, kind: 'steps', metric: 'time', price: 100, size: 30 * minute } },
  { json: { kind: 'steps', step: '0.70EUR=100MB', largest_quantity: '1GB' }, plain: { ...without, kind: 'steps', metric: 'traffic', price: 70, size: 100 * megabyte, largest: 1000 * megabyte, refundsUnused: false } },
  { json: { kind: 'steps', step: '1.00EUR=100MB', free: '50MB', refund: 'unused' }, plain: { ...without, kind: 'steps', metric: 'traffic', price: 100, size: 100 * megabyte, free: 50 * megabyte } },
  { json: { kind: 'steps', step: '0.30EUR=10min', free: '10min' }, plain: { ...without, kind: 'steps', metric: 'time', price: 30, size: 10 * minute, free: 10 * minute, refundsUnused: false } },
  { json: { kind: 'unlimited', price: '5.00EUR' }, plain: { ...without, kind: 'unlimited', metric: 'traffic', price: 500, size: 0, refundsUnused: false } },
  { json: { kind: 'fixed', price: '3.33EUR', allowed: '300MB', refund: 'unused' }, plain: { ...without, kind: 'fixed', metric: 'traffic', price: 333, size: 300 * megabyte } },
];

export interface WantedTerms {
  readonly tariff: number;
  readonly guests: number;
  readonly answerMs: number;
}

export interface Counted {
  /** In percent of what may be used, or of 300 MB; at most 102. */
  readonly percent: number;
  readonly seconds: number;
  readonly isFinal: boolean;
}

/** Guests, sharers, agents and two servers on a database, held against what has to come of it. */
export class ShareWorld {
  readonly clockwork: Clockwork;
  readonly servers: Servers;
  readonly coverage: CodesCoverage;
  readonly guests: ShareParty[] = [];
  readonly sharers: ShareParty[] = [];
  readonly #names: ShareNames & { accounts: Map<string, string>; networks: string[]; offers: string[] } = { accounts: new Map(), networks: [], offers: [], requests: [] };
  readonly #meters = networkKinds.map(() => newEd25519(randomBytes(32)));
  /** What was ever sent: it may come once more, or late. */
  readonly #sent: ShareCall[] = [];
  readonly #delayed: ShareCall[] = [];
  /** A part of every password that is handed over, by which all are looked for at once. */
  readonly #secret = randomBytes(16).toString('hex');
  /** Every password that was handed over, and to whom. */
  readonly #passwords = new Map<string, ShareParty>();
  /** By access point: what its agent knows of its grants, and as of which revision. */
  readonly #known = networkKinds.map(() => ({ revision: 0, inForce: new Map<string, { readonly endsAt: number | undefined; readonly quota: number | undefined }>() }));
  #plain = new PlainShare();
  #before: Rows | undefined;
  #fault: { readonly fault: CallFault; skip: number } | undefined;
  #count = 0;
  steps = 0;

  private constructor(servers: Servers, clockwork: Clockwork, coverage: CodesCoverage) {
    this.servers = servers;
    this.clockwork = clockwork;
    this.coverage = coverage;
  }

  static async create(disks: Disks, coverage: CodesCoverage): Promise<ShareWorld> {
    const clockwork = new Clockwork();
    const world = new ShareWorld(await Servers.start(await disks.create(), clockwork, coverage.server), clockwork, coverage);
    await world.#open();
    return world;
  }

  async #open(): Promise<void> {
    const { store, ...context } = this.servers.context(admin);
    const ledger = new LedgerService({ store, ...context });
    const openAccount = async (name: string) => {
      if (this.#names.accounts.has(name)) return;
      const { id } = await ledger.open({ name, currency: 'EUR', contact: `${name}@example.org` });
      this.#names.accounts.set(name, id);
      this.#plain.account(name);
    };
    for (const [at, { account, minor }] of guestKinds.entries()) {
      await openAccount(account);
      if (minor > 0) {
        await ledger.topUp(this.#names.accounts.get(account)!, euros(minor));
        this.#plain.topUp(account, minor);
      }
      this.guests.push(await this.#bind(`tok_guest${at}`, account));
    }
    for (const [at, account] of sharerKinds.entries()) {
      await openAccount(account);
      this.sharers.push(await this.#bind(`tok_sharer${at}`, account));
    }
    for (const [at, { sharer, isEnforced }] of networkKinds.entries()) {
      const party = this.sharers[sharer]!;
      await store.accessPoints.insert({ id: `ap_${at}`, name: `ap_${at}`, createdAt: this.clockwork.now() });
      if (isEnforced) await store.accessPoints.update(`ap_${at}`, { ssid: 'CoffeeHouse', onboardingSsid: undefined, enforcement: 'per-grant', seenAt: undefined });
      const network = await addNetwork(store, {
        accountId: this.#names.accounts.get(party.account)!, terminalId: party.caller.id, apId: `ap_${at}`, meterKey: this.#meters[at]!.publicKey, proveAgainBy: undefined,
      });
      this.#names.networks.push(network.id);
      this.#plain.state.networks.push({ ap: at, isEnforced, sharer: party.account, isValid: true, hours: { in: 0, out: 0 } });
      await this.#newOffer(at, { tariff: at, guests: 2, answerMs: 2 * minute });
    }
    await this.#look(this.#plain);
  }

  async #bind(id: string, account: string): Promise<ShareParty> {
    const party = new ShareParty(id, account, this.clockwork.bytes(32));
    const context = this.servers.context(party.caller);
    const mail: VerificationMessage[] = [];
    const sender = { send: async (message: VerificationMessage) => { mail.push(message); } };
    const service = new WalletService({ ...context, sendCode: (verification) => sendVerification({ ...context, sender }, verification) });
    const { verificationId } = await service.requestVerification({ key: `verification-${id}`, account: this.#names.accounts.get(account)!, name: account });
    party.keep(await service.bind({ verificationId, verificationCode: mail[0]!.code, identityCode }));
    this.#plain.state.bound.set(id, account);
    this.#plain.state.codeNumbers.set(id, party.codeNumber);
    return party;
  }

  async remove(): Promise<void> {
    await this.servers.remove();
  }

  // What goes over the network.

  faultNext(fault: CallFault, skip: number): void {
    this.#fault = { fault, skip };
  }

  #takeFault(): CallFault | undefined {
    if (this.#fault === undefined || (this.#fault.skip -= 1) >= 0) return undefined;
    const { fault } = this.#fault;
    this.#fault = undefined;
    this.coverage.count(`a call: ${fault.kind}`);
    return fault;
  }

  /** What is sent; whoever gets no answer has it in its journal, and sends it again when its process starts anew. */
  async #send(call: ShareCall, from?: ShareParty): Promise<void> {
    this.#sent.push(call);
    const fault = this.#takeFault();
    if (fault?.kind === 'request lost') {
      this.#delayed.push(call);
      from?.unanswered.push(call);
      return;
    }
    const isAnswered = await this.#serve(call, fault);
    if (!isAnswered) from?.unanswered.push(call);
  }

  /** Whether its sender got an answer. */
  async #serve(call: ShareCall, fault: CallFault | undefined): Promise<boolean> {
    const answered = await this.servers.run(call.by, fault?.kind === 'crash' ? fault.at : undefined, call.work);
    const now = this.clockwork.at;
    if (answered === undefined) {
      await this.#findOut(call, now);
      return false;
    }
    const actual = 'error' in answered ? answered.error.code : undefined;
    const problems: string[] = [];
    for (let order = 0; order < ordersOf(call, this.#plain, now); order += 1) {
      const after = this.#plain.copy();
      const expected = finish(call.rules(after, now, order));
      const plain = expected !== undefined && call.isWhole === true ? this.#plain.copy() : after;
      const differences = actual === expected ? await this.#differences(plain) : [`${call.name} came to ${actual} instead of ${expected}`];
      if (differences.length === 0) {
        this.coverage.count(`${call.name}: ${actual ?? 'done'}`);
        await this.#look(plain);
        if (!('error' in answered) && fault === undefined) await call.told?.(answered.value);
        return fault === undefined;
      }
      problems.push(...differences);
    }
    throw new Error(`${call.name}: ${problems.slice(0, 12).join('\n')}`);
  }

  /** How far it came before the server crashed over it. */
  async #findOut(call: ShareCall, now: number): Promise<void> {
    const problems: string[] = [];
    for (let order = 0; order < ordersOf(call, this.#plain, now); order += 1) {
      for (let parts = 0; ; parts += 1) {
        const after = this.#plain.copy();
        const course = call.rules(after, now, order);
        let isOver = false;
        for (let done = 0; done < parts && !isOver; done += 1) isOver = course.next().done === true;
        if (call.isWhole === true && !isOver && parts > 0) {
          isOver = finish(course) !== undefined;
          if (isOver) break;
        }
        const differences = await this.#differences(after);
        if (differences.length === 0) {
          await this.#look(after);
          return;
        }
        problems.push(`after ${parts}: ${differences.join('; ')}`);
        if (isOver) break;
      }
    }
    throw new Error(`${call.name} and a crash:\n${problems.slice(0, 12).join('\n')}`);
  }

  async #differences(plain: PlainShare): Promise<readonly string[]> {
    return compareShares(await this.servers.observe(), plain, this.#names);
  }

  /** It is as it has to be: that is what it goes on from. */
  async #look(plain: PlainShare): Promise<void> {
    const rows = await this.servers.observe();
    const problems = [...compareShares(rows, plain, this.#names), ...brokenSharePromises(rows, this.#before, this.clockwork.at)];
    if (problems.length > 0) throw new Error(problems.join('\n'));
    this.#before = rows;
    this.#plain = plain;
  }

  /** What was sent before comes once more, out of order, long after; or what was on its way comes now. */
  async again(back: number): Promise<void> {
    const call = this.#sent.at(-1 - (back % Math.max(1, this.#sent.length)));
    if (call !== undefined) await this.#serve(call, this.#takeFault());
  }

  async deliverLate(back: number): Promise<void> {
    if (this.#delayed.length === 0) return;
    const [call] = this.#delayed.splice(this.#delayed.length - 1 - (back % this.#delayed.length), 1);
    this.coverage.count('a call comes late');
    await this.#serve(call!, undefined);
  }

  /** A process that ended starts from what it wrote down: what has no answer is sent again. */
  async restart(party: number): Promise<void> {
    const all = [...this.guests, ...this.sharers];
    const { unanswered } = all[party % all.length]!;
    for (const call of unanswered.splice(0)) {
      this.coverage.count('a process goes on');
      await this.#send(call, all[party % all.length]!);
    }
  }

  /** Two at two servers at once: as if their transactions came one after the other, in some order. */
  async together(one: ShareCall | undefined, other: ShareCall | undefined): Promise<void> {
    if (one === undefined || other === undefined) return;
    const calls = [one, other];
    const answers = await this.servers.together(calls.map(({ by, work }) => ({ caller: by, work })));
    const now = this.clockwork.at;
    const problems: string[] = [];
    // Which of the two goes on next, as long as it lasts.
    for (let order = 0; order < 256; order += 1) {
      const after = this.#plain.copy();
      const courses = calls.map((call) => call.rules(after, now, 0));
      for (let turn = 0; turn < 8; turn += 1) courses[(order >> turn) & 1]!.next();
      courses.forEach(finish);
      const differences = await this.#differences(after);
      if (differences.length === 0) {
        await this.#look(after);
        this.coverage.count('together: done');
        for (const [at, answered] of answers.entries()) if ('value' in answered) await calls[at]!.told?.(answered.value);
        return;
      }
      problems.push(`in the order ${order}: ${differences.join('; ')}`);
    }
    throw new Error(`${one.name} and ${other.name} at once, ${JSON.stringify(answers.map((answer) => ('error' in answer ? answer.error.code : 'done')))}:\n${problems.slice(0, 4).join('\n')}`);
  }

  // Of what they do something.

  /** The newest last but so many, of those that are meant, or of all if there are none. */
  #find(back: number, isMeant: (request: PlainRequest) => boolean = () => true): number | undefined {
    const all = this.#plain.requests.keys().toArray();
    const meant = all.filter((at) => isMeant(this.#plain.request(at)));
    const some = meant.length > 0 ? meant : all;
    return some.length === 0 ? undefined : some.at(-1 - (back % some.length));
  }

  #idOf(at: number): string {
    return this.#names.requests[at]!.id;
  }

  #grantIdOf(at: number): string {
    return this.#names.requests[at]!.grantId ?? 'grt_none';
  }

  #partyOf(id: string): ShareParty {
    return [...this.guests, ...this.sharers].find(({ caller }) => caller.id === id)!;
  }

  /** Its guest, or its sharer's terminal; sometimes somebody else. */
  #side(at: number, side: 'guest' | 'sharer', stranger: number | undefined): ShareParty {
    const { guest, sharerTerminal } = this.#plain.request(at);
    const all = [...this.guests, ...this.sharers];
    return stranger === undefined ? this.#partyOf(side === 'guest' ? guest : sharerTerminal) : all[stranger % all.length]!;
  }

  // The guest.

  async order(guest: number, network: number, back: number, size: number, isKeyed: boolean): Promise<void> {
    const party = this.guests[guest]!;
    const ofNetwork = this.#plain.state.offers.flatMap((offer, at) => (offer.network === network ? [at] : []));
    const offer = ofNetwork.at(-1 - (back % ofNetwork.length))!;
    const { metric } = this.#plain.offer(offer).tariff;
    // Now and then what the offer does not sell.
    const wanted = { offer, metric: size % 11 === 0 ? (metric === 'time' ? 'traffic' : 'time') : metric, size: metric === 'time' ? size * minute : size * megabyte } as const;
    const key = isKeyed ? `order-${(this.#count += 1)}` : undefined;
    const order = {
      offerId: this.#names.offers[offer]!, quantity: { metric: wanted.metric, size: BigInt(wanted.size) }, jwk: JSON.stringify(publicJwkOf(party.accessKey)), meterKey: party.meter.publicKey,
    };
    const call: ShareCall = {
      name: 'order', by: party.caller, isWhole: isKeyed,
      work: (context) => new SharingService(context).request(order, key),
      rules: (plain, now) => plain.order(party.caller.id, wanted, key, now),
    };
    // What has no key is sent again by nobody.
    await this.#send(call, isKeyed ? party : undefined);
  }

  async increase(back: number, size: number, stranger: number | undefined, isKeyed: boolean): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && state === 'active');
    if (at === undefined) return;
    const party = this.#side(at, 'guest', stranger);
    const { metric } = this.#plain.request(at).tariff;
    const wanted = { metric, size: metric === 'time' ? size * minute : size * megabyte };
    const key = isKeyed ? `increase-${(this.#count += 1)}` : undefined;
    const id = this.#idOf(at);
    await this.#send({
      name: 'increase', by: party.caller, isWhole: isKeyed,
      work: (context) => new SharingService(context).increase(id, { metric, size: BigInt(wanted.size) }, key),
      rules: (plain, now) => plain.increase(party.caller.id, at, wanted, key, now),
    }, isKeyed ? party : undefined);
  }

  #payment(at: number, stranger: number | undefined, isWrong: boolean): ShareCall {
    const party = this.#side(at, 'guest', stranger);
    const { fee, sharer } = this.#plain.request(at);
    const minor = Math.max(1, fee) + (isWrong ? 1 : 0);
    const key = `payment-${(this.#count += 1)}`;
    const request = party.payment({ key, payeeId: this.#names.accounts.get(sharer)!, minor, shareRequestId: this.#idOf(at) });
    const { codeNumber } = party;
    return {
      name: 'pay', by: party.caller,
      work: (context) => new WalletService({ ...context, sendCode: unasked }).pay(request),
      rules: (plain, now) => plain.pay(party.caller.id, at, { key, minor, codeNumber }, now),
      told: (value) => party.renew(codeNumber, value as PaymentReply),
    };
  }

  /** One payment at a time: what has no answer comes first. */
  async pay(back: number, stranger: number | undefined, isWrong: boolean): Promise<void> {
    const at = this.#find(back, ({ state }) => state === 'priced');
    if (at === undefined) return;
    const party = this.#side(at, 'guest', stranger);
    for (const call of party.unanswered.splice(0)) await this.#send(call, party);
    if (party.unanswered.length === 0) await this.#send(this.#payment(at, stranger, isWrong), party);
  }

  #cancellation(at: number, stranger: number | undefined): ShareCall {
    const { caller } = this.#side(at, 'guest', stranger);
    const id = this.#idOf(at);
    return { name: 'cancel', by: caller, work: (context) => new SharingService(context).cancel(id), rules: (plain, now) => plain.cancel(caller.id, at, now) };
  }

  async cancel(back: number, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => ['priced', 'held', 'approved', 'ready'].includes(state));
    if (at !== undefined) await this.#send(this.#cancellation(at, stranger), this.#side(at, 'guest', stranger));
  }

  /** Asks for the code, and opens it. */
  async collect(back: number, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => state === 'ready');
    if (at === undefined) return;
    const party = this.#side(at, 'guest', stranger);
    const id = this.#idOf(at);
    await this.#send({
      name: 'ask for the code', by: party.caller,
      work: (context) => new SharingService(context).accessCode(id),
      rules: (plain, now) => plain.ask(party.caller.id, at, 'guest', now),
      told: async (sealed) => {
        if (sealed !== this.#plain.codeFor(at)) throw new Error(`a guest is given ${String(sealed)}`);
        if (sealed === undefined) return;
        const { password } = await openAccessCode(sealed as string, party.accessKey, id);
        if (this.#passwords.get(password) !== party) throw new Error('a guest is given what is another’s');
        this.coverage.count('a code is opened');
      },
    }, party);
  }

  #acknowledgement(at: number, stranger: number | undefined): ShareCall {
    const { caller } = this.#side(at, 'guest', stranger);
    const id = this.#idOf(at);
    return { name: 'acknowledge', by: caller, work: (context) => new SharingService(context).acknowledge(id), rules: (plain, now) => plain.acknowledge(caller.id, at, now) };
  }

  async acknowledge(back: number, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => state === 'ready');
    if (at !== undefined) await this.#send(this.#acknowledgement(at, stranger), this.#side(at, 'guest', stranger));
  }

  async mismatch(back: number, isOwn: boolean, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && ['approved', 'ready', 'active'].includes(state));
    if (at === undefined) return;
    const party = this.#side(at, 'guest', stranger);
    const thumbprint = await jwkThumbprint(publicJwkOf(isOwn ? this.#side(at, 'guest', undefined).accessKey : newAccessKey()));
    const id = this.#idOf(at);
    await this.#send({
      name: 'mismatch', by: party.caller,
      work: (context) => new SharingService(context).reportMismatch(id, thumbprint),
      rules: (plain, now) => plain.mismatch(party.caller.id, at, isOwn, now),
    }, party);
  }

  // Both.

  #ending(at: number, side: 'guest' | 'sharer', stranger: number | undefined): ShareCall {
    const { caller } = this.#side(at, side, stranger);
    const id = this.#idOf(at);
    return { name: `end by ${side}`, by: caller, work: (context) => new SharingService(context).end(id), rules: (plain, now) => plain.endEarly(caller.id, at, now) };
  }

  async endEarly(back: number, side: 'guest' | 'sharer', stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && state === 'active');
    if (at !== undefined) await this.#send(this.#ending(at, side, stranger), this.#side(at, side, stranger));
  }

  #used(at: number, { percent, seconds }: Counted): PlainUsage {
    const { quota } = this.#plain.request(at).grant ?? {};
    const bytes = Math.floor((Math.min(102, percent) * (quota ?? 300 * megabyte)) / 100);
    return { bytesIn: Math.floor(bytes / 4), bytesOut: bytes - Math.floor(bytes / 4), seconds };
  }

  /** What somebody has counted, or says so. */
  async read(back: number, side: 'guest' | 'sharer', counted: Counted, isForged: boolean, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && ['ready', 'active', 'ending'].includes(state));
    if (at === undefined) return;
    const party = this.#side(at, side, stranger);
    const id = this.#idOf(at);
    const usage = this.#used(at, counted);
    const when = this.clockwork.at;
    const reading = { bytesIn: BigInt(usage.bytesIn), bytesOut: BigInt(usage.bytesOut), seconds: usage.seconds, at: new Date(when), isFinal: counted.isFinal };
    const grantId = this.#grantIdOf(at);
    const key = side === 'guest' ? this.#side(at, 'guest', undefined).meter : this.#meters[this.#plain.request(at).network]!;
    const signature = signReading({ ...reading, grantId, side }, isForged ? newEd25519(randomBytes(32)).privateKey : key.privateKey);
    const isRight = (plain: PlainShare) => !isForged && plain.isSide(party.caller.id, at, side) && this.#grantIdOf(at) === grantId;
    await this.#send({
      name: `read by ${side}`, by: party.caller,
      work: (context) => new SharingService(context).read(id, { ...reading, signature }),
      rules: (plain, now) => plain.read(party.caller.id, at, { ...usage, at: when, isFinal: counted.isFinal }, isRight(plain), now),
    }, party);
  }

  async look(back: number, side: 'guest' | 'sharer', stranger: number | undefined): Promise<void> {
    const at = this.#find(back);
    if (at === undefined) return;
    const { caller } = this.#side(at, side, stranger);
    const id = this.#idOf(at);
    await this.#send({
      name: 'look', by: caller,
      work: (context) => new SharingService(context).show(id),
      rules: (plain, now) => plain.ask(caller.id, at, 'either', now),
    });
  }

  // The sharer.

  #approval(at: number, stranger: number | undefined): ShareCall {
    const { caller } = this.#side(at, 'sharer', stranger);
    const id = this.#idOf(at);
    return { name: 'approve', by: caller, work: (context) => new SharingService(context).approve(id), rules: (plain, now) => plain.approve(caller.id, at, now) };
  }

  async approve(back: number, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => state === 'held');
    if (at !== undefined) await this.#send(this.#approval(at, stranger), this.#side(at, 'sharer', stranger));
  }

  async refuse(back: number, reason: string | undefined, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => ['held', 'approved', 'ready'].includes(state));
    if (at === undefined) return;
    const party = this.#side(at, 'sharer', stranger);
    const id = this.#idOf(at);
    await this.#send({
      name: 'refuse', by: party.caller,
      work: (context) => new SharingService(context).refuse(id, reason),
      rules: (plain, now) => plain.refuse(party.caller.id, at, reason, now),
    }, party);
  }

  /** Hands over a password that is nobody else’s; `isAnother`: where one was handed over before. */
  async respond(back: number, stranger: number | undefined, isAnother = false): Promise<void> {
    const at = this.#find(back, ({ state }) => state === (isAnother ? 'ready' : 'approved'));
    if (at === undefined || this.#plain.request(at).kind === 'increase') return;
    const party = this.#side(at, 'sharer', stranger);
    const guest = this.#side(at, 'guest', undefined);
    const id = this.#idOf(at);
    const code: AccessCode = { ssid: 'CoffeeHouse', password: `${this.#secret} ${this.#passwords.size}`, security: 'wpa3-sae' };
    this.#passwords.set(code.password, guest);
    const sealed = await sealAccessCode(code, publicJwkOf(guest.accessKey), id);
    await this.#send({
      name: 'respond', by: party.caller,
      work: (context) => new SharingService(context).respond(id, sealed),
      rules: (plain, now) => plain.respond(party.caller.id, at, sealed, now),
    }, party);
  }

  async warn(back: number, threshold: string, stranger: number | undefined): Promise<void> {
    const at = this.#find(back, ({ state }) => state === 'active');
    if (at === undefined) return;
    const party = this.#side(at, 'sharer', stranger);
    const id = this.#idOf(at);
    await this.#send({
      name: 'warn', by: party.caller,
      work: (context) => new SharingService(context).warn(id, { threshold, left: parseQuantity('20MB') }),
      rules: (plain, now) => plain.warn(party.caller.id, at, threshold, now),
    }, party);
  }

  // The agent.

  #reported(at: number, ap: number, counted: Counted, endedAgoMs: number | undefined): ShareCall {
    const grantId = this.#grantIdOf(at);
    const usage = this.#used(at, counted);
    const endedAt = endedAgoMs === undefined ? undefined : this.clockwork.at - endedAgoMs;
    const report = {
      grantId, usage: { bytesIn: BigInt(usage.bytesIn), bytesOut: BigInt(usage.bytesOut), seconds: usage.seconds },
      ended: endedAt === undefined ? undefined : { at: new Date(endedAt), reason: 'its quota is used up' },
    };
    return {
      name: endedAt === undefined ? 'report use' : 'report an end', by: agents[ap]!,
      work: (context) => new ApService(context).reportGrants([report]),
      rules: (plain, now) => plain.report(ap, at, usage, endedAt, now),
    };
  }

  async report(back: number, counted: Counted, endedAgoMs: number | undefined, elsewhere: number | undefined): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && ['approved', 'ready', 'active', 'ending'].includes(state));
    if (at === undefined || this.#plain.request(at).grant === undefined) return;
    await this.#send(this.#reported(at, elsewhere ?? this.#plain.request(at).network, counted, endedAgoMs));
  }

  /** What an agent learns when it asks for what is new: with that it has what is in force, and nothing else. */
  async listen(ap: number): Promise<void> {
    const known = this.#known[ap]!;
    const { revision, grants } = await new ApService(this.servers.context(agents[ap]!)).changes(known.revision, 0);
    known.revision = revision;
    for (const { id, state, endsAt, quotaBytes } of grants) {
      if (state === 'active') known.inForce.set(id, { endsAt: endsAt?.getTime(), quota: quotaBytes === undefined ? undefined : Number(quotaBytes) });
      else known.inForce.delete(id);
    }
    const inForce = this.#plain.requests.flatMap(({ grant, network }, at) => (grant?.state === 'active' && network === ap ? [[this.#grantIdOf(at), grant] as const] : []));
    const text = (entries: Iterable<readonly [string, Pick<PlainGrant, 'endsAt' | 'quota'>]>) => JSON.stringify([...entries].map(([id, { endsAt, quota }]) => [id, endsAt, quota]).toSorted());
    if (text(known.inForce) !== text(inForce)) throw new Error(`an agent has ${text(known.inForce)} in force instead of ${text(inForce)}`);
    this.coverage.count('an agent listens');
  }

  // What changes meanwhile.

  async #newOffer(network: number, { tariff, guests, answerMs }: WantedTerms): Promise<void> {
    const { sharer } = networkKinds[network]!;
    const party = this.sharers[sharer]!;
    const terms: OfferTerms = { tariff: parseTariff(tariffs[tariff]!.json), guests, hours: undefined, approval: 'automatic', answerMs };
    const { id } = await new OffersService(this.servers.context(party.caller)).offer(this.#names.networks[network]!, terms);
    this.#names.offers.push(id);
    this.#plain.state.offers.push({ network, sharer: party.account, terminal: party.caller.id, tariff: tariffs[tariff]!.plain, guests, answerMs, state: 'active' });
  }

  /** The last of a network's. */
  #offerOf(network: number): number {
    return this.#plain.state.offers.findLastIndex((offer) => offer.network === network);
  }

  async updateOffer(network: number, { tariff, guests, answerMs }: WantedTerms): Promise<void> {
    const at = this.#offerOf(network);
    const change = { tariff: parseTariff(tariffs[tariff]!.json), guests, answerMs };
    const id = this.#names.offers[at]!;
    await this.#send({
      name: 'change an offer', by: this.sharers[networkKinds[network]!.sharer]!.caller,
      work: (context) => new OffersService(context).update(id, change),
      rules: (plain) => plain.change(() => {
        if (plain.offer(at).state === 'withdrawn') return 'offer_withdrawn';
        Object.assign(plain.offer(at), { tariff: tariffs[tariff]!.plain, guests, answerMs });
        return undefined;
      }),
    });
  }

  async setOffer(network: number, state: OfferState, next: WantedTerms): Promise<void> {
    const at = this.#offerOf(network);
    const id = this.#names.offers[at]!;
    await this.#send({
      name: `${state} offer`, by: this.sharers[networkKinds[network]!.sharer]!.caller,
      work: (context) => new OffersService(context).setState(id, state),
      rules: (plain) => plain.change(() => {
        if (plain.offer(at).state === 'withdrawn' && state !== 'withdrawn') return 'offer_withdrawn';
        plain.offer(at).state = state;
        return undefined;
      }),
    });
    const { store } = this.servers.context(admin);
    const actual = (await store.offers.find(id))!.state;
    // A crash left one or the other.
    this.#plain.offer(at).state = actual;
    if (actual === 'withdrawn' && this.#plain.network(network).isValid) await this.#newOffer(network, next);
  }

  async prove(network: number, isValid: boolean): Promise<void> {
    const id = this.#names.networks[network]!;
    await this.servers.context(admin).store.networks.change(id, { state: isValid ? 'valid' : 'suspended' });
    this.#plain.network(network).isValid = isValid;
    this.coverage.count(isValid ? 'a network is proven' : 'a network is suspended');
  }

  #revocation(at: number): ShareCall {
    const grantId = this.#grantIdOf(at);
    return { name: 'revoke', by: owner, work: (context) => new OwnerService(context).revokeGrant(grantId), rules: (plain, now) => plain.revoke(at, now) };
  }

  async revoke(back: number): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && ['approved', 'ready', 'active'].includes(state));
    if (at !== undefined && this.#plain.request(at).grant !== undefined) await this.#send(this.#revocation(at));
  }

  async topUp(account: string, minor: number): Promise<void> {
    const id = this.#names.accounts.get(account)!;
    await this.#serve({
      name: 'top up', by: admin, work: (context) => new LedgerService(context).topUp(id, euros(minor)),
      rules: (plain) => plain.change(() => void plain.topUp(account, minor)),
    }, undefined);
  }

  /** As much as there is, or more. */
  async empty(account: string, left: number): Promise<void> {
    const { balance, held } = this.#plain.account(account);
    const minor = Math.max(1, balance - held - left);
    const id = this.#names.accounts.get(account)!;
    await this.#serve({
      name: 'pay out', by: admin, work: (context) => new LedgerService(context).payOut(id, euros(minor)),
      rules: (plain) => plain.change(() => plain.payOut(account, minor)),
    }, undefined);
  }

  async refund(back: number, minor: number): Promise<void> {
    const at = this.#find(back, ({ paidAt, payment }) => paidAt !== undefined && payment !== undefined);
    const paymentId = at === undefined ? undefined : this.#names.requests[at]!.paymentId;
    if (paymentId === undefined) return;
    await this.#serve({
      name: 'refund', by: admin, work: (context) => new LedgerService(context).refund(paymentId, euros(minor)), rules: (plain) => plain.refund(at!, minor),
    }, undefined);
  }

  /** What is held for a request is that request's alone. */
  async meddle(back: number, isCapture: boolean): Promise<void> {
    const at = this.#find(back, ({ payment }) => payment !== undefined);
    const paymentId = at === undefined ? undefined : this.#names.requests[at]!.paymentId;
    if (paymentId === undefined) return;
    const isHeld = this.#plain.paymentOf(this.#plain.request(at!))!.state === 'held';
    if (!isHeld) return;
    await this.#serve({
      name: 'meddle', by: admin,
      work: (context) => (isCapture ? new LedgerService(context).capture(paymentId) : new LedgerService(context).release(paymentId)),
      rules: (plain) => plain.change(() => 'payment_of_share'),
    }, undefined);
  }

  // Time.

  pass(ms: number): void {
    this.clockwork.pass(ms);
  }

  /** To just before, at or after the moment when the time of something is over. */
  passTo(back: number, ms: number): void {
    const at = this.#find(back, ({ dueAt }) => dueAt !== undefined && dueAt < this.clockwork.at + soonMs);
    const dueAt = at === undefined ? undefined : this.#plain.request(at).dueAt;
    // The next call comes a millisecond later.
    if (dueAt !== undefined && dueAt < this.clockwork.at + soonMs) this.pass(Math.max(0, dueAt + ms - 1 - this.clockwork.at));
  }

  /** To about when its guest may no longer complain. */
  passToComplaint(back: number, ms: number): void {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && state === 'active');
    const paidAt = at === undefined ? undefined : this.#plain.request(at).paidAt;
    if (paidAt !== undefined) this.pass(Math.max(0, paidAt + 10 * minute + ms - 1 - this.clockwork.at));
  }

  async keepHouse(): Promise<void> {
    const call: ShareCall = {
      name: 'keep house', by: admin, work: (context) => new Housekeeping(context).keep(), rules: (plain, now, order) => plain.keepHouse(order, now), orders: (plain, now) => plain.orders(now),
    };
    await this.#serve(call, this.#takeFault());
    // Money for which nothing was got is back in time.
    const { share_requests: requests, payments } = this.#before!;
    for (const { state, payment_id: paymentId, answer_ms: answerMs } of requests) {
      const payment = payments.find(({ id }) => id === paymentId);
      const heldMs = payment === undefined ? 0 : this.clockwork.at - Number(new Date(payment['at'] as number | Date));
      // A crash may have left something to do.
      if (payment?.['state'] === 'held' && heldMs >= Number(answerMs) + 11 * minute && this.#isKept) throw new Error(`the money of a request that is ${String(state)} is held for ${heldMs} ms`);
    }
  }

  get #isKept(): boolean {
    return this.#plain.requests.every(({ dueAt }) => dueAt === undefined || dueAt > this.clockwork.at);
  }

  // At once.

  async race(back: number, first: Rival, second: Rival, counted: Counted): Promise<void> {
    const at = this.#find(back, ({ kind, state }) => kind === 'access' && ['priced', 'held', 'ready', 'active'].includes(state));
    if (at === undefined) return;
    const call = (rival: Rival): ShareCall | undefined => {
      const { grant, state } = this.#plain.request(at);
      const other = this.#find(back + 1, (request) => request.state === 'priced' && request.guest !== this.#plain.request(at).guest);
      switch (rival) {
        case 'pay': return state === 'priced' && this.#side(at, 'guest', undefined).unanswered.length === 0 ? this.#payment(at, undefined, false) : undefined;
        case 'another pays': {
          const isFree = other !== undefined && this.#plain.request(other).state === 'priced' && this.#plain.request(other).guest !== this.#plain.request(at).guest;
          return isFree && this.#side(other, 'guest', undefined).unanswered.length === 0 ? this.#payment(other, undefined, false) : undefined;
        }
        case 'cancel': return this.#cancellation(at, undefined);
        case 'approve': return this.#approval(at, undefined);
        case 'acknowledge': return this.#acknowledgement(at, undefined);
        case 'end': return this.#ending(at, 'guest', undefined);
        case 'sharer ends': return this.#ending(at, 'sharer', undefined);
        case 'revoke': return grant === undefined ? undefined : this.#revocation(at);
        case 'report': return grant === undefined ? undefined : this.#reported(at, this.#plain.request(at).network, counted, counted.isFinal ? 0 : undefined);
      }
    };
    await this.together(call(first), call(second));
  }

  // The end.

  async verify(): Promise<void> {
    const { findings } = await new LedgerService(this.servers.context(admin)).verify();
    if (findings.length > 0) throw new Error(findings.map(({ of, id, kept, computed }) => `${of} of ${id} is ${kept}, computed ${computed}`).join('\n'));
  }

  /** Each terminal sees what is its own, and nothing else. */
  async #see(): Promise<void> {
    for (const { caller } of [...this.guests, ...this.sharers]) {
      const service = new SharingService(this.servers.context(caller));
      for (const [side, sides] of [['guest', ['guest']], ['sharer', ['sharer']], [undefined, ['guest', 'sharer']]] as const) {
        const { items } = await service.requests({ side }, { limit: 1000 });
        const own = this.#plain.requests.flatMap((_, at) => (sides.some((one) => this.#plain.isSide(caller.id, at, one)) ? [this.#idOf(at)] : [])).toSorted();
        const seen = items.map(({ id }) => id).toSorted();
        if (seen.join() !== own.join()) throw new Error(`${caller.id} sees ${seen.join()} instead of ${own.join()}`);
      }
    }
  }

  /** No password that was handed over is in the database, in none of the forms in which it might be. */
  async #search(): Promise<void> {
    const contents = await this.servers.contents();
    for (const form of formsOf(this.#secret)) {
      if (contents.includes(form)) throw new Error(`the server could read a password, as ${form}`);
    }
    // That it would be found: what is sealed is there.
    const sealed = this.#plain.requests.map(({ code }) => code).find((code) => code !== undefined);
    if (sealed !== undefined && !contents.includes(sealed)) throw new Error('what is sealed is not found');
    this.coverage.count('passwords looked for', this.#passwords.size);
  }

  /** Without a fault from now on, what has no end, or a late one, is ended; then time does the rest, and nothing is held or owed any more. */
  async end(): Promise<void> {
    this.#fault = undefined;
    await this.#search();
    for (const party of this.guests.keys()) await this.restart(party);
    for (const [at, { kind, state, grant }] of this.#plain.requests.entries()) {
      if (kind === 'access' && state === 'active' && (grant!.endsAt ?? Infinity) > this.clockwork.at + soonMs) await this.#serve(this.#ending(at, 'sharer', undefined), undefined);
    }
    const last = Math.max(this.clockwork.at, ...this.#plain.requests.map(({ dueAt }) => dueAt ?? 0));
    this.pass(last - this.clockwork.at + 1);
    for (let times = 0; times < 3; times += 1) {
      await this.keepHouse();
      this.pass(3 * minute);
      for (const account of new Set(sharerKinds)) await this.topUp(account, 20_000);
    }
    await this.keepHouse();
    for (const ap of agents.keys()) await this.listen(ap);
    await this.verify();
    await this.#see();
    await this.#search();
    for (const { state, owed } of this.#plain.requests) {
      if (!['ended', 'refused', 'expired', 'cancelled'].includes(state) || owed > 0) throw new Error(`a request stays ${state}, ${owed} are owed`);
    }
    if (this.#before!.payments.some(({ state }) => state === 'held')) throw new Error('a payment stays held');
  }
}

export const rivals = ['pay', 'another pays', 'cancel', 'approve', 'acknowledge', 'end', 'sharer ends', 'revoke', 'report'] as const;
export type Rival = (typeof rivals)[number];

function finish(course: Generator<undefined, string | undefined, undefined>): string | undefined {
  for (;;) {
    const step = course.next();
    if (step.done === true) return step.value;
  }
}

function ordersOf({ orders }: ShareCall, plain: PlainShare, now: number): number {
  return orders?.(plain, now) ?? 1;
}

function unasked(): never {
  throw new Error('a terminal that is bound asks for no code');
}

/** As text, in hexadecimal, and in base64 wherever it may begin in what is encoded. */
function formsOf(text: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString('base64');
    // What its neighbours have a part in is left out.
    return whole.slice(shift === 0 ? 0 : 4, -4);
  });
  return [text, Buffer.from(text).toString('hex'), ...encoded, ...encoded.map((each) => each.replaceAll('+', '-').replaceAll('/', '_'))];
}
