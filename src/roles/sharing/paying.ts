import { LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import { moneyBackMs, unpaidStates, type ShareRequest } from '../../domain/share-request.ts';
import type { Bought } from '../ledger/payment-desk.ts';
import type { PaymentRequest } from '../ledger/payment-request.ts';
import type { ServiceContext } from '../service-context.ts';
import { News } from './news.ts';
import { asSide, over } from './parties.ts';
import { move } from './transition.ts';

/** The request itself gives back in time; this is for when nobody looks after it. */
const afterMs = 60_000;

/**
 * What a payment is that pays for access to a shared network: a hold of its fee, which its request ends.
 * Errors: `invalid_input` if it is no such payment, `share_request_not_found`.
 */
export async function orderedAccess(context: ServiceContext, request: PaymentRequest, requestId: string): Promise<{ readonly request: PaymentRequest; readonly bought: Bought }> {
  const { holdMs, purchase, code, payeeId, amount } = request;
  const ordered = await asSide(context, requestId, 'guest');
  if (holdMs !== undefined || purchase !== undefined || code !== undefined) {
    throw new LatchkeyError('invalid_input', 'What pays for access is held as long as that takes, and buys nothing else.');
  }
  if (payeeId !== ordered.sharer.accountId || amountText(amount) !== amountText(ordered.fee)) {
    throw new LatchkeyError('invalid_input', `Request ${ordered.id} costs ${amountText(ordered.fee)}, to be paid to ${ordered.sharer.accountId}.`);
  }
  return { request: { ...request, holdMs: moneyBackMs(ordered) + afterMs }, bought: boughtBy(ordered) };
}

function boughtBy({ id, guest }: ShareRequest): Bought {
  let news: News;
  return {
    description: `share ${id}`,
    async make(context, payment) {
      if (payment.accountId !== guest.accountId) {
        throw new LatchkeyError('invalid_input', `Request ${id} is paid from ${guest.accountId}.`);
      }
      news = new News(context);
      await hold(context, id, payment, news);
      return true;
    },
    finish: (context) => news.tell(context),
  };
}

/**
 * The fee is held, or there is none: inside that transaction. Errors: `share_request_over` also where the offer takes
 * nobody any more, and where what was free went with another request.
 */
export async function hold(context: ServiceContext, id: string, payment: Pick<Payment, 'id'> | undefined, news: News): Promise<ShareRequest> {
  const { store, clock } = context;
  const request = (await store.shareRequests.find(id))!;
  await (request.kind === 'access' ? requireRoom(context, request) : requireActive(context, request));
  const now = clock.now();
  const isInTime = request.dueAt === undefined || now < request.dueAt;
  const change = { state: 'held', paymentId: payment?.id, dueAt: new Date(now.getTime() + request.answerMs) } as const;
  const held = isInTime ? await move(context, request, ['priced'], change) : undefined;
  if (held === undefined) {
    throw over(request);
  }
  news.add('sharer', 'payment.held', held);
  return held;
}

/** Of all who pay at once, one after the other. */
async function requireRoom({ store }: ServiceContext, request: ShareRequest): Promise<void> {
  const { offerId, networkId, guest, sharer } = request;
  const offer = (await store.offers.lock(offerId))!;
  const isOnOffer = offer.state === 'active' && (await store.networks.find(networkId))?.state === 'valid';
  const isFull = (await store.offers.guests(offerId)) >= offer.guests;
  const { items: others } = await store.shareRequests.list({ guestTerminalId: guest.terminalId, offerId, kind: 'access', states: [...unpaidStates, 'active'] }, { limit: 1 });
  const isFreeTwice = hasFree(request) && (await store.shareRequests.hasBought(guest.accountId, networkId));
  if (!isOnOffer || isFull || others.length > 0 || isFreeTwice || (await store.offers.owes(sharer.accountId))) {
    throw over(request);
  }
}

function hasFree({ quantity, bought }: ShareRequest): boolean {
  return quantity !== 'unlimited' && bought !== 'unlimited' && quantity.size !== bought.size;
}

async function requireActive({ store }: ServiceContext, request: ShareRequest): Promise<void> {
  if ((await store.shareRequests.find(request.accessId))?.state !== 'active') {
    throw over(request);
  }
}
