import type { GrantKey, GrantKeyStore, GrantPassword } from '../../roles/agent/store.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { AgentFile } from './agent-file.ts';
import { openIfKeyIsHere } from './open-if-key-is-here.ts';

interface GrantKeyRow {
  id: string;
  psk_ssid: string | null;
  password: Uint8Array;
  psk: Uint8Array | null;
}

export function grantKeyPlace(grantId: string, column: 'password' | 'psk'): Place {
  return { table: 'grants', row: grantId, column };
}

export class GrantKeys implements GrantKeyStore {
  readonly #file: AgentFile;
  readonly #sealer: Sealer;

  constructor(file: AgentFile, sealer: Sealer) {
    this.#file = file;
    this.#sealer = sealer;
  }

  /** Those that have no key yet, or one under a key of ours that was retired, are left out. */
  grantKeys(): Map<string, GrantKey> {
    const keys = new Map<string, GrantKey>();
    const old = new Map<string, GrantKey>();
    for (const row of this.#file.all<GrantKeyRow & { psk: Uint8Array }>(`select id, psk_ssid, password, psk from grants where state = 'active' and psk is not null`)) {
      const key = this.#openGrantKey(row);
      if (key?.ssid !== undefined) {
        keys.set(row.id, key);
        if (!this.#sealer.isCurrent(row.password) || !this.#sealer.isCurrent(row.psk)) {
          old.set(row.id, key);
        }
      }
    }
    this.saveGrantKeys(old);
    return keys;
  }

  grantKey(grantId: string): GrantKey | GrantPassword | undefined {
    const [row] = this.#file.all<GrantKeyRow>('select id, psk_ssid, password, psk from grants where id = ? and password is not null', grantId);
    return row === undefined ? undefined : this.#openGrantKey(row);
  }

  saveGrantKeys(keys: ReadonlyMap<string, GrantKey | GrantPassword>): void {
    this.#file.transaction(() => {
      for (const [id, key] of keys) {
        this.#file.change(
          `update grants set password = ?, psk_ssid = ?, psk = ? where id = ? and state = 'active'`,
          this.#sealer.seal(key.password, grantKeyPlace(id, 'password')),
          key.ssid ?? null,
          key.ssid === undefined ? null : this.#sealer.seal(key.psk, grantKeyPlace(id, 'psk')),
          id);
      }
    });
  }

  /** Undefined under a key that was retired: the grant gets a new one. */
  #openGrantKey({ id, psk_ssid: ssid, password: box, psk }: GrantKeyRow): GrantKey | GrantPassword | undefined {
    return openIfKeyIsHere(() => {
      const password = this.#sealer.openText(box, grantKeyPlace(id, 'password'));
      return ssid === null || psk === null ? { ssid: undefined, password } : { ssid, password, psk: this.#sealer.open(psk, grantKeyPlace(id, 'psk')) };
    });
  }
}
