import { LatchkeyError } from '../../src/domain/errors.ts';
import { GrantKeys } from '../../src/radio/hostapd/grant-keys.ts';
import type { GrantOnAir, PushedRadio, RadioEvent, Station } from '../../src/roles/agent/radio.ts';
import type { GrantKeyStore } from '../../src/roles/agent/store.ts';
import type { Credential } from '../../src/roles/device/ports.ts';

/** A radio with a password for each grant, and on it who is put there. */
export class StandInRadio implements PushedRadio {
  readonly kind = 'stand-in';
  readonly enforcement = 'per-grant';
  /** Whether it can be told anything. */
  isThere = true;
  /** Grants that it lets in. */
  onAir: readonly string[] = [];
  /** Those of them whose subjects reach the agent alone. */
  restricted: readonly string[] = [];
  on: readonly Station[] = [];
  /** Called whenever it has taken over what is wanted. */
  onConverged: () => void = () => {};
  readonly #keys: GrantKeys;

  constructor(keys: GrantKeyStore) {
    this.#keys = new GrantKeys(keys);
  }

  async converge(wanted: readonly GrantOnAir[]): Promise<undefined> {
    if (!this.isThere) {
      throw new LatchkeyError('radio_unreachable');
    }
    await this.#keys.load(wanted.map(({ grant }) => grant), 'Home');
    this.onAir = wanted.map(({ grant }) => grant.id);
    this.restricted = wanted.filter(({ restricted }) => restricted).map(({ grant }) => grant.id);
    this.on = this.on.filter(({ grantId }) => grantId === undefined || this.onAir.includes(grantId));
    this.onConverged();
  }

  async credential({ id }: { readonly id: string }): Promise<Credential> {
    return { ssid: 'Home', password: this.#keys.get(id)!.password, security: 'wpa2-psk' };
  }

  async stations(): Promise<readonly Station[]> {
    if (!this.isThere) {
      throw new LatchkeyError('radio_unreachable');
    }
    return this.on;
  }

  watch(_listener: (event: RadioEvent) => void): void {}

  async close(): Promise<void> {}
}
