import type { AuditAction } from '../../domain/audit.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { mostHeard, mostSsidBytes, sameSsid } from '../../domain/heard-network.ts';
import { sameCurrency } from '../../domain/money.ts';
import { closureOf, longestAnswerMs, mostGuests, shortestAnswerMs, usualAnswerMs, type Offer, type OfferState } from '../../domain/offer.ts';
import { offerHoursToJson } from '../../domain/offer-hours.ts';
import { tariffToJson } from '../../domain/tariff-json.ts';
import type { Tariff } from '../../domain/tariff.ts';
import { recordedActor } from '../../domain/token.ts';
import { once } from '../idempotency.ts';
import { requireOpen } from '../ledger/accounts.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import { parseShownOffer } from './shown-offer.ts';
import type { Candidate, FoundOffer, OffersRole, OfferTerms } from './ports.ts';

/** A found offer as a text. */
export interface FoundText extends Pick<FoundOffer, 'bssids' | 'record' | 'closed'> {
  readonly shown: string;
}

export class OffersService implements OffersRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async offer(networkId: string, terms: OfferTerms, idempotencyKey?: string): Promise<Offer> {
    checkTerms(terms);
    const terminalId = terminalIdOf(this.#context.actor);
    const id = await this.#once(idempotencyKey, [networkId, termsAsText(terms)], async (tx) => {
      const network = await tx.networks.lock(networkId);
      if (network === undefined || !(await isBound(tx, terminalId, network.accountId))) {
        throw new LatchkeyError('network_not_found', `There is no network ${networkId}.`);
      }
      if (network.state !== 'valid') {
        throw new LatchkeyError('network_not_valid');
      }
      await requireCurrency(tx, network.accountId, terms.tariff);
      const now = this.#context.clock.now();
      const offer: Offer = { ...pickTerms(terms), id: newId(this.#context, 'off'), networkId, accountId: network.accountId, terminalId, state: 'active', createdAt: now, changedAt: now };
      if (!(await tx.offers.insert(offer))) {
        throw new LatchkeyError('offer_exists');
      }
      await this.#record(tx, 'offer.made', offer);
      return offer.id;
    });
    return (await this.#context.store.offers.find(id))!;
  }

  async offers({ state }: { readonly state?: OfferState | undefined }, page: PageRequest): Promise<Page<Offer>> {
    const { store, actor } = this.#context;
    const accountIds = (await store.bindings.ofTerminal(terminalIdOf(actor))).map(({ accountId }) => accountId);
    return store.offers.list({ accountIds, state }, page);
  }

  async showOffer(offerId: string): Promise<Offer> {
    return this.#own(this.#context.store, offerId);
  }

  async update(offerId: string, change: Partial<OfferTerms>): Promise<Offer> {
    return this.#change(offerId, 'offer.changed', async (tx, offer) => {
      const changed = { ...offer, ...usualAnswer(offer, change), ...change };
      checkTerms(changed);
      requireStanding(offer);
      await requireCurrency(tx, offer.accountId, changed.tariff);
      return changed;
    });
  }

  async setState(offerId: string, state: OfferState): Promise<Offer> {
    return this.#change(offerId, stateActions[state], async (_, offer) => (offer.state === state ? offer : { ...requireStanding(offer), state }));
  }

  async search(candidates: readonly Candidate[]): Promise<readonly FoundOffer[]> {
    for (const { bssid, ssid } of candidates) checkCandidate(bssid, ssid);
    const found = await this.searchAsTexts(candidates.map(({ bssid }) => bssid), (at) => candidates[at]!.ssid);
    return found.map(({ shown, ...rest }) => ({ ...parseShownOffer(shown), ...rest }));
  }

  /**
   * As `search`, for who sends on what is found: `shown` as `parseShownOffer` reads it. The radios are as they are written,
   * the name of one is only asked for where it matters.
   */
  async searchAsTexts(bssids: readonly string[], ssidAt: (at: number) => Uint8Array): Promise<readonly FoundText[]> {
    const { store, actor, clock } = this.#context;
    terminalIdOf(actor);
    if (bssids.length > mostHeard) {
      throw new LatchkeyError('invalid_input', `At most ${mostHeard} networks are looked for at once.`);
    }
    const now = clock.now();
    return (await store.offers.search(bssids)).flatMap(({ shown, ssid, limits, foundAt, record, ...standing }) => {
      const heard: string[] = [];
      for (const at of foundAt) {
        const name = ssidAt(at);
        if ((name.length === 0 || sameSsid(name, ssid)) && !heard.includes(bssids[at]!)) heard.push(bssids[at]!);
      }
      return heard.length === 0 ? [] : [{ shown, bssids: heard, record, closed: closureOf(limits, standing, now) }];
    });
  }

  /** Takes its network's row, and its own, for what changes it, or leaves it as it is. Errors: `offer_not_found`. */
  #change(offerId: string, action: AuditAction, change: (tx: Store, offer: Offer) => Promise<Offer>): Promise<Offer> {
    return this.#context.store.transaction(async (tx) => {
      const { networkId } = await this.#own(tx, offerId);
      await tx.networks.lock(networkId);
      const offer = (await tx.offers.lock(offerId))!;
      const wanted = await change(tx, offer);
      if (wanted === offer) {
        return offer;
      }
      const changed = { ...wanted, changedAt: this.#context.clock.now() };
      await tx.offers.put(changed);
      await this.#record(tx, action, changed);
      return changed;
    });
  }

  async #record(tx: Store, action: AuditAction, { id, networkId, accountId }: Offer): Promise<void> {
    await tx.audit.append(auditEntry(within(this.#context, tx), { action, detail: { offer_id: id, network_id: networkId, account_id: accountId } }));
  }

  async #own(store: Store, offerId: string): Promise<Offer> {
    const terminalId = terminalIdOf(this.#context.actor);
    const offer = await store.offers.find(offerId);
    if (offer === undefined || !(await isBound(store, terminalId, offer.accountId))) {
      throw new LatchkeyError('offer_not_found', `There is no offer ${offerId}.`);
    }
    return offer;
  }

  async #once(idempotencyKey: string | undefined, request: unknown, work: (tx: Store) => Promise<string>): Promise<string> {
    const { store, clock, actor } = this.#context;
    if (idempotencyKey === undefined) {
      return store.transaction(work);
    }
    const use = { scope: `${recordedActor(actor)} offer`, key: idempotencyKey, request: JSON.stringify(request) };
    return (await once(store, clock, use, async (tx) => ({ status: 200, body: await work(tx) }))).body;
  }
}

