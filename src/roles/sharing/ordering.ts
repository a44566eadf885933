import type { Account } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { sameCurrency } from '../../domain/money.ts';
import type { Network } from '../../domain/network.ts';
import { closureOf, type Offer } from '../../domain/offer.ts';
import { quantityText, type Allowance, type Quantity } from '../../domain/quantity.ts';
import { endReasons, feeStandsMs, mostUnpaid, unpaidStates, type ShareRequest } from '../../domain/share-request.ts';
import { bought, priceOf, type Tariff } from '../../domain/tariff.ts';
import { parsePublicJwk } from '../../protocol/access-code.ts';
import { newEd25519Public } from '../../protocol/ed25519.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import { tended } from './due.ts';
import { goesOn, hasRoomFor } from './granting.ts';
import type { News } from './news.ts';
import { asSide, over, payingAccount } from './parties.ts';
import { hold } from './paying.ts';
import type { AccessOrder } from './ports.ts';
import { inTransaction, move } from './transition.ts';

/** Errors: as `SharingRole.request`. */
export async function requestAccess(context: ServiceContext, order: AccessOrder): Promise<ShareRequest> {
  const terminalId = terminalIdOf(context.actor);
  const jwk = JSON.stringify(parsePublicJwk(order.jwk));
  newEd25519Public(order.meterKey);
  const account = await payingAccount(context, order.account);
  for (const other of await openFor(context, terminalId, order.offerId)) {
    await tended(context, other);
  }
  return inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const offer = await store.offers.find(order.offerId);
    if (offer === undefined) {
      throw new LatchkeyError('offer_not_found', `There is no offer ${order.offerId}.`);
    }
    if (account.id === offer.accountId) {
      throw new LatchkeyError('payee_is_payer');
    }
    const network = await requireOpen(within, offer);
    const now = clock.now();
    const first = !(await store.shareRequests.hasBought(account.id, network.id));
    const price = priced(offer.tariff, order.quantity, { account, now, first });
    await replaceOthers(within, terminalId, offer, news);
    await requireFewUnpaid(within, terminalId, now);
    const id = newId(within, 'srq');
    const request: ShareRequest = {
      ...begun,
      ...price,
      id,
      kind: 'access',
      accessId: id,
      offerId: offer.id,
      networkId: network.id,
      apId: network.apId,
      guest: { accountId: account.id, terminalId },
      sharer: { accountId: offer.accountId, terminalId: offer.terminalId },
      jwk,
      meterKey: order.meterKey,
      tariff: offer.tariff,
      approval: offer.approval,
      answerMs: offer.answerMs,
      createdAt: now,
      dueAt: new Date(now.getTime() + feeStandsMs),
    };
    return begin(within, request, news);
  });
}

/** Errors: as `SharingRole.increase`. */
export async function requestIncrease(context: ServiceContext, accessId: string, quantity: Quantity): Promise<ShareRequest> {
  const seen = await asSide(context, accessId, 'guest');
  return inTransaction(context, async (within, news) => {
    const { store, clock } = within;
    const access = (await store.shareRequests.find(seen.id))!;
    if (access.kind !== 'access' || access.state !== 'active') {
      throw over(access);
    }
    const now = clock.now();
    const grant = await store.grants.find(access.grantId!);
    if (grant === undefined || !goesOn(grant, now)) {
      throw new LatchkeyError('grant_over', `The access that request ${access.id} bought is over.`);
    }
    if (access.quantity === 'unlimited') {
      throw new LatchkeyError('purchase_too_large', `Request ${access.id} has no limit that could be raised.`);
    }
    const account = (await store.accounts.find(access.guest.accountId))!;
    const price = priced(access.tariff, quantity, { account, now, first: false });
    if (!hasRoomFor(grant, price.quantity as Quantity)) {
      throw new LatchkeyError('purchase_too_large', `Request ${access.id} and this together are more than anybody may have.`);
    }
    await replaceIncreases(within, grant.id, news);
    const request: ShareRequest = {
      ...access,
      ...begun,
      ...price,
      id: newId(within, 'srq'),
      kind: 'increase',
      accessId: access.id,
      jwk: undefined,
      grantId: grant.id,
      createdAt: now,
      dueAt: new Date(now.getTime() + feeStandsMs),
    };
    return begin(within, request, news);
  });
}

