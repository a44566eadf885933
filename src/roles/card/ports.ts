import type { CompiledApplication } from '../../domain/security-check/compile.ts';
import type { Decision, Outcome } from '../../domain/security-check/decision.ts';
import type { GuardPoint } from '../../domain/security-check/guard.ts';
import type { Service } from '../../domain/security-check/service.ts';
import type { ServiceState } from './store.ts';

/** Applications, services and decisions as they are written down. */
export interface CardLanguage {
  /** An application from its JSON, ready. Errors: `invalid_input`, with pointers to what is wrong. */
  readonly application: (json: string) => CompiledApplication;
  readonly writeService: (service: Service) => string;
  /** Errors: `invalid_input`. */
  readonly readService: (text: string) => Service;
  readonly writeDecision: (decision: Decision) => string;
  /** What of a decision that was written down did not go well. */
  readonly readFailed: (text: string) => readonly FailedCheck[];
}

/** A check that asks, or terminates. */
export interface FailedCheck {
  readonly id: string;
  /** What was compared with what, as a clause. */
  readonly detail: string;
  /** The application's own words. */
  readonly reason: string | undefined;
}

/** A service that is about to take place. */
export interface Attempt {
  readonly guard: GuardPoint;
  /** The same service has the same key, however often it is begun. */
  readonly key: string;
  /** The account or the cash register that it is of. */
  readonly holder: string;
  readonly service: Service;
}

/** What the applications that guard a service said of it: the strictest decides. */
export interface Judgement {
  readonly serviceId: string;
  readonly outcome: Outcome;
  readonly state: ServiceState;
  /** Of all of them. */
  readonly failed: readonly (FailedCheck & { readonly application: string })[];
}

/** What the server is told of a service that was terminated: of the service itself no more than that there was one. */
export interface TerminatedService {
  readonly application: string;
  readonly version: number;
  readonly policyHash: string;
  readonly kind: string;
  readonly failed: readonly { readonly id: string; readonly reason?: string | undefined }[];
  readonly at: Date;
  readonly key: string;
}

/** The server's ear for what security checks terminate. Errors: `unauthorized`, `forbidden`, those of storage. */
export interface TerminationsRole {
  /** Once for one service and application. */
  terminated(service: TerminatedService): Promise<void>;
}