const stateActions = { active: 'offer.resumed', paused: 'offer.paused', withdrawn: 'offer.withdrawn' } as const satisfies Record<OfferState, AuditAction>;

/** Who approves otherwise than before, and answered in the usual time, does so in that which is usual then. */
function usualAnswer(offer: Offer, { approval = offer.approval }: Partial<OfferTerms>): Pick<OfferTerms, 'answerMs'> {
  return { answerMs: offer.answerMs === usualAnswerMs[offer.approval] ? usualAnswerMs[approval] : offer.answerMs };
}

async function isBound(store: Store, terminalId: string, accountId: string): Promise<boolean> {
  return (await store.bindings.find(accountId, terminalId)) !== undefined;
}

function pickTerms({ tariff, guests, hours, approval, answerMs }: OfferTerms): OfferTerms {
  return { tariff, guests, hours, approval, answerMs };
}

function termsAsText(terms: OfferTerms): string {
  const { tariff, hours, ...rest } = pickTerms(terms);
  return JSON.stringify({ ...rest, tariff: tariffToJson(tariff), hours: hours && offerHoursToJson(hours) });
}

/** Errors: `offer_withdrawn`. */
function requireStanding(offer: Offer): Offer {
  if (offer.state === 'withdrawn') {
    throw new LatchkeyError('offer_withdrawn');
  }
  return offer;
}

/** Errors: `tariff_without_price`, `invalid_input`. */
function checkTerms({ tariff, guests, answerMs }: OfferTerms): void {
  if (priceIn(tariff) === undefined) {
    throw new LatchkeyError('tariff_without_price');
  }
  if (tariff.pausable) {
    throw new LatchkeyError('invalid_input', 'What is bought of a shared network cannot be paused: its tariff is none that is pausable.');
  }
  if (!Number.isInteger(guests) || guests < 1 || guests > mostGuests) {
    throw new LatchkeyError('invalid_input', `An offer takes 1 to ${mostGuests} guests at once.`);
  }
  if (!Number.isInteger(answerMs) || answerMs < shortestAnswerMs || answerMs > longestAnswerMs) {
    throw new LatchkeyError('invalid_input', 'An offer answers within 10s to 24h.');
  }
}

function priceIn(tariff: Tariff) {
  return tariff.kind === 'steps' ? tariff.step.price : tariff.price;
}

/** Errors: `currency_mismatch`, `account_closed`. */
async function requireCurrency(tx: Store, accountId: string, tariff: Tariff): Promise<void> {
  const { currency } = requireOpen(await tx.accounts.find(accountId), accountId);
  sameCurrency(priceIn(tariff)!, { currency });
}

const singleRadio = /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/;

/** Errors: `invalid_input`. */
function checkCandidate(bssid: string, ssid: Uint8Array): void {
  if (!singleRadio.test(bssid)) {
    throw new LatchkeyError('invalid_input', 'The address of a radio is written as 02:00:00:00:01:00, and that of a group is none.');
  }
  if (ssid.length > mostSsidBytes) {
    throw new LatchkeyError('invalid_input', `The name of a network has at most ${mostSsidBytes} bytes.`);
  }
}
