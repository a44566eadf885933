import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Role, Token } from '../domain/token.ts';
import { secretHash } from '../roles/admin/token-secret.ts';
import type { Store } from '../roles/store.ts';
import type { Route } from '../api/route.ts';

/** The scheme's name is written in any case (RFC 9110, 11.1), a token in one. */
const bearer = /^[Bb][Ee][Aa][Rr][Ee][Rr] (lk_[a-z]{1,16}_[A-Za-z0-9_-]{22})$/;

/** Whose request it is. */
export class Authentication {
  readonly #store: Store;
  /** The good ones of this epoch of the store, by their headers: whoever asks, asks again and again. */
  readonly #known = new Map<string, Token>();
  #epoch: number | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The token behind an Authorization header (RFC 6750), as it is in the store at this request, so that its
   * revocation takes effect at once; undefined if it is none that is good.
   */
  token(header: string | undefined): Promise<Token | undefined> | Token | undefined {
    if (header === undefined) {
      return undefined;
    }
    const epoch = this.#store.epoch();
    if (epoch === undefined || epoch !== this.#epoch) {
      this.#known.clear();
      this.#epoch = epoch;
    }
    return this.#known.get(header) ?? this.#find(header, epoch);
  }

  async #find(header: string, epoch: number | undefined): Promise<Token | undefined> {
    const secret = bearer.exec(header)?.[1];
    const token = secret === undefined ? undefined : await this.#store.tokens.findByHash(secretHash(secret));
    if (token === undefined || token.revokedAt !== undefined) {
      return undefined;
    }
    if (epoch !== undefined && epoch === this.#epoch) {
      this.#known.set(header, token);
    }
    return token;
  }
}

/** Whether a role may ask at all; what it may touch is its service's to say. Errors: `forbidden`. */
export function authorize(roles: Exclude<Route['roles'], 'anyone'>, token: Token): void {
  if (roles !== 'holder' && !(roles as readonly Role[]).includes(token.role)) {
    throw new LatchkeyError('forbidden', `A token of role ${token.role} may not do that; it takes ${roles.join(' or ')}.`);
  }
}

/** When each token was last used, written now and then: nothing depends on it. */
export class LastUses {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #used = new Set<string>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  note(tokenId: string): void {
    this.#used.add(tokenId);
  }

  async write(): Promise<void> {
    const used = [...this.#used];
    this.#used.clear();
    for (const tokenId of used) {
      await this.#store.tokens.touch(tokenId, this.#clock.now());
    }
  }
}
