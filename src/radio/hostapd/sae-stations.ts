import type { SaeEntry } from './sae-block.ts';

export interface SaeGrant extends SaeEntry {
  readonly startsAt: Date;
}

const unattributedMs = 15_000;

/**
 * Whose a station is that is on by SAE. SAE does not tell whose password a station used; its address does. A station that
 * no grant is bound to is the one of the only grant that is bound to nobody, if there is one; if there are several, their
 * devices say so (`joined`), or are disconnected: they could be neither metered nor taken off the air.
 */
export class SaeStations {
  readonly #onFound: () => void;
  #wanted: readonly SaeGrant[] = [];
  /** Addresses of grants whose subject's address the agent does not know: found on the air. */
  readonly #found = new Map<string, string>();
  /** What was found of grants that are off the air: one that was paused comes back to its station. */
  readonly #parted = new Map<string, string>();
  /** The grant of an address. */
  #owners = new Map<string, string>();
  /** Addresses of grants that are over. */
  readonly #former = new Set<string>();
  /** When those that cannot be attributed were first seen. */
  readonly #strangers = new Map<string, number>();

  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  /** Goes by these grants from now on; `bound` is what an address could have been on by until now: address and grant. */
  take(wanted: readonly SaeGrant[], bound: Iterable<readonly [string, string]>): void {
    this.#wanted = wanted;
    const before = [...this.#owners, ...bound];
    const ids = new Set(wanted.map(({ grantId }) => grantId));
    move(this.#parted, this.#found, (grantId) => ids.has(grantId));
    // Of several grants that one device has, the last is what it goes by.
    const inOrder = wanted.toSorted((one, other) => one.startsAt.getTime() - other.startsAt.getTime());
    this.#owners = new Map(inOrder.map((grant) => [this.macOf(grant) ?? '', grant.grantId]));
    this.#owners.delete('');
    for (const [mac, grantId] of before) {
      if (!this.#owners.has(mac)) {
        // Its grant may have another address by now.
        ids.has(grantId) ? this.#strangers.set(mac, -Infinity) : this.#former.add(mac);
      }
    }
    move(this.#found, this.#parted, (grantId) => !ids.has(grantId));
  }

  /** What an agent before this one found. */
  remember(grantId: string, mac: string): void {
    this.#found.set(grantId, mac);
  }

  /** The address that a grant is bound to; undefined: none is known. */
  macOf({ grantId, mac }: SaeGrant): string | undefined {
    return mac ?? this.#found.get(grantId);
  }

  /** The grant of an address; undefined: nobody's, as far as is known. */
  ownerOf(mac: string): string | undefined {
    return this.#owners.get(mac);
  }

  /** The grant of a station that is on by SAE: if its address has none, the only one without an address has it from now on. */
  attribute(mac: string): string | undefined {
    const owner = this.#owners.get(mac);
    if (owner !== undefined) {
      this.#strangers.delete(mac);
      return owner;
    }
    const [only, ...others] = this.#wanted.filter((grant) => this.macOf(grant) === undefined);
    if (only === undefined || others.length > 0 || this.#former.has(mac) || this.#strangers.has(mac)) {
      return undefined;
    }
    this.#found.set(only.grantId, mac);
    this.#owners.set(mac, only.grantId);
    this.#onFound();
    return only.grantId;
  }

  /** Whether a station that is nobody's has had the time to say whose it is. */
  isOverdue(mac: string): boolean {
    const now = performance.now();
    const since = this.#strangers.get(mac) ?? now;
    const isOverdue = this.#former.has(mac) || now - since >= unattributedMs;
    if (isOverdue) {
      this.#strangers.delete(mac);
    } else {
      this.#strangers.set(mac, since);
    }
    return isOverdue;
  }

  /** The addresses of grants that are over, unless they have another grant. */
  get leaving(): Set<string> {
    return new Set([...this.#former].filter((mac) => !this.#owners.has(mac)));
  }

  /** Nothing that is over is left in hostapd. */
  forgetFormer(): void {
    this.#former.clear();
    this.#parted.clear();
  }
}

/** Moves those entries from one map to another. */
function move(from: Map<string, string>, to: Map<string, string>, isMoved: (key: string) => boolean): void {
  for (const [key, value] of [...from].filter(([one]) => isMoved(one))) {
    from.delete(key);
    to.set(key, value);
  }
}
