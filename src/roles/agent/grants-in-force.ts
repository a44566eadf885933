import { isSpent, type Grant, type GrantUsage } from '../../domain/grant.ts';
import type { RadioStatus } from './radio.ts';
import type { GrantEnd } from './registry-copy.ts';

/** What time and traffic bring about. */
export interface Due {
  /** Grants to be ended. */
  readonly over: readonly GrantEnd[];
  /** When the next one begins or ends, in milliseconds since 1970; infinite: none does. */
  readonly nextAt: number;
  /** Whether the radio is not what the grants say. */
  readonly isBehind: boolean;
}

/** The grants of this access point, and that the radio does what they say. */
export interface GrantsInForce {
  readonly activeCount: number;
  /** From now on the radio does. */
  start(): Promise<void>;
  /** Grants that are new here or not what they were; those that are active already are known. */
  take(grants: readonly Grant[]): void;
  /** An active one. */
  find(grantId: string): Grant | undefined;
  /** One whose subject the radio lets in now. */
  onAir(grantId: string): Grant | undefined;
  /** As it was counted last, here or at the registry. */
  usage(grant: Grant): GrantUsage;
  /** Whether its subject reaches the agent alone. */
  isRestricted(grantId: string): boolean;
  due(): Due;
  /** Resolves when the radio was brought in step with what is active now, or could not be (which is told). */
  converge(): Promise<void>;
  status(): RadioStatus;
}

/** Of a grant's traffic: none once it is cut off, or was restricted for long enough. */
export type TrafficLeft = 'some' | 'restricted' | 'none';

/** `graceMs`: how long a spent grant whose policy is to restrict reaches the agent. */
export function trafficLeft(
  grant: Pick<Grant, 'quotaBytes' | 'policy' | 'usage'> & { readonly spentAt: Date | undefined },
  now: Date | undefined,
  graceMs: number,
): TrafficLeft {
  if (!isSpent(grant)) {
    return 'some';
  }
  if (grant.policy === 'cut') {
    return 'none';
  }
  const { spentAt } = grant;
  return now === undefined || spentAt === undefined || now.getTime() - spentAt.getTime() < graceMs ? 'restricted' : 'none';
}
