/** Times are milliseconds, amounts minor units of one currency, sizes bytes or milliseconds. */
export interface PlainTariff {
  readonly kind: 'steps' | 'fixed' | 'unlimited';
  readonly metric: 'traffic' | 'time';
  readonly price: number;
  readonly size: number;
  readonly free: number;
  readonly largest: number;
  readonly refundsUnused: boolean;
}

export interface PlainUsage {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: number;
}

export interface PlainReading extends PlainUsage {
  readonly at: number;
  readonly isFinal: boolean;
}

export interface PlainGrant {
  readonly startsAt: number;
  endsAt: number | undefined;
  allowedMs: number | undefined;
  quota: number | undefined;
  state: 'active' | 'ended' | 'revoked';
  closedAt: number | undefined;
  usage: PlainUsage;
  guest: PlainReading | undefined;
  sharer: PlainReading | undefined;
}

export interface PlainNetwork {
  readonly ap: number;
  /** Whether an agent cuts off who has used it up. */
  readonly isEnforced: boolean;
  readonly sharer: string;
  isValid: boolean;
  hours: { in: number; out: number };
}

export interface PlainOffer {
  readonly network: number;
  readonly sharer: string;
  readonly terminal: string;
  tariff: PlainTariff;
  guests: number;
  answerMs: number;
  state: 'active' | 'paused' | 'withdrawn';
}

export interface PlainRequest {
  readonly kind: 'access' | 'increase';
  /** Its own place, if it is one. */
  readonly access: number;
  readonly offer: number;
  readonly network: number;
  readonly guest: string;
  readonly guestAccount: string;
  readonly sharer: string;
  readonly sharerTerminal: string;
  readonly tariff: PlainTariff;
  readonly answerMs: number;
  /** Undefined: without limit. */
  readonly quantity: number | undefined;
  readonly bought: number | undefined;
  readonly fee: number;
  readonly createdAt: number;
  state: string;
  dueAt: number | undefined;
  paidAt: number | undefined;
  endedAt: number | undefined;
  reason: string | undefined;
  returned: number;
  owed: number;
  payment: string | undefined;
  grant: PlainGrant | undefined;
  code: string | undefined;
  readonly warned: string[];
}

export interface PlainPayment {
  readonly account: string;
  readonly payee: string;
  readonly minor: number;
  readonly at: number;
  readonly releaseAt: number;
  state: 'held' | 'paid' | 'released' | 'refused';
  captured: number;
  refunded: number;
  refusal: string | undefined;
}

export interface PlainOrder {
  readonly offer: number;
  readonly metric: 'traffic' | 'time';
  readonly size: number;
}

/** What is done up to each `yield` is there as a whole or not at all; what it comes to: an error, or undefined. */
export type Course = Generator<undefined, string | undefined, undefined>;

interface State {
  /** What is there, and what of it is held. */
  accounts: Map<string, { balance: number; held: number }>;
  /** Of terminals, what each is bound to. */
  bound: Map<string, string>;
  codeNumbers: Map<string, number>;
  networks: PlainNetwork[];
  offers: PlainOffer[];
  requests: PlainRequest[];
  payments: Map<string, PlainPayment>;
  /** By terminal and key: for what, and which request. */
  keys: Map<string, { readonly of: string; readonly request: number }>;
  /** By terminal, in their order: what, and of which request. */
  events: Map<string, string[]>;
}

const minute = 60_000;
/** Traffic lasts so long after it was last bought. */
const trafficMs = 30 * 1440 * minute;
/** Who has used up what it bought by time may buy more for so long, where an agent can keep it to that. */
const graceMs = 60 * minute;
const nothing: PlainUsage = { bytesIn: 0, bytesOut: 0, seconds: 0 };
const over = 'share_request_over';
const notFound = 'share_request_not_found';
const unpaid = ['held', 'approved', 'ready'];
const outside = 'outside';

/** What has to come of shared networks, in plain terms: no signature, no storage, one thing after the other. */
export class PlainShare {
  state: State = {
    accounts: new Map(), bound: new Map(), codeNumbers: new Map(), networks: [], offers: [], requests: [], payments: new Map(), keys: new Map(), events: new Map(),
  };

  copy(): PlainShare {
    const copy = new PlainShare();
    copy.state = structuredClone(this.state);
    return copy;
  }

  get requests(): readonly PlainRequest[] {
    return this.state.requests;
  }

  request(at: number): PlainRequest {
    return this.state.requests[at]!;
  }

  network(at: number): PlainNetwork {
    return this.state.networks[at]!;
  }