const begun = {
  state: 'priced', paymentId: undefined, grantId: undefined, paidAt: undefined, endedAt: undefined, reason: undefined, returned: 0n, owed: 0n,
} as const satisfies Partial<ShareRequest>;

/** The fee is fixed here, and what is had for it. */
function priced(
  tariff: Tariff,
  wanted: Quantity,
  { account, now, first }: { readonly account: Account; readonly now: Date; readonly first: boolean },
): Pick<ShareRequest, 'fee' | 'quantity' | 'bought'> {
  const fee = priceOf(tariff, wanted, now, { first });
  if (fee === undefined) {
    throw new LatchkeyError('tariff_without_price');
  }
  sameCurrency(fee, account);
  const purchase = bought(tariff, fee, now, { first });
  return { fee, quantity: purchase.quantity, bought: purchase.bought };
}

async function begin(context: ServiceContext, request: ShareRequest, news: News): Promise<ShareRequest> {
  const { store } = context;
  await store.shareRequests.insert(request);
  const { fee, quantity, sharer, dueAt, kind } = request;
  const price = { minor: fee.minor.toString(), currency: fee.currency };
  news.add('sharer', kind === 'access' ? 'request.received' : 'increase.received', request, { ...price, quantity: allowanceText(quantity) });
  news.add('guest', 'fee.set', request, { ...price, payee_id: sharer.accountId, expires_at: dueAt!.toISOString() });
  return fee.minor === 0n ? hold(context, request.id, undefined, news) : request;
}

function allowanceText(allowance: Allowance): string {
  return allowance === 'unlimited' ? allowance : quantityText(allowance);
}

/** Whether an offer takes a guest now. Errors: `offer_closed`. */
async function requireOpen({ store, clock }: ServiceContext, offer: Offer): Promise<Network> {
  const network = (await store.networks.find(offer.networkId))!;
  const standing = { guests: await store.offers.guests(offer.id), owes: await store.offers.owes(offer.accountId) };
  if (offer.state !== 'active' || network.state !== 'valid' || closureOf(offer, standing, clock.now()) !== undefined) {
    throw new LatchkeyError('offer_closed', `Offer ${offer.id} takes nobody now.`);
  }
  return network;
}

/** A terminal has one request for an offer: what is not paid gives way to the next. Errors: `share_request_open`. */
async function replaceOthers(context: ServiceContext, guestTerminalId: string, { id: offerId }: Offer, news: News): Promise<void> {
  for (const other of await openFor(context, guestTerminalId, offerId)) {
    const replaced = other.state === 'priced' ? await move(context, other, ['priced'], replacement(context)) : undefined;
    if (replaced === undefined) {
      throw new LatchkeyError('share_request_open', `Request ${other.id} is ${other.state}.`);
    }
    news.add('sharer', 'request.cancelled', replaced, { reason: endReasons.replaced });
  }
}

/** Errors: `unpaid_limit`. */
async function requireFewUnpaid({ store }: ServiceContext, guestTerminalId: string, now: Date): Promise<void> {
  // Those whose time is over are the oldest.
  const { items } = await store.shareRequests.list({ guestTerminalId, kind: 'access', states: ['priced'] }, { limit: mostUnpaid });
  if (items.filter(({ dueAt }) => now < dueAt!).length >= mostUnpaid) {
    throw new LatchkeyError('unpaid_limit', `A terminal has at most ${mostUnpaid} requests that it has not paid.`, { retryAfter: feeStandsMs / 1000 });
  }
}

/** As of access: else whoever pays nothing makes more and more of them, all of which end with the grant. */
async function replaceIncreases(context: ServiceContext, grantId: string, news: News): Promise<void> {
  for (const other of await context.store.shareRequests.ofGrant(grantId)) {
    const replaced = other.kind === 'increase' && other.state === 'priced' ? await move(context, other, ['priced'], replacement(context)) : undefined;
    if (replaced !== undefined) {
      news.add('sharer', 'request.cancelled', replaced, { reason: endReasons.replaced });
    }
  }
}

function replacement({ clock }: ServiceContext) {
  return { state: 'cancelled', dueAt: undefined, endedAt: clock.now(), reason: endReasons.replaced } as const;
}

async function openFor({ store }: ServiceContext, guestTerminalId: string, offerId: string): Promise<readonly ShareRequest[]> {
  const open = { guestTerminalId, offerId, kind: 'access', states: ['priced', ...unpaidStates, 'active'] } as const;
  return (await store.shareRequests.list(open, { limit: 100 })).items;
}
