import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { Device } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { admitsDevice, type Scope } from '../../domain/token.ts';
import { auditEntry, scopeOf, type ServiceContext } from '../service-context.ts';
import type { ChunkPlace, Store, StoredIdentity } from '../store.ts';
import type { BulkException, NewIdentity } from './ports.ts';

/** Identities that are opened at a time. */
const atOnce = 1000;

export async function reserveChunk(
  context: ServiceContext,
  place: ChunkPlace,
  identities: readonly NewIdentity[],
): Promise<readonly BulkException[]> {
  const { store, clock } = context;
  requireUnique(identities);
  // The run's number is said to nobody else: it is what a run is known by.
  const entry = (count: number) => auditEntry(context, { action: 'device.reserved', detail: { chunk: place.number, count } });
  return store.transaction(async (tx) => {
    const { admitted, refused } = await admit(context, tx, identities);
    const passedOver = await tx.chunks.insert(place, admitted, clock.now(), entry);
    const taken = await stored(tx, passedOver.map(({ uuid }) => uuid));
    const found = exceptions(context, identities, taken, place);
    const revealed = found.filter(({ kind, index }) => kind === 'resumed' && identities[index]!.made).length;
    if (revealed > 0) {
      await tx.audit.append(auditEntry(context, { action: 'device.revealed', detail: { count: revealed } }));
    }
    return [...refused, ...found];
  });
}

export async function checkChunk(context: ServiceContext, identities: readonly NewIdentity[]): Promise<readonly BulkException[]> {
  requireUnique(identities);
  const { admitted, refused } = await admit(context, context.store, identities);
  const taken = await stored(context.store, admitted.map(({ uuid }) => uuid));
  return [...refused, ...exceptions(context, identities, taken, undefined)];
}

export async function confirmChunks(context: ServiceContext, upTo: ChunkPlace): Promise<number> {
  const { store, clock } = context;
  return store.transaction(async (tx) => {
    await tx.chunks.register(upTo, clock.now(), (count) =>
      auditEntry(context, { action: 'device.registered', detail: { chunk: upTo.number, count } }));
    return tx.chunks.registered(upTo.run);
  });
}

/** What a device that exists has other than it should; undefined if it is just so. */
export function conflictOf(
  { device, passTmp }: Pick<StoredIdentity, 'device' | 'passTmp'>,
  wanted: Pick<Device, 'uuid' | 'ssid' | 'model' | 'batch' | 'label' | 'mac'> & { readonly passTmp: string },
): string | undefined {
  if (!sameText(passTmp, wanted.passTmp)) {
    return `Device ${device.uuid} exists with another pass_tmp.`;
  }
  if (device.state === 'revoked') {
    return `Device ${device.uuid} exists and is revoked.`;
  }
  const differing = (['ssid', 'model', 'batch', 'label', 'mac'] as const).filter((field) => device[field] !== wanted[field]);
  return differing.length === 0 ? undefined : `Device ${device.uuid} exists with another ${differing.join(', ')}.`;
}

/** In constant time for texts of one length. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Those that this token may make, of batches that are not revoked. */
async function admit({ actor }: ServiceContext, store: Store, identities: readonly NewIdentity[]) {
  const scope = scopeOf(actor);
  const revoked = await revokedBatches(store, identities);
  const admitted: NewIdentity[] = [];
  const refused: BulkException[] = [];
  for (const [index, identity] of identities.entries()) {
    if (!admitsDevice(scope, identity)) {
      const { code, message } = otherScope();
      refused.push({ kind: 'refused', index, code, reason: message });
    } else if (identity.batch !== undefined && revoked.has(identity.batch)) {
      const { code, message } = batchRevoked(identity.batch);
      refused.push({ kind: 'refused', index, code, reason: message });
    } else {
      admitted.push(identity);
    }
  }
  return { admitted, refused };
}

async function revokedBatches({ batches }: Store, identities: readonly NewIdentity[]): Promise<ReadonlySet<string>> {
  const revoked = new Set<string>();
  for (const name of new Set(identities.flatMap(({ batch }) => batch ?? []))) {
    if ((await batches.revocation(name)) !== undefined) revoked.add(name);
  }
  return revoked;
}

export function otherScope(): LatchkeyError {
  return new LatchkeyError('forbidden', 'This token registers devices of other models or batches.');
}

export function batchRevoked(batch: string | undefined): LatchkeyError {
  return new LatchkeyError('batch_revoked', `Batch ${batch} is revoked: no device is added to it.`);
}

async function stored(store: Store, uuids: readonly string[]): Promise<ReadonlyMap<string, StoredIdentity>> {
  const found = new Map<string, StoredIdentity>();
  for (let from = 0; from < uuids.length; from += atOnce) {
    for (const identity of await store.devices.identities(uuids.slice(from, from + atOnce))) {
      found.set(identity.device.uuid, identity);
    }
  }
  return found;
}

function exceptions(
  { actor }: ServiceContext,
  identities: readonly NewIdentity[],
  taken: ReadonlyMap<string, StoredIdentity>,
  place: ChunkPlace | undefined,
): BulkException[] {
  return identities.flatMap((identity, index): BulkException[] => {
    const found = taken.get(identity.uuid);
    return found === undefined ? [] : [exceptionOf(scopeOf(actor), identity, index, found, place)];
  });
}

function exceptionOf(scope: Scope, identity: NewIdentity, index: number, found: StoredIdentity, place: ChunkPlace | undefined): BulkException {
  const refused = (reason: string): BulkException => ({ kind: 'refused', index, code: 'device_conflict', reason });
  if (!admitsDevice(scope, found.device)) {
    return refused(beyondScope(identity.uuid));
  }
  const ofThisRun = place !== undefined && found.chunk?.run === place.run;
  if (ofThisRun && found.chunk.number !== place.number) {
    return refused(`Device ${identity.uuid} is in this run twice.`);
  }
  const passTmp = ofThisRun && identity.made ? found.passTmp : identity.passTmp;
  const conflict = conflictOf(found, { ...identity, passTmp });
  if (conflict !== undefined) {
    return refused(conflict);
  }
  return ofThisRun ? { kind: 'resumed', index, passTmp } : { kind: 'known', index, registered: found.device.state === 'registered' };
}

/** Says nothing of the device: whether a pass_tmp was guessed right is not told to everybody. */
export function beyondScope(uuid: string): string {
  return `Device ${uuid} exists, with a model or batch that this token does not register.`;
}

function requireUnique(identities: readonly NewIdentity[]): void {
  if (new Set(identities.map(({ uuid }) => uuid)).size < identities.length) {
    throw new LatchkeyError('invalid_input', 'A uuid is in the list twice.');
  }
}
