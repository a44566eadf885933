import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { GrantKey, GrantKeyStore } from '../../roles/agent/ports.ts';

const derive = promisify(pbkdf2);
/** IEEE 802.11, J.4.1. */
const rounds = 4096;
const pskBytes = 32;
/** RFC 4648 section 6, in lower case: five bits a character, and none is mistaken for another. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const passwordCharacters = 26;
/** Derived at once in the thread pool. */
const atOnce = 64;

/** The key of a password for one network: 32 bytes (IEEE 802.11, J.4.1). */
export function pskOf(password: string, ssid: string): Promise<Buffer> {
  return derive(password, ssid, rounds, pskBytes, 'sha1');
}

/** 130 random bits in 26 characters that can be printed, typed and read out. */
export function newPassword(): string {
  return Array.from(randomBytes(passwordCharacters), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** Each grant's own password and key: made when the grant first goes on the air, kept until it is over. */
export class GrantKeys {
  readonly #store: GrantKeyStore;
  readonly #keys: Map<string, GrantKey>;

  constructor(store: GrantKeyStore) {
    this.#store = store;
    this.#keys = store.grantKeys();
  }

  get(grantId: string): GrantKey | undefined {
    return this.#keys.get(grantId);
  }

  /** Makes what is missing, durably, and forgets the others. A network that changed its name has other keys for the same passwords. */
  async keepFor(grantIds: readonly string[], ssid: string): Promise<void> {
    const missing = grantIds.filter((id) => this.#keys.get(id)?.ssid !== ssid);
    for (let start = 0; start < missing.length; start += atOnce) {
      const made = await Promise.all(missing.slice(start, start + atOnce).map(async (id) => {
        const password = this.#keys.get(id)?.password ?? newPassword();
        return [id, { ssid, password, psk: await pskOf(password, ssid) }] as const;
      }));
      this.#store.saveGrantKeys(new Map(made));
      made.forEach(([id, key]) => this.#keys.set(id, key));
    }
    if (this.#keys.size > grantIds.length) {
      const wanted = new Set(grantIds);
      const over = [...this.#keys.keys()].filter((id) => !wanted.has(id));
      this.#store.removeGrantKeys(over);
      over.forEach((id) => this.#keys.delete(id));
    }
  }
}
