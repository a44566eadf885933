import { setImmediate } from 'node:timers/promises';
import { BatchTally, type Batch, type BatchDetails, type BatchDevice, type BatchRevocation } from '../../domain/batch.ts';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import { admitsBatch } from '../../domain/token.ts';
import { closeOpenAccess } from '../ap/closing.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, scopeOf, within, type ServiceContext } from '../service-context.ts';
import type { DeviceRange, Store } from '../store.ts';
import type { BatchesRole, RevocationStep } from './ports.ts';

/** Devices that one step revokes: some 20 ms of SQLite's, then others get their turn. */
const stepSize = 2000;
/** Of them those with something to close, which takes some queries for each. */
const mostOpen = 100;
const readSize = 1000;

export class BatchesService implements BatchesRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async list(page: PageRequest): Promise<Page<Batch>> {
    const { store, actor } = this.#context;
    const { models, batches, uuids } = scopeOf(actor);
    const limited = models !== undefined || batches !== undefined || uuids !== undefined;
    return store.batches.list(page, limited ? batches ?? [] : undefined);
  }

  async find(name: string): Promise<Batch> {
    this.#admit(name);
    const batch = await this.#context.store.batches.find(name);
    return batch ?? notFound(name);
  }

  async details(name: string): Promise<BatchDetails> {
    const batch = await this.find(name);
    const tally = new BatchTally();
    let after: string | undefined;
    do {
      const { items, next } = await this.#context.store.batches.devices(name, { after, limit: readSize });
      items.forEach((device) => tally.add(device));
      after = next;
      await setImmediate();
    } while (after !== undefined);
    return tally.details(batch) ?? notFound(name);
  }

  async devices(name: string, page: PageRequest): Promise<Page<BatchDevice>> {
    const { store } = this.#context;
    await this.#requireDevices(store, name);
    return store.batches.devices(name, page);
  }

  async revoke(name: string, reason?: string): Promise<BatchRevocation> {
    const why = reason === undefined ? undefined : parseDescription(reason, 'reason');
    return this.#context.store.transaction(async (tx) => {
      await this.#requireDevices(tx, name);
      const at = this.#context.clock.now();
      if (await tx.batches.revoke(name, { at, reason: why })) {
        // The devices' histories find it by this moment.
        await tx.audit.append({ ...auditEntry(this.#context, { action: 'batch.revoked', detail: detailOf(name, why) }), at });
      }
      return (await tx.batches.revocation(name))!;
    });
  }

  async revokeNext(name: string, after?: string): Promise<RevocationStep> {
    const behind = after === undefined ? undefined : parseUuid(after);
    return this.#context.store.transaction(async (tx) => {
      this.#admit(name);
      const revocation = await tx.batches.revocation(name);
      if (revocation === undefined) {
        throw new LatchkeyError('invalid_input', `Batch ${name} is not revoked.`);
      }
      const wanted = await tx.batches.range(name, behind, stepSize);
      if (wanted === undefined || wanted.isRevoked) {
        return { revoked: 0, next: wanted === undefined || wanted.isLast ? undefined : wanted.last };
      }
      const range = await this.#closeAccess(tx, name, wanted);
      const revoked = await tx.batches.revokeDevices(name, range, revocation.at);
      // Once more, under the locks of the devices' rows: an approval may have come in between.
      await this.#closeAccess(tx, name, range);
      if (revoked > 0) {
        const detail = { ...detailOf(name, revocation.reason), count: revoked, first: range.first, last: range.last };
        await tx.audit.append(auditEntry(this.#context, { action: 'batch.revoked', detail }));
      }
      return { revoked, next: range.isLast ? undefined : range.last };
    });
  }

  /** Returns how far it came: not to the end if many have something open. */
  async #closeAccess(tx: Store, name: string, range: DeviceRange): Promise<DeviceRange> {
    const open = await tx.batches.withOpenAccess(name, range, mostOpen);
    if (open.length > 0) {
      await closeOpenAccess(within(this.#context, tx), open, 'batch revoked');
    }
    const last = open.at(-1);
    return open.length < mostOpen || last === undefined ? range : { ...range, last, isLast: range.isLast && last === range.last };
  }

  async #requireDevices(store: Store, name: string): Promise<void> {
    this.#admit(name);
    if ((await store.batches.range(name, undefined, 1)) === undefined) {
      notFound(name);
    }
  }

  #admit(name: string): void {
    if (!admitsBatch(scopeOf(this.#context.actor), name)) {
      notFound(name);
    }
  }
}

function detailOf(batch: string, reason: string | undefined): Record<string, string> {
  return { batch, ...(reason === undefined ? {} : { reason }) };
}

function notFound(name: string): never {
  throw new LatchkeyError('batch_not_found', `There is no batch ${name}.`);
}
