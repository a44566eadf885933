import { operatingChannel } from '../../domain/radio.ts';
import { bootstrapKeyInfo } from '../../protocol/bootstrap-key.ts';
import type { DppAnnouncement, DppConfigurator } from '../../roles/agent/ports.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { Bss } from './bss.ts';

/** From the first frame to the last; a device that does not answer is given up by hostapd after 2 s. */
const longestExchangeMs = 10_000;

/** How an exchange ends, by hostapd's word (2.10). */
type End = 'DPP-CONF-SENT' | 'DPP-CONF-FAILED' | 'DPP-AUTH-INIT-FAILED';

/** After these hostapd has no pointer to the device any more, and may forget it. */
const isClean = new Set<End | undefined>(['DPP-CONF-SENT', 'DPP-AUTH-INIT-FAILED']);

/** hostapd as configurator: each of its BSSes does one exchange at a time. */
export class HostapdDpp implements DppConfigurator {
  readonly #bsses: readonly Bss[];
  readonly #listeners: ((announcement: DppAnnouncement) => void)[] = [];
  readonly #exchanges = new Map<string, (end: End) => void>();
  /** Devices that hostapd knows, to be forgotten at the latest once their BSS is in its next exchange. */
  readonly #known = new Map<string, number[]>();

  constructor(bsses: readonly Bss[]) {
    this.#bsses = bsses;
  }

  onAnnouncement(listener: (announcement: DppAnnouncement) => void): void {
    this.#listeners.push(listener);
  }

  async configure(device: DppAnnouncement, publicKey: Uint8Array, credential: Credential): Promise<boolean> {
    const bss = this.#bsses.find(({ name }) => name === device.bss);
    const channel = operatingChannel(device.frequencyMhz);
    if (bss === undefined || channel === undefined || this.#exchanges.has(bss.name)) {
      return false;
    }
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<End | undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), longestExchangeMs);
      this.#exchanges.set(bss.name, resolve);
    });
    try {
      const peer = await bss.addDppPeer(uriOf(device, channel, publicKey));
      const earlier = this.#known.get(bss.name) ?? [];
      this.#known.set(bss.name, [...earlier, peer]);
      await bss.beginDpp(peer, credential);
      await this.#forget(bss, earlier);
      const end = await ended;
      if (isClean.has(end)) {
        await this.#forget(bss, [peer]);
      }
      return end === 'DPP-CONF-SENT';
    } finally {
      clearTimeout(timer);
      this.#exchanges.delete(bss.name);
    }
  }

  /** One of hostapd's events. */
  heard(bss: string, event: string): void {
    const [, mac, mhz, hash] = /^DPP-CHIRP-RX id=-?\d+ src=([0-9a-f:]{17}) freq=(\d+) hash=([0-9a-f]{64})$/.exec(event) ?? [];
    if (mac !== undefined && hash !== undefined) {
      const announcement = { hash: Buffer.from(hash, 'hex'), bss, mac, frequencyMhz: Number(mhz) };
      this.#listeners.forEach((listener) => listener(announcement));
    }
    const [end] = /^DPP-(?:CONF-SENT|CONF-FAILED|AUTH-INIT-FAILED)(?= |$)/.exec(event) ?? [];
    if (end !== undefined) {
      this.#exchanges.get(bss)?.(end as End);
    }
  }

  async #forget(bss: Bss, peers: readonly number[]): Promise<void> {
    this.#known.set(bss.name, (this.#known.get(bss.name) ?? []).filter((peer) => !peers.includes(peer)));
    for (const peer of peers) {
      await bss.forgetDppPeer(peer);
    }
  }
}

/** Of a device that was heard on this channel (Wi-Fi Easy Connect, 5.2.1). */
function uriOf({ mac }: DppAnnouncement, channel: string, publicKey: Uint8Array): string {
  return `DPP:C:${channel};M:${mac.replaceAll(':', '')};V:2;K:${Buffer.from(bootstrapKeyInfo(publicKey)).toString('base64')};;`;
}
