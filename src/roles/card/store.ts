import type { Amount } from '../../domain/money.ts';
import type { Outcome } from '../../domain/security-check/decision.ts';
import type { GuardPoint } from '../../domain/security-check/guard.ts';
import type { LastService, Usage } from '../../domain/security-check/history.ts';
import type { Place } from '../../domain/security-check/place.ts';

/** An application as it was added; one of each name is in force at a time. */
export interface KeptApplication {
  readonly name: string;
  readonly version: number;
  /** As it came; what of it is damaged since, its hash says. */
  readonly json: string;
  readonly policyHash: string;
  readonly guards: readonly GuardPoint[];
  readonly addedAt: Date;
  /** When it was removed, or another version came into its place. */
  readonly endedAt: Date | undefined;
}

/**
 * `counted`: it went on, and takes up room under limits. `reversed`: it gave that back. `terminated`: it did not go on.
 * `asked`: it goes on once it is confirmed, or, where it was only foreseen and allowed, once it is begun.
 */
export const serviceStates = ['counted', 'reversed', 'terminated', 'asked'] as const;
export type ServiceState = (typeof serviceStates)[number];

/** The same service, however often it is begun: what another account or register has under this key is another. */
export interface ServiceKey {
  readonly guard: GuardPoint;
  /** The account or the cash register that it is of. */
  readonly holder: string;
  readonly key: string;
}

/** A check that asked, of that version of its application, and that somebody has said yes to. */
export interface Answer {
  readonly application: string;
  readonly version: number;
  /** Of the check. */
  readonly id: string;
}

/** One service that was held to the applications that guard it, and what they said. */
export interface KeptService extends ServiceKey {
  readonly id: string;
  readonly kind: string;
  readonly at: Date;
  /** The service as JSON. */
  readonly data: string;
  /** What was drawn for it, from 0 up to, not with, 1. */
  readonly random: number;
  readonly outcome: Outcome;
  readonly state: ServiceState;
  /** It was judged as one that somebody has said yes to. */
  readonly confirmed: boolean;
  /** All of its key, also of judgements before. */
  readonly answered: readonly Answer[];
  readonly recordedAt: Date;
  /** What it really came to, where it was begun, and judged, as more; this is what counts then. */
  readonly paid: Amount | undefined;
  /** It has come to a good end: what it counts stands. */
  readonly settledAt: Date | undefined;
  readonly reversedAt: Date | undefined;
  /** Why it was reversed. */
  readonly reason: string | undefined;
  readonly decisions: readonly KeptDecision[];
}

export interface KeptDecision {
  readonly application: string;
  readonly version: number;
  readonly policyHash: string;
  readonly outcome: Outcome;
  /** The whole decision as JSON. */
  readonly json: string;
}

/** What a service takes up under the limits of one application. */
export interface Use {
  readonly application: string;
  readonly at: Date;
  readonly amount: Amount | undefined;
  readonly place: Place | undefined;
  readonly confirmed: boolean;
}

export interface ServiceFilter {
  readonly application?: string | undefined;
  /** Of that application if one is named, else of the service. */
  readonly outcome?: Outcome | undefined;
}

/** A decision that the server is to hear of. */
export interface UntoldDecision extends KeptDecision {
  readonly service: Pick<KeptService, 'id' | 'kind' | 'at' | 'key'>;
}

/** What the security check of this machine keeps. Errors of all: those of storage. */
export interface CardStore {
  /** Nobody else changes anything meanwhile; nothing is changed if the work throws. */
  transaction<T>(work: () => T): Promise<T>;

  /** Those in force, by name. */
  applications(): readonly KeptApplication[];
  /** All of a name that ever were, the newest first. */
  versions(name: string): readonly KeptApplication[];
  /** In the place of the one that is in force, if one is. */
  putApplication(application: KeptApplication): void;
  endApplication(name: string, at: Date): void;

  service(id: string): KeptService | undefined;
  /** The last one that was begun under it. */
  serviceOf(key: ServiceKey): KeptService | undefined;
  insertService(service: KeptService): void;
  /** With its decisions. */
  updateService(service: KeptService): void;
  /** Newest first, those before `before` alone. */
  services(filter: ServiceFilter, page: { readonly limit: number; readonly before?: string | undefined }): readonly KeptService[];
  /** Of an application, in the order in which they were begun; behind the one named. */
  servicesOf(application: string, page: { readonly after: string | undefined; readonly limit: number }): readonly KeptService[];
  /** Those that are counted and not settled. */
  unsettled(guards: readonly GuardPoint[], holder: string): readonly KeptService[];

  count(serviceId: string, uses: readonly Use[]): void;
  uncount(serviceId: string): void;
  /** All that counts for an application from a moment on, whatever was dated later than now: a clock that is set back frees nothing. */
  usage(application: string, from: number): Usage;
  /** All that was begun since the last that was confirmed. */
  sinceConfirmed(application: string): Usage;
  /** The last that was counted. */
  last(application: string): LastService | null;

  /** Of what was terminated there, the oldest first. */
  untold(guards: readonly GuardPoint[], holder: string, limit: number): readonly UntoldDecision[];
  markTold(decision: UntoldDecision, at: Date): void;

  /**
   * Takes the oldest services out of the log, at most so many, up to the first that was not before that moment. They stay
   * in the totals of their days and in what was begun since the last that was confirmed; the last that an application
   * counted stays.
   */
  takeOut(before: Date, limit: number): void;

  close(): void;
}
