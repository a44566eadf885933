import type { GuestKeys, GuestPurchase, KeptKeys, PurchaseJournal, PurchaseNote } from '../../src/roles/guest/ports.ts';
import type { KeptUse } from '../../src/roles/guest/using.ts';

/** What a guest's machine keeps, whatever becomes of the process. */
export class Disk implements PurchaseJournal {
  readonly #purchases = new Map<string, GuestPurchase>();
  readonly #keys = new Map<string, GuestKeys>();
  used: KeptUse = { meter: undefined, lastEvent: undefined };

  readonly keys: KeptKeys = {
    get: async (key) => this.#keys.get(key),
    set: async (key, keys) => void this.#keys.set(key, keys),
    remove: async (key) => void this.#keys.delete(key),
  };

  readonly kept = {
    get: async () => this.used,
    set: async (use: KeptUse) => void (this.used = use),
  };

  async all(): Promise<readonly GuestPurchase[]> {
    return [...this.#purchases.values()];
  }

  async begin({ key, at, order, begunAt }: Pick<GuestPurchase, 'key' | 'at' | 'order' | 'begunAt'>): Promise<GuestPurchase> {
    return this.#put({ key, at, order, begunAt, requestId: undefined, compared: undefined, isOver: false });
  }

  async note(key: string, note: PurchaseNote): Promise<GuestPurchase> {
    return this.#put({ ...this.#purchases.get(key)!, ...note });
  }

  #put(purchase: GuestPurchase): GuestPurchase {
    this.#purchases.set(purchase.key, purchase);
    return purchase;
  }
}
