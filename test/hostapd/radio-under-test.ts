import { readFileSync } from 'node:fs';
import { HostapdRadio, type HostapdOptions } from '../../src/radio/hostapd/hostapd-radio.ts';
import { readConfiguration, servingBsses } from '../../src/radio/hostapd/read-configuration.ts';
import type { GrantKey } from '../../src/roles/agent/store.ts';
import type { HostapdForGrants } from './hostapd-program.ts';

const noFirewall = { set: async () => {}, get: async () => new Set<string>() };

/** Agents' radios at one hostapd, one after the other: what is kept for them, and what they tell. */
export class RadioUnderTest implements AsyncDisposable {
  readonly kept = new Map<string, GrantKey>();
  /** What was said of stations that drop. */
  readonly dropping: number[] = [];
  readonly #radios: HostapdRadio[] = [];
  #disturbed: () => void = () => {};

  open(hostapd: HostapdForGrants, options: Partial<HostapdOptions> = {}): HostapdRadio {
    const { kept } = this;
    const radio = new HostapdRadio({
      ssid: hostapd.ssid,
      bsses: servingBsses(hostapd.ssid, readConfiguration(readFileSync(hostapd.configuration, 'utf8'), hostapd.configuration)),
      keys: {
        grantKeys: () => new Map(kept),
        saveGrantKeys: (keys) => keys.forEach((key, id) => key.ssid !== undefined && kept.set(id, key)),
        grantKey: (id) => kept.get(id),
      },
      firewall: noFirewall,
      ...options,
    });
    this.#radios.push(radio);
    radio.watch((event) => {
      if (event.kind === 'disturbed') {
        this.#disturbed();
      } else if (event.kind === 'dropping') {
        this.dropping.push(event.inMs);
      }
    });
    return radio;
  }

  /** Resolves when hostapd answers it. */
  async opened(hostapd: HostapdForGrants, options?: Partial<HostapdOptions>): Promise<HostapdRadio> {
    const up = this.nextDisturbance();
    const radio = this.open(hostapd, options);
    await up;
    return radio;
  }

  nextDisturbance(): Promise<void> {
    return new Promise((resolve) => (this.#disturbed = resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#radios.map((radio) => radio.close()));
  }
}
