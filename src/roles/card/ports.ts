import type { Payee } from '../../domain/account.ts';
import type { Amount } from '../../domain/money.ts';
import type { CompiledApplication } from '../../domain/security-check/compile.ts';
import type { Decision, Outcome } from '../../domain/security-check/decision.ts';
import type { Service } from '../../domain/security-check/service.ts';
import type { Answer, ServiceKey, ServiceState } from './store.ts';

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
export interface Attempt extends ServiceKey {
  readonly service: Service;
  /** What was begun under its key before is known not to have taken place: this is another, and is judged anew. */
  readonly isAnew?: boolean | undefined;
}

/** What the applications that guard a service said of it: the strictest decides. */
export interface Judgement {
  readonly serviceId: string;
  readonly outcome: Outcome;
  readonly state: ServiceState;
  /** Of all of them. */
  readonly failed: readonly (FailedCheck & Answer)[];
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
  /** At least once for one service and application. */
  terminated(service: TerminatedService): Promise<void>;
}

/** What a wallet is about to pay. */
export interface GuardedOrder {
  readonly key: string;
  readonly payee: Payee;
  readonly amount: Amount;
}

/**
 * The security check of a wallet, for one account; what is paid is checked inside its lock. Errors of what begins a service:
 * `service_terminated`, `answer_needed`, `card_refused` if its user says no to what it asks, and what keeps it from
 * checking; nothing goes on then.
 */
export interface WalletGuard {
  /** Before a cash register gets a password for it. */
  charge(order: GuardedOrder): Promise<void>;
  /** Before a cash register gets the wallet's word for a network. The function that it returns is told if nothing came of it. */
  access(request: { readonly apId: string; readonly network?: string | undefined }): Promise<() => Promise<void>>;
  /** What was begun is compared with what came of it: what was not paid gives its room back. */
  reconcile(): Promise<void>;
}

/** The security check of a cash register. Errors of what begins a service: `service_terminated`, `answer_needed`, and what keeps it from checking. */
export interface RegisterGuard {
  /** Before an order is charged; the same order once. */
  charge(order: string, amount: Amount, tender: string): Promise<void>;
  /** What came of it: what was not charged gives its room back. */
  charged(order: string, isCharged: boolean): Promise<void>;
  /** The same of what a process left behind that is gone. `isCharged`: of an order that is not under way. */
  reconcile(isCharged: (order: string) => Promise<boolean>): Promise<void>;
  /** Before somebody gets onto the network. The function that it returns is told if they did not. */
  access(by: string): Promise<() => Promise<void>>;
}
