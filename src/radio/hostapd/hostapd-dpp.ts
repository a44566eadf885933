import { operatingChannel } from '../../domain/radio.ts';
import { dppUri } from '../../protocol/dpp-uri.ts';
import type { DppAnnouncement, DppConfigurator } from '../../roles/agent/radio.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { Bss } from './bss.ts';

/** What it takes of a BSS. */
export type DppBss = Pick<Bss, 'name' | 'addDppPeer' | 'beginDpp' | 'forgetDppPeer'>;

/** From the first frame to the last; a device that does not answer is given up by hostapd after 2 s. */
const longestExchangeMs = 10_000;

/** How an exchange ends, by hostapd's word (2.10). */
type End = 'DPP-CONF-SENT' | 'DPP-CONF-FAILED' | 'DPP-AUTH-INIT-FAILED';

/** After these hostapd has no pointer to the device any more, and may forget it. */
const isClean = new Set<End | undefined>(['DPP-CONF-SENT', 'DPP-AUTH-INIT-FAILED']);

/** One BSS, which does one exchange at a time. */
interface Desk {
  readonly bss: DppBss;
  turn: Promise<unknown>;
  end: ((end: End | undefined) => void) | undefined;
  /** Devices that hostapd knows, to be forgotten at the latest once it is in its next exchange. */
  known: readonly number[];
}

/** hostapd as configurator. */
export class HostapdDpp implements DppConfigurator {
  readonly #desks: ReadonlyMap<string, Desk>;
  readonly #listeners: ((announcement: DppAnnouncement) => void)[] = [];

  constructor(bsses: readonly DppBss[]) {
    this.#desks = new Map(bsses.map((bss) => [bss.name, { bss, turn: Promise.resolve(), end: undefined, known: [] }]));
  }

  onAnnouncement(listener: (announcement: DppAnnouncement) => void): void {
    this.#listeners.push(listener);
  }

  async configure(device: DppAnnouncement, publicKey: Uint8Array, credential: Credential): Promise<boolean> {
    const desk = this.#desks.get(device.bss);
    const channel = operatingChannel(device.frequencyMhz);
    if (desk === undefined || channel === undefined) {
      return false;
    }
    const uri = dppUri({ channels: [channel], mac: device.mac, info: undefined, publicKey });
    const exchange = desk.turn.then(() => this.#exchange(desk, uri, credential));
    desk.turn = exchange.catch(() => {});
    return exchange;
  }

  async #exchange(desk: Desk, uri: string, credential: Credential): Promise<boolean> {
    const { bss } = desk;
    const peer = await bss.addDppPeer(uri);
    const earlier = desk.known.filter((one) => one !== peer);
    desk.known = [...earlier, peer];
    await bss.beginDpp(peer, credential);
    const ended = new Promise<End | undefined>((resolve) => (desk.end = resolve));
    const timer = setTimeout(() => desk.end?.(undefined), longestExchangeMs);
    try {
      await this.#forget(desk, earlier);
      const end = await ended;
      if (isClean.has(end)) {
        await this.#forget(desk, [peer]);
      }
      return end === 'DPP-CONF-SENT';
    } finally {
      clearTimeout(timer);
      desk.end = undefined;
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
      this.#desks.get(bss)?.end?.(end as End);
    }
  }

  /** It may be another hostapd, which knows nothing, and whose numbers are those of other devices. */
  isUp(bss: string): void {
    const desk = this.#desks.get(bss);
    if (desk !== undefined) {
      desk.known = [];
      desk.end?.(undefined);
    }
  }

  async #forget(desk: Desk, peers: readonly number[]): Promise<void> {
    for (const peer of peers.filter((one) => desk.known.includes(one))) {
      desk.known = desk.known.filter((one) => one !== peer);
      await desk.bss.forgetDppPeer(peer);
    }
  }
}
