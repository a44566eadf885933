import type { Amount } from '../money.ts';
import type { WeeklyHours } from '../weekly-hours.ts';
import type { GuardPoint } from './guard.ts';
import type { Area } from './place.ts';
import type { Period } from './period.ts';
import type { CardState } from './service.ts';

/** What a check that was not passed asks for. There is no third: nothing that fails is passed over. */
export const remedies = ['ask', 'terminate'] as const;
export type Remedy = (typeof remedies)[number];

/** What data that are not there count as: as a check that failed, or as none at all. */
export const missingRules = ['fail', 'skip'] as const;
export type MissingRule = (typeof missingRules)[number];

/** By whose clock on the wall: that of the application's zone, or of the zone that the service names. */
export const clocks = ['application', 'service'] as const;
export type ClockOf = (typeof clocks)[number];

/** An application on a card: what its services may be. */
export interface CardApplication {
  readonly name: string;
  /** From 1; higher with each change. */
  readonly version: number;
  /** Services of another kind fail the check `kind`, which every application has. */
  readonly kind: string;
  /** IANA; periods of the calendar, hours and dates go by its clocks. */
  readonly zone: string;
  /** The services of its machine that it looks at by itself; at none, only who asks it is answered. */
  readonly guards: readonly GuardPoint[];
  readonly parameters: readonly Parameter[];
  readonly rules: readonly Rule[];
  readonly decision: DecisionPolicy;
}

export interface DecisionPolicy {
  /** So many checks that ask are no matter for asking any more: the service is terminated. Undefined: never. */
  readonly terminateAtAsks: number | undefined;
}

export interface CheckTerms {
  /** The application's own, among parameters and rules alike. */
  readonly id: string;
  readonly onFail: Remedy;
  readonly ifMissing: MissingRule;
  /** The application's own words, for people. */
  readonly reason: string | undefined;
}

/** One security parameter: a check of each service. */
export type Parameter = CheckTerms & ParameterTerms;

export type ParameterTerms =
  | { readonly type: 'largest_amount'; readonly atMost: Limits }
  | { readonly type: 'total'; readonly per: Period; readonly atMost: Limits }
  | { readonly type: 'count'; readonly per: Period; readonly atMost: number }
  | ({ readonly type: 'currencies' } & Listed)
  | ({ readonly type: 'payees' } & Listed)
  | ({ readonly type: 'categories' } & Listed)
  | { readonly type: 'hours'; readonly hours: readonly WeeklyHours[]; readonly clock: ClockOf }
  | ({ readonly type: 'dates'; readonly clock: ClockOf } & Listed)
  | { readonly type: 'places'; readonly inside: readonly Area[] | undefined; readonly outside: readonly Area[] | undefined }
  | { readonly type: 'distance'; readonly atMostKm: number }
  | { readonly type: 'speed'; readonly atMostKmh: number; readonly toleranceKm: number }
  | { readonly type: 'velocity'; readonly limits: VelocityLimits; readonly targetPercent: number; readonly mostPercent: number }
  | { readonly type: 'card_state'; readonly allow: readonly CardState[] }
  | { readonly type: 'card_validity' }
  | { readonly type: 'validity'; readonly from: Date | undefined; readonly until: Date | undefined };

/** Those of one type. */
export type TermsOf<T extends ParameterType> = Extract<ParameterTerms, { readonly type: T }>;

export const parameterTypes = [
  'largest_amount', 'total', 'count', 'currencies', 'payees', 'categories', 'hours', 'dates', 'places', 'distance', 'speed', 'velocity', 'card_state', 'card_validity', 'validity',
] as const satisfies readonly ParameterTerms['type'][];
export type ParameterType = ParameterTerms['type'];

/** One amount for each currency; any other currency is over the limit. */
export type Limits = readonly Amount[];

/** Of `allow` if it is there, and not of `deny`. */
export interface Listed {
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[] | undefined;
}

/** Of the services since the last that was confirmed, with this one: how many, or how much. */
export type VelocityLimits =
  | { readonly of: 'count'; readonly lower: number; readonly upper: number }
  | { readonly of: 'total'; readonly lower: Amount; readonly upper: Amount };

/** A condition of the application's own, in CEL. */
export interface Rule {
  readonly id: string;
  /** What is so when the expression is true: the rule has failed (`when`), or it is kept (`require`). */
  readonly sense: 'when' | 'require';
  readonly expression: string;
  readonly then: Remedy;
  readonly reason: string | undefined;
}
