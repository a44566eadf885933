import type { KeyObject } from 'node:crypto';
import { ed25519Public } from '../../protocol/ed25519.ts';
import type { KeptTrust, TrustStore } from './acceptance-journal.ts';
import type { TrustedKey } from './ports.ts';

export interface ReadyKey extends TrustedKey {
  readonly key: KeyObject;
}

/** The keys of a register's trust list, made ready once a list, not once a code. */
export class TrustedKeys {
  readonly #store: Pick<TrustStore, 'keys'>;
  #keys = new Map<string, ReadyKey[]>();
  #revision: number | undefined;

  constructor(store: Pick<TrustStore, 'keys'>) {
    this.#store = store;
  }

  /** From now on those of this list. Errors: those of storage. */
  follow({ revision }: KeptTrust): void {
    if (revision === this.#revision) {
      return;
    }
    const keys = new Map<string, ReadyKey[]>();
    for (const trusted of this.#store.keys()) {
      keys.set(trusted.id, [...(keys.get(trusted.id) ?? []), { ...trusted, key: ed25519Public(trusted.publicKey) }]);
    }
    this.#keys = keys;
    this.#revision = revision;
  }

  /** All of one `kid`, the revoked ones too. */
  of(keyId: string): readonly ReadyKey[] {
    return this.#keys.get(keyId) ?? [];
  }
}
