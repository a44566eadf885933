import type { Place, Sealer } from '../../roles/sealer.ts';
import type { SettingRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';

/** Where a setting's value is sealed to. */
export function settingPlace(name: string): Place {
  return { table: 'settings', row: name, column: 'value' };
}

export class Settings implements SettingRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async get(name: string): Promise<string | undefined> {
    const row = await this.#db.read.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
    return row === undefined ? undefined : this.#sealer.openText(row.value, settingPlace(name));
  }

  async insert(name: string, value: string): Promise<boolean> {
    const result = await this.#db.write.insertInto('settings')
      .values({ name, value: this.#sealer.seal(value, settingPlace(name)) })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }
}
