import { LatchkeyError } from '../domain/errors.ts';
import { statusText, statusWord } from './apdu.ts';
import { interindustry, walletAid, walletClass, walletInstruction, walletVersion } from './card-application.ts';
import {
  accessClaim,
  authorisation,
  authoriseRequest,
  deliveredCredential,
  networkRequest,
  paymentInfo,
  paymentOutcome,
  walletApplication,
  type AccessClaim,
  type Authorisation,
  type AuthoriseRequest,
  type CardMessage,
  type DeliveredCredential,
  type NetworkRequest,
  type PaymentInfo,
  type PaymentOutcome,
  type WalletApplication,
} from './card-messages.ts';
import { exchange, type Card } from './card.ts';
import { walletDeclined } from './wallet-decline.ts';

/**
 * Selects our wallet on a card, before anything else is asked of it; undefined if the card has none and is known by its
 * UID alone. Errors of this and of all below: `card_answer_malformed`, those of the card's `transmit`, and, but here,
 * `card_refused` and `service_terminated`.
 */
export async function selectWallet(card: Card): Promise<WalletApplication | undefined> {
  const { data, status } = await exchange(card, { cla: interindustry.cla, ins: interindustry.select, p1: interindustry.byName, data: walletAid });
  // Cards that know no applications say so in other words than 6A82.
  if (status !== statusWord.done) {
    return undefined;
  }
  const application = answer(walletApplication, data);
  if (application.version !== walletVersion) {
    throw new LatchkeyError('card_answer_malformed', `The wallet on this card speaks version ${application.version}; this program speaks ${walletVersion}.`);
  }
  return application;
}

export async function readPaymentInfo(card: Card): Promise<PaymentInfo> {
  return answer(paymentInfo, await asked(card, walletInstruction.paymentInfo));
}

/** Waits as long as the wallet's user takes to confirm, and the reader lets it. */
export async function authorise(card: Card, request: AuthoriseRequest): Promise<Authorisation> {
  return answer(authorisation, await asked(card, walletInstruction.authorise, authoriseRequest.encode(request)));
}

export async function deliverResult(card: Card, outcome: PaymentOutcome): Promise<void> {
  await asked(card, walletInstruction.result, paymentOutcome.encode(outcome));
}

/** Asks the wallet whether it wants to be on a network, and by what it is known there. */
export async function requestAccess(card: Card, request: NetworkRequest): Promise<AccessClaim> {
  return answer(accessClaim, await asked(card, walletInstruction.accessRequest, networkRequest.encode(request)));
}

/** In the tap of `requestAccess`. */
export async function deliver(card: Card, credential: DeliveredCredential): Promise<void> {
  await asked(card, walletInstruction.deliver, deliveredCredential.encode(credential));
}

async function asked(card: Card, ins: number, body?: Uint8Array): Promise<Uint8Array> {
  const { data, status } = await exchange(card, { cla: walletClass, ins, ...(body === undefined ? {} : { data: body }) });
  if (status === statusWord.conditionsNotSatisfied) {
    throw walletDeclined('card_refused', 'card');
  }
  if (status === statusWord.securityStatusNotSatisfied) {
    throw walletDeclined('service_terminated', 'card');
  }
  if (status !== statusWord.done) {
    throw new LatchkeyError('card_answer_malformed', `The wallet on this card answers ${statusText(status)} to instruction ${ins.toString(16)}.`);
  }
  return data;
}

function answer<T>(message: CardMessage<T>, data: Uint8Array): T {
  try {
    return message.decode(data);
  } catch (error) {
    throw new LatchkeyError('card_answer_malformed', undefined, { cause: error });
  }
}
