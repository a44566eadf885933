import { randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { Account } from '../../src/domain/account.ts';
import type { GrantUsage } from '../../src/domain/grant.ts';
import type { MeterSide } from '../../src/domain/meter.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Network } from '../../src/domain/network.ts';
import type { Offer } from '../../src/domain/offer.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import type { ShareRequest } from '../../src/domain/share-request.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { newAccessKey, openAccessCode, parsePublicJwk, publicJwkOf, sealAccessCode, type AccessCode, type PrivateJwk } from '../../src/protocol/access-code.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { signReading } from '../../src/protocol/meter-reading.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { OfferTerms } from '../../src/roles/offers/ports.ts';
import { Housekeeping } from '../../src/roles/housekeeping.ts';
import { addNetwork } from '../storage/samples.ts';
import type { Holder, RolesHarness } from './roles.harness.ts';
import { bindTo, type PlainTerminal } from './shop.ts';

export const byTraffic = parseTariff({ kind: 'steps', step: '1.00EUR=100MB', refund: 'unused' });
export const byTime = parseTariff({ kind: 'steps', step: '1.00EUR=30min', refund: 'unused' });
export const terms: OfferTerms = { tariff: byTraffic, guests: 5, hours: undefined, approval: 'automatic', answerMs: 120_000 };
export const accessCode: AccessCode = { ssid: 'CoffeeHouse', password: 'the password of the network', security: 'wpa3-sae' };

/** One side of a sale: an account, a terminal that is bound to it, and its meter key. */
export class Party {
  readonly account: Account;
  readonly terminal: PlainTerminal;
  readonly side: MeterSide;
  meter = newEd25519(randomBytes(32));
  readonly #harness: RolesHarness;

  constructor(harness: RolesHarness, side: MeterSide, account: Account, terminal: PlainTerminal) {
    this.#harness = harness;
    this.side = side;
    this.account = account;
    this.terminal = terminal;
  }

  /** The key of its meter from then on. */
  signsBy(seed: Uint8Array): void {
    this.meter = newEd25519(seed);
  }

  get holder(): Holder {
    return this.terminal.holder;
  }

  get sharing() {
    return this.holder.sharing;
  }

  /** Signs what it has counted since the grant began. */
  read({ id, grantId }: ShareRequest, usage: Partial<GrantUsage>, more: { isFinal?: boolean; at?: Date; key?: KeyObject } = {}): Promise<void> {
    const { isFinal = false, at = this.#harness.clock.now(), key = this.meter.privateKey } = more;
    const reading = { bytesIn: 0n, bytesOut: 0n, seconds: 0, ...usage, at, isFinal };
    return this.sharing.read(id, { ...reading, signature: signReading({ ...reading, grantId: grantId!, side: this.side }, key) });
  }
}

export class Guest extends Party {
  readonly key: PrivateJwk = newAccessKey();

  order(offer: Pick<Offer, 'id'>, quantity: string, key?: string): Promise<ShareRequest> {
    return this.sharing.request({ offerId: offer.id, quantity: parseQuantity(quantity), jwk: JSON.stringify(publicJwkOf(this.key)), meterKey: this.meter.publicKey }, key);
  }

  payment(request: ShareRequest, more: { key?: string } = {}): PaymentRequest {
    return { ...this.terminal.request(request.sharer.accountId, request.fee, more), shareRequestId: request.id };
  }

  async pay(request: ShareRequest): Promise<ShareRequest> {
    await this.terminal.pay(this.payment(request));
    return this.sharing.show(request.id);
  }

  async open(request: ShareRequest): Promise<AccessCode> {
    return openAccessCode((await this.sharing.accessCode(request.id))!, this.key, request.id);
  }
}

export interface Site {
  readonly harness: RolesHarness;
  readonly admin: Holder;
  /** Where an agent enforces its grants. */
  readonly ap: Holder;
  readonly sharer: Party;
  newGuest(money?: string): Promise<Guest>;
  newSharer(money?: string): Promise<Party>;
  /** Bound to the same account. */
  anotherTerminal(of: Guest): Promise<Guest>;
  /** With an offer of it. */
  newNetwork(terms?: Partial<OfferTerms>, of?: { readonly isEnforced?: boolean; readonly sharer?: Party }): Promise<{ readonly network: Network; readonly offer: Offer }>;
  /** The sharer's side as its agent has it: says yes, and brings the code. */
  deliver(request: ShareRequest, by?: Party): Promise<ShareRequest>;
  /** All the way into use. */
  sell(guest: Guest, offer: Offer, quantity: string, by?: Party): Promise<ShareRequest>;
  /** What time brings, as a server does it now and then. */
  tend(): Promise<void>;
  /** In minor units: what there is, and what of it is held. */
  money(of: Party): Promise<{ readonly balance: bigint; readonly held: bigint }>;
}

export async function openSite(harness: RolesHarness): Promise<Site> {
  const admin = await harness.hold('admin');
  const ap = await harness.hold('ap');
  await ap.ap.announce({ ssid: 'CoffeeHouse', onboardingSsid: 'setup', enforcement: 'per-grant' });
  const party = async (money: string | undefined) => {
    const account = await admin.ledger.open({ name: randomUUID(), currency: 'EUR', contact: 'somebody@example.org' });
    if (money !== undefined) await admin.ledger.topUp(account.id, parseAmount(`${money}EUR`));
    return { account, terminal: await bindTo(harness, await harness.hold('terminal'), account) };
  };
  const newSharer = async (money?: string) => {
    const { account, terminal } = await party(money);
    return new Party(harness, 'sharer', account, terminal);
  };
  const sharer = await newSharer();
  const deliver = async ({ id }: ShareRequest, by = sharer) => {
    const { jwk } = await by.sharing.approve(id);
    return by.sharing.respond(id, await sealAccessCode(accessCode, parsePublicJwk(jwk!), id));
  };
  return {
    harness,
    admin,
    ap,
    sharer,
    newSharer,
    deliver,
    async newGuest(money = '50.00') {
      const { account, terminal } = await party(money);
      return new Guest(harness, 'guest', account, terminal);
    },
    async anotherTerminal({ account }) {
      return new Guest(harness, 'guest', account, await bindTo(harness, await harness.hold('terminal'), account));
    },
    async newNetwork(parts = {}, { isEnforced = true, sharer: by = sharer } = {}) {
      const of = { accountId: by.account.id, terminalId: by.holder.token.id, meterKey: by.meter.publicKey };
      const network = await addNetwork(harness.store, { ...of, ...(isEnforced ? { apId: ap.token.apId! } : {}) });
      return { network, offer: await by.holder.offers.offer(network.id, { ...terms, ...parts }) };
    },
    async sell(guest, offer, quantity, by = sharer) {
      const request = await guest.order(offer, quantity);
      if (request.state === 'priced') await guest.pay(request);
      await deliver(request, by);
      await guest.open(request);
      return guest.sharing.acknowledge(request.id);
    },
    tend: () => new Housekeeping({ store: harness.store, clock: harness.clock, random: { bytes: (size) => randomBytes(size) } }).keep(),
    async money({ account }) {
      const { balance, held } = await admin.ledger.account(account.id);
      return { balance, held };
    },
  };
}
