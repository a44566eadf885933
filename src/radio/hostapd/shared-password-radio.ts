import type { GrantOnAir, PushedRadio, RadioEvent, Shortfall, Station } from '../../roles/agent/radio.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { Bss, stationsOf } from './bss.ts';
import type { ControlledBss } from './read-configuration.ts';
import { withoutVlans } from './vlans.ts';

export interface SharedPasswordOptions {
  readonly credential: Credential;
  readonly bsses: readonly ControlledBss[];
  readonly controlProgram?: string | undefined;
}

/**
 * A network that keeps the one password that it has: hostapd says who is on, but not by which grant, and whoever knows
 * the password stays in.
 */
export class SharedPasswordRadio implements PushedRadio {
  readonly kind = 'hostapd';
  readonly enforcement = 'shared-password';
  readonly #credential: Credential;
  readonly #bsses: readonly Bss[];
  readonly #listeners: ((event: RadioEvent) => void)[] = [];
  #asked: readonly GrantOnAir[] | undefined;
  #shortfall: Shortfall | undefined;

  constructor({ credential, bsses, controlProgram }: SharedPasswordOptions) {
    this.#credential = credential;
    const tell = (event: RadioEvent) => this.#listeners.forEach((listener) => listener(event));
    this.#bsses = bsses.map((bss) => new Bss({ ...bss, controlProgram, onEvent: tell, onUp: () => tell({ kind: 'disturbed' }) }));
  }

  /** One with a VLAN gets no password: it would open the network that all are in. */
  async converge(wanted: readonly GrantOnAir[]): Promise<Shortfall | undefined> {
    await Promise.all(this.#bsses.map((bss) => bss.ping()));
    if (wanted !== this.#asked) {
      this.#shortfall = withoutVlans(wanted, 'with one password for all nobody can be put into a VLAN', 'Give each grant a password of its own: leave out --shared-password.');
      this.#asked = wanted;
    }
    return this.#shortfall;
  }

  async credential(): Promise<Credential> {
    return this.#credential;
  }

  async stations(): Promise<readonly Station[]> {
    return stationsOf(this.#bsses);
  }

  watch(listener: (event: RadioEvent) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#bsses.forEach((bss) => bss.close());
  }
}
