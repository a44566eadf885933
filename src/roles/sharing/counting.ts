import { laterUsage, noUsage, type Grant, type GrantUsage } from '../../domain/grant.ts';
import { differenceBytes, metersDiffer, type MeterReading, type MeterSide } from '../../domain/meter.ts';
import type { Store } from '../store.ts';

/** Whether an agent counts what each guest uses: by one password for all nobody's traffic is told from another's. */
export async function isCounted({ accessPoints }: Pick<Store, 'accessPoints'>, apId: string): Promise<boolean> {
  return (await accessPoints.find(apId))?.enforcement === 'per-grant';
}

/** What was counted of a grant, and by whom. */
export interface Count {
  /** What an agent cuts the grant off by; undefined where none does. */
  readonly agent: GrantUsage | undefined;
  readonly guest: MeterReading | undefined;
  readonly sharer: MeterReading | undefined;
}

export async function countOf(store: Store, grant: Grant): Promise<Count> {
  const readings: Readonly<Partial<Record<MeterSide, MeterReading>>> = await store.shareRequests.readings(grant.id);
  const { guest, sharer } = readings;
  // What the agent's sharer has read last may be newer than its own report.
  return { agent: (await isCounted(store, grant.network.apId)) ? laterUsage(grant.usage, sharer ?? noUsage) : undefined, guest, sharer };
}

/** Whether the two sides' counts differ by more than the limit; an agent's is its sharer's. */
export function isDisputed({ agent, guest, sharer }: Count): boolean {
  const other = agent ?? sharer;
  return guest !== undefined && other !== undefined && metersDiffer(guest, other);
}

/**
 * What counts. Where an agent enforces the grant, what it cut by; else what the guest has signed. Of what is disputed
 * without an agent nothing counts for the guest by its own word alone: the larger of the two. Undefined where the guest has signed nothing.
 */
export function countedUsage(count: Count): GrantUsage | undefined {
  const { agent, guest, sharer } = count;
  if (agent !== undefined) {
    return agent;
  }
  return isDisputed(count) && bytesOf(sharer!) > bytesOf(guest!) ? sharer : guest;
}

/** What is known of its use while it goes on. */
export function usageSoFar({ agent, guest, sharer }: Count): GrantUsage {
  return agent ?? guest ?? sharer ?? noUsage;
}

/** Whether the sharer's own side says that nothing was used: who gets on and no further still sends a little. */
export function isUnused({ agent, sharer }: Count): boolean {
  const counted = agent ?? sharer;
  return counted !== undefined && bytesOf(counted) <= differenceBytes;
}

export function bytesOf({ bytesIn, bytesOut }: GrantUsage): bigint {
  return bytesIn + bytesOut;
}
