import { operatingChannel } from '../../domain/radio.ts';
import { dppUri } from '../../formats/dpp.ts';
import type { DppAnnouncement, DppConfigurator } from '../../roles/agent/ports.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { Bss } from './bss.ts';

/** From the first frame to the last; a device that does not answer is given up by hostapd after 2 s. */
const longestExchangeMs = 10_000;
/**
 * A device that hostapd knows is answered by each of its BSSes that hears it, which may go on for 50 s (2.10): one that
 * it forgets before leaves a dangling pointer there.
 */
const forgetAfterMs = 60_000;

/** hostapd as configurator: each of its BSSes does one exchange at a time. */
export class HostapdDpp implements DppConfigurator {
  readonly #bsses: readonly Bss[];
  readonly #listeners: ((announcement: DppAnnouncement) => void)[] = [];
  readonly #exchanges = new Map<string, (isTaken: boolean) => void>();
  readonly #forgetting = new Set<NodeJS.Timeout>();

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
    const ended = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), longestExchangeMs);
      this.#exchanges.set(bss.name, resolve);
    });
    try {
      const peer = await bss.addDppPeer(dppUri({ channels: [channel], mac: device.mac, info: undefined, publicKey }));
      this.#forgetLater(bss, peer);
      await bss.beginDpp(peer, credential);
      return await ended;
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
    // How an exchange ends.
    const [, end] = /^DPP-(CONF-SENT|CONF-FAILED|AUTH-INIT-FAILED)(?= |$)/.exec(event) ?? [];
    if (end !== undefined) {
      this.#exchanges.get(bss)?.(end === 'CONF-SENT');
    }
  }

  close(): void {
    this.#forgetting.forEach(clearTimeout);
  }

  #forgetLater(bss: Bss, peer: number): void {
    const timer = setTimeout(() => {
      this.#forgetting.delete(timer);
      // A hostapd that was started anew knows nothing of it.
      bss.removeDppPeer(peer).catch(() => {});
    }, forgetAfterMs);
    this.#forgetting.add(timer);
  }
}
