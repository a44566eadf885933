import type { Amount } from './money.ts';
import type { Approval } from './offer.ts';
import type { Quantity } from './quantity.ts';
import type { Tariff } from './tariff.ts';

// One purchase of access to a shared network, from the question to the last of the money (protocol.md section 7).

/**
 * `priced`: the fee is set, its payment is awaited. `held`: the money is held, the sharer is to answer. `approved`: the
 * grant is made, its access code is awaited. `ready`: the code waits to be collected. `active`: collected or in use, and
 * so paid. `ending`: the grant is over, the last meter readings are awaited; of what was given up before it was
 * collected the fee is held until then. `ended`: settled.
 * `refused` (by the sharer), `expired` (nobody paid, answered, delivered or collected in time) and `cancelled` (by the
 * guest) never were `active`: what was held went back as a whole.
 */
export const shareRequestStates = ['priced', 'held', 'approved', 'ready', 'active', 'ending', 'ended', 'refused', 'expired', 'cancelled'] as const;
export type ShareRequestState = (typeof shareRequestStates)[number];

/** States in which money may be held for it. */
export const unpaidStates = ['held', 'approved', 'ready'] as const satisfies readonly ShareRequestState[];
export const openStates = ['priced', ...unpaidStates, 'active', 'ending'] as const satisfies readonly ShareRequestState[];

/** Which states may follow; what is in none of these is final. */
export const nextStates: Readonly<Partial<Record<ShareRequestState, readonly ShareRequestState[]>>> = {
  priced: ['held', 'refused', 'expired', 'cancelled'],
  held: ['approved', 'active', 'refused', 'expired', 'cancelled'],
  approved: ['ready', 'refused', 'expired', 'cancelled'],
  ready: ['active', 'ending', 'refused', 'expired', 'cancelled'],
  active: ['ending', 'ended'],
  ending: ['ended', 'expired', 'cancelled'],
};

export interface Party {
  readonly accountId: string;
  readonly terminalId: string;
}

export interface ShareRequest {
  readonly id: string;
  /** `increase` adds to the grant of an `access` request that is active. */
  readonly kind: 'access' | 'increase';
  /** The access request whose grant it is about; its own id if it is one. */
  readonly accessId: string;
  readonly offerId: string;
  readonly networkId: string;
  readonly apId: string;
  readonly guest: Party;
  readonly sharer: Party;
  /** The guest's key, to which the access code is sealed (`PublicJwk` as JSON); undefined for an increase. */
  readonly jwk: string | undefined;
  /** The guest's, Ed25519, 32 bytes, by which it signs meter readings. */
  readonly meterKey: Uint8Array;
  /** As it was when the fee was set; what the offer becomes later changes nothing. */
  readonly tariff: Tariff;
  readonly approval: Approval;
  /** From the hold on, in milliseconds. */
  readonly answerMs: number;
  /** What may be used for the fee, what is free with it; and the part that was bought. */
  readonly quantity: Quantity | 'unlimited';
  readonly bought: Quantity | 'unlimited';
  /** May be 0: then nothing is paid. */
  readonly fee: Amount;
  readonly state: ShareRequestState;
  readonly paymentId: string | undefined;
  readonly grantId: string | undefined;
  readonly createdAt: Date;
  /** When its state is over by itself: unpaid, unanswered, not collected, used up, not settled, or owed; undefined when it is not. */
  readonly dueAt: Date | undefined;
  readonly paidAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** Why it was refused, expired, or ended: one of `endReasons`, or what its sharer said. */
  readonly reason: string | undefined;
  /** Of the fee, in minor units: given back at the end, and what should go back but the sharer's account lacks. */
  readonly returned: bigint;
  readonly owed: bigint;
}

/** Why it is over, where nobody gave a reason. */
export const endReasons = {
  unpaid: 'unpaid',
  unanswered: 'unanswered',
  undelivered: 'undelivered',
  uncollected: 'uncollected',
  /** The guest asked again. */
  replaced: 'replaced',
  /** The sharer's account takes no money. */
  payeeClosed: 'payee_closed',
  /** The grant that was to be increased, or delivered, was over. */
  grantOver: 'grant_over',
  usedUp: 'used_up',
  revoked: 'revoked',
  byGuest: 'ended_by_guest',
  bySharer: 'ended_by_sharer',
  keyMismatch: 'key_mismatch',
  /** The guest gave up what waited to be collected. */
  givenUp: 'given_up',
} as const;

/** How long a fee stands before the money is held. */
export const feeStandsMs = 600_000;
/** How many offers a terminal may have a fee of that it has not paid: each takes its sharer's notice. */
export const mostUnpaid = 20;
/** How long an access code waits to be collected. */
export const collectMs = 600_000;
/** How long traffic that was bought may be used: who stays away for good takes nobody's place for good. */
export const trafficLastsMs = 30 * 86_400_000;
/** How long after the end of a grant both sides' last meter readings are awaited. */
export const lastReadingsMs = 120_000;

/** How long after its payment a guest may still find that the key was another, or end what brought it nothing: then all goes back. */
export const complaintMs = 600_000;
/** How long after what is owed could not be paid it is tried again. */
export const owedAgainMs = 60_000;

/** Within this of its hold, money for which nothing was got is back. */
export function moneyBackMs({ answerMs }: Pick<ShareRequest, 'answerMs'>): number {
  return answerMs + collectMs + lastReadingsMs;
}
