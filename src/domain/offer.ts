import { isOpenAt, type OfferHours } from './offer-hours.ts';
import type { Tariff } from './tariff.ts';

/** Whether the sharer's agent approves by itself, or asks its owner. */
export const approvals = ['automatic', 'manual'] as const;
export type Approval = (typeof approvals)[number];

/** `withdrawn` is for good; a network that is suspended takes its offers off the market without changing them. */
export const offerStates = ['active', 'paused', 'withdrawn'] as const;
export type OfferState = (typeof offerStates)[number];

/** A network that its owner shares, with a tariff (glossary.md). */
export interface Offer {
  readonly id: string;
  readonly networkId: string;
  readonly accountId: string;
  readonly terminalId: string;
  readonly state: OfferState;
  /** With a price: what whoever pays anything may use is no offer. */
  readonly tariff: Tariff;
  /** How many may be on it at once. */
  readonly guests: number;
  /** When it may be bought; undefined: always. */
  readonly hours: OfferHours | undefined;
  readonly approval: Approval;
  /** From the hold of the money until the access code is there, in milliseconds: later it goes back. */
  readonly answerMs: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/** Why an active offer takes nobody at a moment: its hours, as many guests as it takes, or money that its sharer owes to others. */
export const offerClosures = ['hours', 'guests', 'owing'] as const;
export type OfferClosure = (typeof offerClosures)[number];

/** Why an active offer takes nobody at a moment; undefined if it takes requests. `owes`: its sharer has money of others to give back. */
export function closureOf({ hours, guests: most }: Pick<Offer, 'hours' | 'guests'>, { guests, owes }: { readonly guests: number; readonly owes: boolean }, at: Date): OfferClosure | undefined {
  if (owes) {
    return 'owing';
  }
  return guests >= most ? 'guests' : isOpenAt(hours, at) ? undefined : 'hours';
}

/** What its sharer has sold before. */
export interface SalesRecord {
  /** Sales that came to their end. */
  readonly delivered: number;
  /** Money that went back because nothing came of it. */
  readonly failed: number;
  /** Sales whose meters differed by more than the limit. */
  readonly disputed: number;
}

export const usualAnswerMs: Readonly<Record<Approval, number>> = { automatic: 120_000, manual: 900_000 };
export const shortestAnswerMs = 10_000;
export const longestAnswerMs = 86_400_000;
export const mostGuests = 250;
