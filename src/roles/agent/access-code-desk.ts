import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Register } from '../../domain/sale.ts';
import { jwkThumbprint, parsePublicJwk, sealAccessCode, type PublicJwk } from '../../protocol/access-code.ts';
import type { WantedAccessCode } from '../ap/ports.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import type { Log } from './log.ts';
import type { Radio } from './radio.ts';
import { isAway, type RegistryLink } from './registry-link.ts';

interface Options {
  readonly link: RegistryLink;
  readonly radio: Radio;
  readonly grants: Pick<GrantsInForce, 'onAir'>;
  /** Thumbprints of the keys that passwords are sealed to, and to no others. */
  readonly pinned: readonly string[];
  readonly log: Log;
}

/**
 * Brings cash registers the passwords that were paid for, once the radio has them, sealed to each one's own key. The
 * registry, which says who wants one and what their keys are, carries them and learns nothing: a key counts only if its
 * thumbprint was pinned here (protocol.md section 7). What is wanted is kept there until it was brought.
 */
export class AccessCodeDesk {
  readonly #options: Options;
  readonly #warned = new Set<string>();
  #wanted: readonly WantedAccessCode[] = [];
  #delivery: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** All that is wanted now. */
  take(wanted: readonly WantedAccessCode[]): void {
    this.#wanted = wanted;
    this.deliver();
  }

  /** What of it can be brought is; when grants come on the air, more can. */
  deliver(): void {
    if (this.#wanted.length > 0) {
      this.#delivery = (this.#delivery ?? Promise.resolve()).then(() => this.#deliver());
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #deliver(): Promise<void> {
    const { link, grants, log } = this.#options;
    if (this.#isClosed) {
      return;
    }
    try {
      const ready = this.#wanted.filter(({ grantId }) => grants.onAir(grantId)?.source === 'payment');
      if (ready.length === 0) {
        return;
      }
      const registers = new Map((await link.call((ap) => ap.registers())).map((register) => [register.id, register]));
      for (const one of ready) {
        const register = registers.get(one.registerId);
        const key = register && (await this.#pinnedKey(register));
        const grant = grants.onAir(one.grantId);
        if (key !== undefined && grant !== undefined && !this.#isClosed) {
          await this.#bring(grant, one.registerId, key);
          this.#wanted = this.#wanted.filter((other) => other !== one);
        }
      }
    } catch (error) {
      if (!isAway(error) && !this.#isClosed) {
        log('error', 'A password could not be brought to its cash register; trying again when it is asked for.', { error });
      }
    }
  }

  async #bring(grant: Grant, registerId: string, key: PublicJwk): Promise<void> {
    const { link, radio } = this.#options;
    const sealed = await sealAccessCode(await radio.credential(grant), key, grant.id);
    await link.call((ap) => ap.putAccessCode(grant.id, registerId, sealed));
  }

  async #pinnedKey({ id, name, jwk }: Register): Promise<PublicJwk | undefined> {
    const { pinned } = this.#options;
    let thumbprint: string | undefined;
    try {
      const key = parsePublicJwk(jwk ?? '');
      thumbprint = await jwkThumbprint(key);
      if (pinned.includes(thumbprint)) {
        return key;
      }
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
    }
    this.#warn(`${id} ${thumbprint}`, { register: id, name, thumbprint, pinned });
    return undefined;
  }

  #warn(about: string, detail: Readonly<Record<string, unknown>>): void {
    if (!this.#warned.has(about)) {
      this.#warned.add(about);
      this.#options.log('warn', 'A cash register gets no passwords: its key at the registry is not one that is pinned here (--pos-key).', detail);
    }
  }
}
