import type { OfferHours } from './offer-hours.ts';
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
export const longestAnswerMs = 86_400_000;
export const mostGuests = 250;
