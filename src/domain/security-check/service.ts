import type { Amount } from '../money.ts';
import type { Place } from './place.ts';

/** As the card, or whoever keeps it, tells. */
export const cardStates = ['active', 'blocked', 'lost', 'expired'] as const;
export type CardState = (typeof cardStates)[number];

/** A service may be at any moment from the first of these up to, not with, the second. */
export const serviceMoments = [Date.UTC(2000, 0, 1), Date.UTC(2200, 0, 1)] as const;

/** The data of one service. What is undefined nobody has told, and checks that need it are not available. */
export interface Service {
  readonly kind: string;
  readonly at: Date;
  readonly amount: Amount | undefined;
  readonly payee: Payee | undefined;
  /** IANA: the zone in which it takes place. */
  readonly zone: string | undefined;
  readonly place: Place | undefined;
  readonly card: Card | undefined;
  /** Its user, or the server, has said yes to it: this answers every check that asks. */
  readonly confirmed: boolean;
  /** What else is known of it, for rules. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Payee {
  readonly id: string | undefined;
  readonly category: string | undefined;
}

export interface Card {
  readonly state: CardState | undefined;
  readonly validFrom: Date | undefined;
  /** The first moment at which it is good no more. */
  readonly expiresAt: Date | undefined;
}

export type Attribute = string | number | boolean | readonly (string | number | boolean)[];
