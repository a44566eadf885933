import type { Amount } from '../money.ts';
import { parameterTypes, type Remedy } from './application.ts';

export const outcomes = ['allow', 'ask', 'terminate'] as const;
export type Outcome = (typeof outcomes)[number];

/** `terminate` before `ask` before `allow`. */
export const severity: Readonly<Record<Outcome, number>> = { allow: 0, ask: 1, terminate: 2 };

export const checkStatuses = ['passed', 'failed', 'not_available'] as const;

/** That of the application's kind, those of its parameters and its rules. */
export const checkTypes = ['kind', ...parameterTypes, 'rule'] as const;
export type CheckType = (typeof checkTypes)[number];

/** What a check compared. */
export type Compared = string | number | boolean | Date | Amount;

export interface CheckResult {
  readonly id: string;
  readonly type: CheckType;
  readonly status: (typeof checkStatuses)[number];
  /** What it asks of the decision. */
  readonly effect: 'none' | Remedy;
  /** What the service, or with it the history, came to. */
  readonly found: Compared | undefined;
  /** What that was held to. */
  readonly limit: Compared | undefined;
  /** What the data lack, as members of the JSON: `service.place.lat`. */
  readonly missing: string | undefined;
  /** How the expression, or the check itself, went wrong. */
  readonly error: string | undefined;
  /** The application's own words. */
  readonly reason: string | undefined;
}

export interface Decision {
  readonly outcome: Outcome;
  readonly application: string;
  readonly version: number;
  /** SHA-256 of the application as canonical JSON (RFC 8785), base64url. */
  readonly policyHash: string;
  /** All of them, in the order of the application, `kind` first. */
  readonly checks: readonly CheckResult[];
  /** Of the service. */
  readonly at: Date;
  /** Whether it was confirmed before. */
  readonly confirmed: boolean;
}
