import type { KeptTap, Tap, TapPlace, TapRepository } from '../../roles/pos/store.ts';
import type { Database } from '../database.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { TapTable } from '../tables.ts';

const atPlace: PreparedQuery<{ registerId: string; key: string; subjectId: string }, Pick<TapTable, 'fingerprint' | 'came_to'>> = (db, { registerId, key, subjectId }) =>
  db.selectFrom('taps').select(['fingerprint', 'came_to']).where('register_id', '=', registerId).where('key', '=', key).where('subject_id', '=', subjectId);

export class Taps implements TapRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find({ registerId, key, subjectId }: TapPlace): Promise<KeptTap | undefined> {
    const [row] = await this.#db.find(atPlace, { registerId, key, subjectId });
    return row && { fingerprint: row.fingerprint, cameTo: row.came_to };
  }

  async insert(tap: Tap, cameTo: string, at: Date): Promise<boolean> {
    const added = await this.#db.insertNew('taps', [tap], ({ registerId, key, subjectId, fingerprint }) => ({
      register_id: registerId,
      key,
      subject_id: subjectId,
      fingerprint,
      came_to: cameTo,
      at,
    }), ['register_id', 'key', 'subject_id']);
    return added.length === 1;
  }
}
