import type { Grant } from '../../domain/grant.ts';
import { newPassword } from '../../protocol/wifi-password.ts';
import { deriveWpaKey } from '../../protocol/wpa-key.ts';
import type { GrantKey, GrantKeyStore } from '../../roles/agent/store.ts';

/** Derived at once in the thread pool. */
const atOnce = 64;

/** Each grant's own password and key: made when the grant first goes on the air. */
export class GrantKeys {
  readonly #store: GrantKeyStore;
  /** Those that are on the air, and for whom they are. */
  #keys: Map<string, GrantKey>;
  #subjects: ReadonlyMap<string, string> = new Map();

  constructor(store: GrantKeyStore) {
    this.#store = store;
    this.#keys = store.grantKeys();
  }

  get(grantId: string): GrantKey | undefined {
    return this.#keys.get(grantId);
  }

  /**
   * Has those of these grants at hand, and makes what is missing, durably. A network that changed its name has other keys
   * for the same passwords; a grant that is somebody else's by now may have another password.
   */
  async load(grants: readonly Pick<Grant, 'id' | 'subject'>[], ssid: string): Promise<void> {
    const loaded = new Map<string, GrantKey>();
    const missing: [id: string, password: string][] = [];
    for (const { id, subject } of grants) {
      const isTheirs = (this.#subjects.get(id) ?? subject.id) === subject.id;
      const key = (isTheirs ? this.#keys.get(id) : undefined) ?? this.#store.grantKey(id);
      if (key?.ssid !== undefined && key.ssid === ssid) {
        loaded.set(id, key);
      } else {
        missing.push([id, key?.password ?? newPassword()]);
      }
    }
    for (let start = 0; start < missing.length; start += atOnce) {
      const made = await Promise.all(missing.slice(start, start + atOnce).map(async ([id, password]) =>
        [id, { ssid, password, psk: await deriveWpaKey(password, ssid) }] as const));
      this.#store.saveGrantKeys(new Map(made));
      made.forEach(([id, key]) => loaded.set(id, key));
    }
    this.#keys = loaded;
    this.#subjects = new Map(grants.map(({ id, subject }) => [id, subject.id]));
  }
}