  offer(at: number): PlainOffer {
    return this.state.offers[at]!;
  }

  account(name: string): { balance: number; held: number } {
    const { accounts } = this.state;
    if (!accounts.has(name)) accounts.set(name, { balance: 0, held: 0 });
    return accounts.get(name)!;
  }

  topUp(name: string, minor: number): void {
    this.#move(outside, name, minor);
  }

  /** Undefined, or why it is not paid out. */
  payOut(name: string, minor: number): string | undefined {
    if (this.#available(name) < minor) return 'insufficient_funds';
    this.#move(name, outside, minor);
    return undefined;
  }

  #move(from: string, to: string, minor: number): void {
    this.account(from).balance -= minor;
    this.account(to).balance += minor;
  }

  #available(name: string): number {
    const { balance, held } = this.account(name);
    return balance - held;
  }

  #tell(terminal: string, kind: string, request: number): void {
    const { events } = this.state;
    events.set(terminal, [...(events.get(terminal) ?? []), `${kind} ${request}`]);
  }

  #tellGuest(at: number, kind: string): void {
    this.#tell(this.request(at).guest, kind, at);
  }

  #tellSharer(at: number, kind: string): void {
    this.#tell(this.request(at).sharerTerminal, kind, at);
  }

  #tellBoth(at: number, kind: string): void {
    this.#tellGuest(at, kind);
    this.#tellSharer(at, kind);
  }

  isSide(who: string, at: number, side: 'guest' | 'sharer'): boolean {
    const request = this.request(at);
    return side === 'guest' ? request.guest === who : this.state.bound.get(who) === request.sharer;
  }

  // Orders.

  #owes(account: string): boolean {
    return this.requests.some(({ sharer, owed }) => sharer === account && owed > 0);
  }

  /** How many are on an offer, or about to. */
  guestsOf(offer: number): number {
    return this.requests.filter((one) => one.kind === 'access' && one.offer === offer && [...unpaid, 'active'].includes(one.state)).length;
  }

  #hasBought(account: string, network: number): boolean {
    return this.requests.some((one) => one.guestAccount === account && one.network === network && [...unpaid, 'active', 'ending', 'ended'].includes(one.state));
  }

  #price(tariff: PlainTariff, { metric, size }: Omit<PlainOrder, 'offer'>, isFirst: boolean): string | Pick<PlainRequest, 'fee' | 'quantity' | 'bought'> {
    if (tariff.kind === 'unlimited') return { fee: tariff.price, quantity: undefined, bought: undefined };
    if (metric !== tariff.metric) return 'metric_mismatch';
    if (tariff.kind === 'fixed') return size > tariff.size ? 'purchase_too_large' : { fee: tariff.price, quantity: tariff.size, bought: tariff.size };
    const free = isFirst ? tariff.free : 0;
    if (size - free > tariff.largest) return 'purchase_too_large';
    const steps = Math.max(0, Math.ceil((size - free) / tariff.size));
    return { fee: steps * tariff.price, bought: steps * tariff.size, quantity: steps * tariff.size + free };
  }

  /** With a key all of it is one. */
  *order(who: string, { offer: at, ...wanted }: PlainOrder, key: string | undefined, now: number): Course {
    const name = `order ${who} ${key}`;
    const of = `${at} ${wanted.metric} ${wanted.size}`;
    const kept = key === undefined ? undefined : this.state.keys.get(name);
    if (kept !== undefined) return kept.of === of ? undefined : 'idempotency_mismatch';
    const account = this.state.bound.get(who)!;
    const isOpen = ({ kind, guest, offer, state }: PlainRequest) => kind === 'access' && guest === who && offer === at && ['priced', ...unpaid, 'active'].includes(state);
    for (const other of this.requests.flatMap((one, place) => (isOpen(one) ? [place] : [])).toReversed()) yield* this.#tended(other, now);
    const offer = this.offer(at);
    if (account === offer.sharer) return 'payee_is_payer';
    const network = this.network(offer.network);
    if (offer.state !== 'active' || !network.isValid || this.#owes(offer.sharer) || this.guestsOf(at) >= offer.guests) return 'offer_closed';
    const price = this.#price(offer.tariff, wanted, !this.#hasBought(account, offer.network));
    if (typeof price === 'string') return price;
    const others = this.requests.filter(isOpen);
    if (others.some(({ state }) => state !== 'priced')) return 'share_request_open';
    const isUnpaid = (one: PlainRequest) => one.kind === 'access' && one.guest === who && one.state === 'priced' && now < one.dueAt!;
    if (this.requests.filter((one) => isUnpaid(one) && !others.includes(one)).length >= 20) return 'unpaid_limit';
    for (const other of others) {
      this.#end(other, 'cancelled', 'replaced', now);
      this.#tellSharer(this.requests.indexOf(other), 'request.cancelled');
    }
    const place = this.requests.length;
    this.#begin({
      ...price, kind: 'access', access: place, offer: at, network: offer.network, guest: who, guestAccount: account, sharer: offer.sharer, sharerTerminal: offer.terminal,
      tariff: { ...offer.tariff }, answerMs: offer.answerMs,
    }, now);
    if (key !== undefined) this.state.keys.set(name, { of, request: place });
    yield;
    return undefined;
  }

  *increase(who: string, at: number, wanted: Omit<PlainOrder, 'offer'>, key: string | undefined, now: number): Course {
    const name = `increase ${who} ${key}`;
    const of = `${at} ${wanted.metric} ${wanted.size}`;
    const kept = key === undefined ? undefined : this.state.keys.get(name);
    if (kept !== undefined) return kept.of === of ? undefined : 'idempotency_mismatch';
    if (!this.isSide(who, at, 'guest')) return notFound;
    const access = this.request(at);
    if (access.kind !== 'access' || access.state !== 'active') return over;
    if (!this.isInForce(access.grant!, now)) return 'grant_over';
    if (access.quantity === undefined) return 'purchase_too_large';
    const price = this.#price(access.tariff, wanted, false);
    if (typeof price === 'string') return price;
    const { offer, network, guest, guestAccount, sharer, sharerTerminal, tariff, answerMs } = access;
    for (const other of this.requests.filter(({ kind, access: of, state }) => kind === 'increase' && of === at && state === 'priced')) {
      this.#end(other, 'cancelled', 'replaced', now);
      this.#tellSharer(this.requests.indexOf(other), 'request.cancelled');
    }
    if (key !== undefined) this.state.keys.set(name, { of, request: this.requests.length });
    this.#begin({ ...price, kind: 'increase', access: at, offer, network, guest, guestAccount, sharer, sharerTerminal, tariff, answerMs }, now);
    yield;
    return undefined;
  }

  #begin(request: Pick<PlainRequest, 'kind' | 'access' | 'offer' | 'network' | 'guest' | 'guestAccount' | 'sharer' | 'sharerTerminal' | 'tariff' | 'answerMs' | 'fee' | 'quantity' | 'bought'>, now: number): void {
    const place = this.requests.length;
    this.state.requests.push({
      ...request, createdAt: now, state: 'priced', dueAt: now + 10 * minute, paidAt: undefined, endedAt: undefined, reason: undefined, returned: 0, owed: 0,
      payment: undefined, grant: undefined, code: undefined, warned: [],
    });
    this.#tellSharer(place, request.kind === 'access' ? 'request.received' : 'increase.received');
    this.#tellGuest(place, 'fee.set');
    if (request.fee === 0) this.#held(place, undefined, now);
  }

  #held(at: number, payment: string | undefined, now: number): void {
    const request = this.request(at);
    Object.assign(request, { state: 'held', payment, dueAt: now + request.answerMs });
    this.#tellSharer(at, 'payment.held');
  }

  /** Whether its fee may be held now. */
  #takesFee(at: number, now: number): boolean {
    const request = this.request(at);
    if (request.state !== 'priced' || now >= request.dueAt!) return false;
    if (request.kind === 'increase') return this.request(request.access).state === 'active';
    const offer = this.offer(request.offer);
    const isTwice = this.requests.some((one) => one.kind === 'access' && one.guest === request.guest && one.offer === request.offer && [...unpaid, 'active'].includes(one.state));
    const isFreeAgain = request.quantity !== request.bought && this.#hasBought(request.guestAccount, request.network);
    return offer.state === 'active' && this.network(request.network).isValid && this.guestsOf(request.offer) < offer.guests && !isTwice && !isFreeAgain && !this.#owes(request.sharer);
  }

  *pay(who: string, at: number, { key, minor, codeNumber }: { readonly key: string; readonly minor: number; readonly codeNumber: number }, now: number): Course {
    if (!this.isSide(who, at, 'guest')) return notFound;
    const request = this.request(at);
    if (minor !== request.fee) return 'invalid_input';
    const account = this.state.bound.get(who)!;
    const name = `${account} ${key}`;
    const kept = this.state.payments.get(name);
    if (kept !== undefined) return kept.refusal;
    const payment: PlainPayment = {
      account, payee: request.sharer, minor, at: now, releaseAt: now + request.answerMs + 13 * minute, state: 'held', captured: 0, refunded: 0, refusal: undefined,
    };
    if (codeNumber !== this.state.codeNumbers.get(who)) payment.refusal = 'code_superseded';
    else if (!this.#takesFee(at, now)) payment.refusal = over;
    else if (this.#available(account) < minor) {
      yield* this.#releaseOverdue(now);
      if (this.#available(account) < minor) payment.refusal = 'insufficient_funds';
    }
    if (payment.refusal === undefined) {
      this.account(account).held += minor;
      this.state.codeNumbers.set(who, codeNumber + 1);
      this.#held(at, name, now);
    } else {
      payment.state = 'refused';
    }
    this.state.payments.set(name, payment);
    yield;
    return payment.refusal;
  }

  *#releaseOverdue(now: number): Course {
    const overdue = [...this.state.payments.values()].filter(({ state, releaseAt }) => state === 'held' && releaseAt <= now);
    for (const payment of overdue.toSorted((one, other) => one.releaseAt - other.releaseAt)) {
      this.#release(payment);
      yield;
    }
    return undefined;
  }

  #release(payment: PlainPayment): void {
    if (payment.state !== 'held') return;
    payment.state = 'released';
    this.account(payment.account).held -= payment.minor;
  }

  paymentOf({ payment }: PlainRequest): PlainPayment | undefined {
    return payment === undefined ? undefined : this.state.payments.get(payment);
  }

  #capture(request: PlainRequest): void {
    const payment = this.paymentOf(request);
    if (payment === undefined) return;
    payment.state = 'paid';
    payment.captured = payment.minor;
    this.account(payment.account).held -= payment.minor;
    this.#move(payment.account, payment.payee, payment.minor);
  }

  // What goes back before it was paid.

  #end(request: PlainRequest, state: string, reason: string | undefined, now: number): void {
    Object.assign(request, { state, reason: reason ?? request.reason, dueAt: undefined, endedAt: now });
    const payment = this.paymentOf(request);
    if (payment !== undefined) this.#release(payment);
    if (request.kind === 'access') {
      request.code = undefined;
      if (request.grant !== undefined) this.#close(request.grant, 'revoked', now);
    }
  }

  #close(grant: PlainGrant, state: 'ended' | 'revoked', at: number): void {
    if (grant.state === 'active') Object.assign(grant, { state, closedAt: at });
  }

  *cancel(who: string, at: number, now: number): Course {
    return yield* this.#giveUp('guest', who, at, now, {
      state: 'cancelled', from: ['priced', ...unpaid], countedReason: 'given_up', tell: () => this.#tellSharer(at, 'request.cancelled'),
    });
  }

  *refuse(who: string, at: number, reason: string | undefined, now: number): Course {
    return yield* this.#giveUp('sharer', who, at, now, { state: 'refused', from: ['priced', ...unpaid], reason, tell: () => this.#tellGuest(at, 'request.refused') });
  }

  *#giveUp(
    side: 'guest' | 'sharer', who: string, at: number, now: number,
    { state, from, reason, countedReason, tell }: {
      readonly state: string; readonly from: readonly string[]; readonly reason?: string | undefined; readonly countedReason?: string; readonly tell: () => void;
    },
  ): Course {
    if (!this.isSide(who, at, side)) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.state === state || (countedReason !== undefined && request.reason === countedReason)) return undefined;
    if (!from.includes(request.state)) return over;
    if (countedReason === undefined || !this.#endCounted(at, countedReason, now)) this.#end(request, state, reason, now);
    tell();
    yield;
    return undefined;
  }

  /** Where an agent counts, what waits to be collected may be in use: nothing goes back before that has said that it was not. */
  #endCounted(at: number, reason: string, now: number): boolean {
    const request = this.request(at);
    if (request.state !== 'ready' || !this.network(request.network).isEnforced) return false;
    this.#close(request.grant!, 'revoked', now);
    Object.assign(request, { state: 'ending', reason, endedAt: now, dueAt: now + 2 * minute, code: undefined });
    this.#tellBoth(at, 'grant.ended');
    return true;
  }

  #expire(at: number, reason: string, now: number): void {
    this.#end(this.request(at), 'expired', reason, now);
    this.#tellBoth(at, 'request.expired');
  }

  // The sharer.

  *approve(who: string, at: number, now: number): Course {
    if (!this.isSide(who, at, 'sharer')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (['approved', 'ready', 'active', 'ending', 'ended'].includes(request.state)) return undefined;
    if (request.kind === 'increase') return yield* this.#approveIncrease(at, now);
    if (!this.network(request.network).isValid) return 'network_not_valid';
    if (request.state !== 'held') return over;
    const { quantity, tariff } = request;
    const isTime = tariff.kind !== 'unlimited' && tariff.metric === 'time';
    request.state = 'approved';
    request.grant = {
      startsAt: now, endsAt: request.dueAt! + 10 * minute, allowedMs: undefined, quota: isTime ? undefined : quantity,
      state: 'active', closedAt: undefined, usage: { bytesIn: 0, bytesOut: 0, seconds: 0 }, guest: undefined, sharer: undefined,
    };
    yield;
    return undefined;
  }

  *#approveIncrease(at: number, now: number): Course {
    const request = this.request(at);
    if (request.state !== 'held') return over;
    const access = this.request(request.access);
    const grant = access.grant!;
    if (access.state !== 'active' || !this.isInForce(grant, now)) {
      this.#expire(at, 'grant_over', now);
      yield;
      return over;
    }
    if (grant.quota !== undefined) Object.assign(grant, { quota: grant.quota + request.quantity!, endsAt: now + trafficMs });
    if (grant.allowedMs !== undefined) Object.assign(grant, { allowedMs: grant.allowedMs + request.quantity!, endsAt: Math.max(now, this.#timeUpAt(access)!) + request.quantity! + this.#graceOf(access) });
    Object.assign(request, { state: 'active', dueAt: undefined, paidAt: now });
    access.dueAt = this.#timeUpAt(access);
    this.#capture(request);
    this.#tellGuest(at, 'increase.granted');
    yield;
    return undefined;
  }

  *respond(who: string, at: number, code: string, now: number): Course {
    if (!this.isSide(who, at, 'sharer')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.kind !== 'access' || request.state !== 'approved') return request.code === code ? undefined : over;
    Object.assign(request, { state: 'ready', dueAt: now + 10 * minute, code });
    this.#tellGuest(at, 'response.ready');
    yield;
    return undefined;
  }

  *warn(who: string, at: number, threshold: string, now: number): Course {
    if (!this.isSide(who, at, 'sharer')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.state !== 'active') return over;
    const grant = this.request(request.access).grant!;
    const of = `${threshold} ${grant.quota ?? grant.allowedMs}`;
    if (!request.warned.includes(of)) {
      request.warned.push(of);
      this.#tellGuest(at, 'quota.low');
    }
    yield;
    return undefined;
  }

  // The guest.

  /** What it should be given: the code, or nothing. */
  codeFor(at: number): string | undefined {
    return this.request(at).code;
  }

  *ask(who: string, at: number, side: 'guest' | 'either', now: number): Course {
    if (!this.isSide(who, at, 'guest') && (side === 'guest' || !this.isSide(who, at, 'sharer'))) return notFound;
    yield* this.#tended(at, now);
    return undefined;
  }

  *acknowledge(who: string, at: number, now: number): Course {
    if (!this.isSide(who, at, 'guest')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.kind !== 'access') return over;
    if (request.state !== 'active') {
      if (!this.#collect(at, now)) return over;
      yield;
    }
    request.code = undefined;
    yield;
    return undefined;
  }

  isInForce({ state, endsAt }: PlainGrant, now: number): boolean {
    return state === 'active' && (endsAt === undefined || now < endsAt);
  }

  #graceOf({ network, tariff }: PlainRequest): number {
    return this.network(network).isEnforced && tariff.kind !== 'unlimited' && tariff.metric === 'time' ? graceMs : 0;
  }

  /** When its time is used up. */
  #timeUpAt(access: PlainRequest): number | undefined {
    const { endsAt, allowedMs } = access.grant!;
    return endsAt === undefined || allowedMs === undefined ? endsAt : endsAt - this.#graceOf(access);
  }

  /** What is held is paid. */
  #collect(at: number, now: number): boolean {
    const request = this.request(at);
    const { grant } = request;
    const payment = this.paymentOf(request);
    if (request.state !== 'ready' || grant === undefined || !this.isInForce(grant, now) || (payment !== undefined && payment.state !== 'held')) return false;
    const isTime = request.tariff.kind !== 'unlimited' && request.tariff.metric === 'time';
    if (isTime) grant.allowedMs = request.quantity;
    const lastsMs = isTime ? request.quantity! + this.#graceOf(request) : grant.quota === undefined ? undefined : trafficMs;
    grant.endsAt = lastsMs === undefined ? undefined : now + lastsMs;
    Object.assign(request, { state: 'active', paidAt: now, dueAt: this.#timeUpAt(request) });
    this.#capture(request);
    this.#tellSharer(at, 'code.collected');
    return true;
  }

  *mismatch(who: string, at: number, isOwn: boolean, now: number): Course {
    if (!this.isSide(who, at, 'guest')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.kind === 'increase') return over;
    if (isOwn) return 'invalid_input';
    if (request.reason === 'key_mismatch') return undefined;
    if (request.state === 'active') {
      if (now >= request.paidAt! + 10 * minute) return over;
      this.#close(request.grant!, 'revoked', now);
      this.#grantClosed(at, 'key_mismatch', now);
      if (!this.network(request.network).isEnforced) this.#settle(at, now);
      this.#tellBoth(at, 'key.mismatch');
      yield;
      return undefined;
    }
    if (request.state === 'cancelled') return undefined;
    if (!['approved', 'ready'].includes(request.state)) return over;
    if (!this.#endCounted(at, 'key_mismatch', now)) this.#end(request, 'cancelled', 'key_mismatch', now);
    this.#tellBoth(at, 'key.mismatch');
    yield;
    return undefined;
  }

  // Use, and its end.

  /** `isRight`: signed by the side's own key, for its grant. */
  *read(who: string, at: number, reading: PlainReading, isRight: boolean, now: number): Course {
    const side = this.isSide(who, at, 'guest') ? 'guest' : 'sharer';
    if (!this.isSide(who, at, side)) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    const { grant, state } = request;
    if (request.kind !== 'access' || grant === undefined || !['ready', 'active', 'ending'].includes(state)) return over;
    if (Math.abs(now - reading.at) > 5 * minute) return 'clock_wrong';
    if (!isRight) return 'signature_invalid';
    const before = grant[side];
    const counts = ({ bytesIn, bytesOut, seconds }: PlainUsage) => [bytesIn, bytesOut, seconds];
    const isMore = before === undefined || counts(reading).every((count, index) => count >= counts(before)[index]!);
    const isNew = before === undefined || reading.isFinal || reading.at > before.at || counts(reading).join() !== counts(before).join();
    if (isMore && isNew && before?.isFinal !== true) {
      grant[side] = reading;
      if (side === 'sharer') {
        const { hours } = this.network(request.network);
        hours.in += reading.bytesIn - (before?.bytesIn ?? 0);
        hours.out += reading.bytesOut - (before?.bytesOut ?? 0);
      }
    }
    yield;
    if (state === 'ready' && side === 'sharer' && isUse(reading)) {
      if (!this.#collect(at, now)) return over;
      yield;
    }
    if (state === 'ending' && grant.sharer?.isFinal === true && (grant.guest?.isFinal === true || request.paidAt === undefined)) {
      this.#settle(at, now);
      yield;
    }
    return undefined;
  }

  /** An access point says what it has counted, and perhaps that it took it off the air. */
  *report(ap: number, at: number, usage: PlainUsage, endedAt: number | undefined, now: number): Course {
    const request = this.request(at);
    const grant = request.grant!;
    const isOwn = this.network(request.network).ap === ap;
    if (isOwn && request.state === 'ready' && isUse(usage) && this.#collect(at, now)) yield;
    if (!isOwn) return undefined;
    const { bytesIn, bytesOut, seconds } = grant.usage;
    grant.usage = { bytesIn: Math.max(bytesIn, usage.bytesIn), bytesOut: Math.max(bytesOut, usage.bytesOut), seconds: Math.max(seconds, usage.seconds) };
    if (endedAt !== undefined) {
      this.#close(grant, 'ended', Math.min(endedAt, now));
      this.#grantClosed(at, undefined, now);
    }
    yield;
    return undefined;
  }

  *revoke(at: number, now: number): Course {
    const { grant } = this.request(at);
    if (grant!.state === 'active') {
      this.#close(grant!, 'revoked', now);
      this.#grantClosed(at, undefined, now);
    }
    yield;
    return undefined;
  }

  *endEarly(who: string, at: number, now: number): Course {
    const isGuest = this.isSide(who, at, 'guest');
    if (!isGuest && !this.isSide(who, at, 'sharer')) return notFound;
    yield* this.#tended(at, now);
    const request = this.request(at);
    if (request.state === 'ending' || request.state === 'ended') return undefined;
    if (request.kind !== 'access' || request.state !== 'active') return over;
    this.#close(request.grant!, 'revoked', now);
    this.#grantClosed(at, isGuest ? 'ended_by_guest' : 'ended_by_sharer', now);
    yield;
    return undefined;
  }

  #grantClosed(at: number, reason: string | undefined, now: number): void {
    const grant = this.request(at).grant!;
    const isUsedUp = (grant.quota !== undefined && bytes(grant.usage) >= grant.quota) || (this.#timeUpAt(this.request(at)) ?? Infinity) <= grant.closedAt!;
    const why = reason ?? (isUsedUp ? 'used_up' : 'revoked');
    this.requests.forEach((request, place) => {
      if (request.access !== at) return;
      if (request.state === 'active') {
        Object.assign(request, { state: 'ending', endedAt: grant.closedAt, reason: why, dueAt: request.kind === 'access' ? now + 2 * minute : undefined });
        if (request.kind === 'access') {
          request.code = undefined;
          this.#tellBoth(place, 'grant.ended');
        }
      } else if (['priced', ...unpaid].includes(request.state)) {
        this.#expire(place, 'grant_over', now);
      }
    });
  }

  // Settling.

  #settle(at: number, now: number): void {
    const access = this.request(at);
    if (access.state !== 'ending') return;
    const grant = access.grant!;
    const ofGrant = this.requests.filter((request) => request.access === at && request.state === 'ending');
    const isHeld = access.paidAt === undefined;
    const payment = this.paymentOf(access);
    const agent = this.network(access.network).isEnforced ? later(grant.usage, grant.sharer ?? nothing) : undefined;
    const other = agent ?? grant.sharer;
    const isDisputed = grant.guest !== undefined && other !== undefined && differ(bytes(grant.guest), bytes(other));
    const counted = agent ?? (isDisputed && bytes(grant.sharer!) > bytes(grant.guest!) ? grant.sharer : grant.guest);
    if (isHeld && bytes(other!) <= 1_000_000) {
      this.#end(access, 'cancelled', undefined, access.endedAt!);
      this.#tellBoth(at, 'request.settled');
      return;
    }
    if (isHeld && payment !== undefined && payment.state !== 'held') {
      this.#expire(at, 'uncollected', now);
      return;
    }
    const backs = ofGrant.toReversed().map((request) => ({ request, minor: this.#unused(request, ofGrant, counted, other) }));
    for (const request of ofGrant) Object.assign(request, { state: 'ended', dueAt: undefined });
    if (isHeld) {
      this.#capture(access);
      access.paidAt = now;
    }
    this.#giveBack(backs, now);
    if (isDisputed) this.#tellBoth(at, 'meters.differ');
    this.#tellBoth(at, 'request.settled');
  }

  /** What goes back of one: what was bought last is used last. */
  #unused(request: PlainRequest, ofGrant: readonly PlainRequest[], counted: PlainUsage | undefined, other: PlainUsage | undefined): number {
    const access = ofGrant[0]!;
    const { reason, paidAt, endedAt, grant } = access;
    const isAtOnce = paidAt !== undefined && endedAt! < paidAt + 10 * minute;
    const broughtNothing = (reason === 'ended_by_guest' || reason === 'key_mismatch') && isAtOnce && other !== undefined && bytes(other) <= 1_000_000;
    const isUncounted = reason === 'key_mismatch' && isAtOnce && other === undefined && grant!.guest === undefined;
    if (broughtNothing || isUncounted) return request.fee;
    const { bought, fee, tariff } = request;
    const isByRule = reason === 'ended_by_guest' || reason === 'used_up' || reason === 'given_up';
    if (bought === undefined) return isByRule || reason === 'key_mismatch' ? 0 : fee;
    if (isByRule && !tariff.refundsUnused) return 0;
    // Who was put off the air may have had no way to say what it used.
    const used = counted ?? (isByRule ? undefined : (grant!.sharer ?? nothing));
    const timeLeft = paidAt === undefined ? access.quantity! - (used?.seconds ?? 0) * 1000 : this.#timeUpAt(access)! - grant!.closedAt!;
    const left = grant!.quota === undefined ? timeLeft : used === undefined ? 0 : grant!.quota - bytes(used);
    const boughtLater = ofGrant.slice(ofGrant.indexOf(request) + 1).reduce((sum, one) => sum + one.bought!, 0);
    const unused = Math.min(bought, Math.max(0, left - boughtLater));
    return bought === 0 ? 0 : Math.floor((fee * unused) / bought);
  }

  #giveBack(backs: readonly { readonly request: PlainRequest; readonly minor: number }[], now: number): void {
    for (const { request, minor: wanted } of backs) {
      const payment = this.paymentOf(request);
      const minor = payment === undefined ? 0 : Math.min(wanted, payment.captured - payment.refunded);
      const back = Math.min(minor, Math.max(0, this.#available(request.sharer)));
      if (back > 0) this.#refund(payment!, back);
      Object.assign(request, { returned: request.returned + back, owed: minor - back, dueAt: minor > back ? now + minute : undefined });
    }
  }

  #refund(payment: PlainPayment, minor: number): void {
    payment.refunded += minor;
    this.#move(payment.payee, payment.account, minor);
  }

  /** An operator gives back what is disputed. */
  *refund(at: number, minor: number): Course {
    const request = this.request(at);
    const payment = this.paymentOf(request)!;
    if (minor > payment.captured - payment.refunded) return 'refund_too_large';
    if (this.#available(payment.payee) < minor) return 'insufficient_funds';
    this.#refund(payment, minor);
    request.returned += minor;
    request.owed = Math.max(0, request.owed - minor);
    yield;
    return undefined;
  }

  // What time brings.

  *#tended(at: number, now: number): Course {
    const { dueAt, state } = this.request(at);
    if (dueAt !== undefined && now >= dueAt) yield* this.#tend(at, state, now);
    return undefined;
  }

  /** As it was when it was looked at. */
  *#tend(at: number, was: string, now: number): Course {
    const request = this.request(at);
    if (request.state !== was) return undefined;
    const why = { priced: 'unpaid', held: 'unanswered', approved: 'undelivered', ready: 'uncollected' }[was];
    if (why !== undefined) this.#expire(at, why, now);
    if (was === 'active') {
      const grant = request.grant!;
      if (grant.endsAt! > now) {
        request.dueAt = grant.endsAt;
        yield;
        return undefined;
      }
      this.#close(grant, 'ended', grant.endsAt!);
      this.#grantClosed(at, undefined, now);
    }
    if (was === 'ending') this.#settle(at, now);
    if (was === 'ended') {
      request.dueAt = undefined;
      if (request.owed > 0) {
        const { returned } = request;
        this.#giveBack([{ request, minor: request.owed }], now);
        if (request.returned > returned) this.#tellBoth(at, 'request.settled');
      }
    }
    yield;
    return undefined;
  }

  #due(now: number): { readonly at: number; readonly dueAt: number; readonly state: string }[][] {
    const due = this.requests.flatMap(({ dueAt, createdAt, state }, at) => (dueAt !== undefined && dueAt <= now ? [{ at, dueAt, createdAt, state }] : []));
    const inOrder = due.toSorted((one, other) => one.dueAt - other.dueAt || one.createdAt - other.createdAt);
    return [...Map.groupBy(inOrder, ({ dueAt, createdAt }) => `${dueAt} ${createdAt}`).values()];
  }

  /** In how many orders it may be done: which comes first of what is due, and was made, at the same moment, nobody says. */
  orders(now: number): number {
    return Math.min(720, this.#due(now).reduce((product, together) => product * factorial(together.length), 1));
  }

  /** `order`: in which of these orders. */
  *keepHouse(order: number, now: number): Course {
    let left = order;
    for (const together of this.#due(now)) {
      while (together.length > 0) {
        const [{ at, state }] = together.splice(left % together.length, 1) as [(typeof together)[number]];
        left = Math.floor(left / (together.length + 1));
        yield* this.#tend(at, state, now);
      }
    }
    yield* this.#releaseOverdue(now);
    return undefined;
  }

  // What is changed meanwhile.

  *change(work: () => string | undefined): Course {
    const refusal = work();
    yield;
    return refusal;
  }
}

function factorial(of: number): number {
  return of <= 1 ? 1 : of * factorial(of - 1);
}

function later(one: PlainUsage, other: PlainUsage): PlainUsage {
  return { bytesIn: Math.max(one.bytesIn, other.bytesIn), bytesOut: Math.max(one.bytesOut, other.bytesOut), seconds: Math.max(one.seconds, other.seconds) };
}

function bytes({ bytesIn, bytesOut }: PlainUsage): number {
  return bytesIn + bytesOut;
}

function isUse(usage: PlainUsage): boolean {
  return bytes(usage) > 0 || usage.seconds > 0;
}

/** More than 1 MB, and more than a tenth of the larger. */
function differ(one: number, other: number): boolean {
  const difference = Math.abs(one - other);
  return difference > 1_000_000 && difference * 10 > Math.max(one, other);
}
