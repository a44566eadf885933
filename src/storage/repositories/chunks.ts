import type { Sealer } from '../../roles/sealer.ts';
import type { ChunkPlace, ChunkRepository, NewAuditEntry, NewDevice } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { appendOne } from './audit.ts';
import { reservedRow } from './devices.ts';

export class Chunks implements ChunkRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  insert<D extends Omit<NewDevice, 'createdAt'>>(
    { run, number }: ChunkPlace,
    devices: readonly D[],
    at: Date,
    entry: (count: number) => NewAuditEntry,
  ): Promise<readonly D[]> {
    // Neighbours in the order of keys share pages, which are written once.
    const sorted = devices.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1));
    return this.#db.transaction(async (tx) => {
      const { id } = await tx.write.insertInto('chunks').values({ run, number, devices: 0 }).returning('id').executeTakeFirstOrThrow();
      const added = await tx.insertNew('devices', sorted, (device) => Object.assign(reservedRow(device, at, this.#sealer), { chunk: id }), ['uuid']);
      if (added.length === 0) {
        await tx.write.deleteFrom('chunks').where('id', '=', id).execute();
        return devices;
      }
      const made = { devices: added.length, reserved_entry: BigInt(await appendOne(tx, entry(added.length))) };
      await tx.write.updateTable('chunks').set(made).where('id', '=', id).execute();
      return added.length === devices.length ? [] : without(devices, new Set(added));
    });
  }

  register({ run, number }: ChunkPlace, at: Date, entry: (count: number) => NewAuditEntry): Promise<number> {
    return this.#db.transaction(async (tx) => {
      const chunks = await tx.write.updateTable('chunks')
        .set({ registered_at: at })
        .where('run', '=', run)
        .where('number', '<=', number)
        .where('registered_at', 'is', null)
        .returning(['id', 'devices'])
        .execute();
      if (chunks.length === 0) {
        return 0;
      }
      const count = chunks.reduce((sum, { devices }) => sum + Number(devices), 0);
      const registeredEntry = BigInt(await appendOne(tx, entry(count)));
      await tx.write.updateTable('chunks')
        .set({ registered_entry: registeredEntry })
        .where('id', 'in', chunks.map(({ id }) => id))
        .execute();
      return count;
    });
  }

  async registered(run: number): Promise<number> {
    const { total } = await this.#db.read.selectFrom('chunks')
      .select(({ fn }) => fn.sum<number | string | null>('devices').as('total'))
      .where('run', '=', run)
      .where('registered_at', 'is not', null)
      .executeTakeFirstOrThrow();
    return Number(total ?? 0);
  }
}

function without<D>(devices: readonly D[], added: ReadonlySet<D>): readonly D[] {
  return devices.filter((device) => !added.has(device));
}
