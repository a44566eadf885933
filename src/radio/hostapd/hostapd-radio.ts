import { LatchkeyError } from '../../domain/errors.ts';
import type { GrantKeyStore, GrantOnAir, Radio, RadioEvent, Station } from '../../roles/agent/ports.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { Bss, stationsOf } from './bss.ts';
import { GrantKeys } from './grant-keys.ts';
import { PskKeys } from './psk-keys.ts';
import type { ServingBss } from './read-configuration.ts';
import { SaePasswords } from './sae-passwords.ts';
import type { HostapdStation } from './stations.ts';

/** Keeps stations to the agent. */
export interface Firewall {
  set(macs: ReadonlySet<string>): Promise<void>;
  get(): Promise<ReadonlySet<string>>;
}

export interface HostapdOptions {
  readonly ssid: string;
  /** Those that serve the network. */
  readonly bsses: readonly ServingBss[];
  readonly keys: GrantKeyStore;
  readonly firewall: Firewall;
  readonly controlProgram?: string | undefined;
  /** How long SAE passwords that are over are gathered before stations drop for their sake, in milliseconds. */
  readonly reloadAfterMs?: number | undefined;
}

const usualReloadAfterMs = 60_000;

/**
 * hostapd enforces the grants: each has a password of its own, and whoever's is taken out is off the air and cannot come
 * back. Each BSS has the passwords for what it speaks: WPA2, SAE or both.
 */
export class HostapdRadio implements Radio {
  readonly kind = 'hostapd';
  readonly enforcement = 'per-grant';
  readonly #options: HostapdOptions;
  readonly #keys: GrantKeys;
  readonly #bsses: readonly Bss[];
  readonly #psk: PskKeys;
  readonly #sae: SaePasswords;
  readonly #listeners: ((event: RadioEvent) => void)[] = [];
  #wanted: ReadonlySet<string> = new Set();
  /** Grants whose stations reach the agent alone, and what of these the firewall has; nothing is known of it at first. */
  #restricted: ReadonlySet<string> = new Set();
  #confined: ReadonlySet<string> = new Set();
  #hasConfined = false;

  constructor(options: HostapdOptions) {
    this.#options = options;
    this.#keys = new GrantKeys(options.keys);
    const served = options.bsses.map((serving) => ({ serving, bss: this.#open(serving) }));
    this.#bsses = served.map(({ bss }) => bss);
    const byFile = (file: 'pskFile' | 'saeFile') => {
      const groups = Map.groupBy(served.filter(({ serving }) => serving[file] !== undefined), ({ serving }) => serving[file]!);
      return new Map([...groups].map(([path, members]) => [path, members.map(({ bss }) => bss)]));
    };
    this.#psk = new PskKeys(byFile('pskFile'));
    this.#sae = new SaePasswords({
      configurations: byFile('saeFile'),
      reloadAfterMs: options.reloadAfterMs ?? usualReloadAfterMs,
      onDropping: (inMs) => this.#emit({ kind: 'dropping', inMs }),
      onChanged: () => this.#emit({ kind: 'disturbed' }),
    });
  }

  async converge(wanted: readonly GrantOnAir[]): Promise<string | undefined> {
    const unenforced = await this.#restrict(wanted);
    const amiss = await this.#serve(unenforced === undefined ? wanted : wanted.filter(({ restricted }) => !restricted));
    return unenforced ?? amiss;
  }

  async #serve(wanted: readonly GrantOnAir[]): Promise<string | undefined> {
    await this.#keys.load(wanted.map(({ grant }) => grant.id), this.#options.ssid);
    this.#wanted = new Set(wanted.map(({ grant }) => grant.id));
    const known = wanted.map(({ grant: { id: grantId, startsAt }, mac, vlan }) => ({ grantId, startsAt, mac, vlan, ...this.#keys.get(grantId)! }));
    const [psk, sae] = await Promise.allSettled([this.#psk.converge(known), this.#sae.converge(known)]);
    if (psk.status === 'rejected') {
      throw psk.reason;
    }
    if (sae.status === 'rejected') {
      throw sae.reason;
    }
    return sae.value;
  }

  async credential({ id }: { readonly id: string }): Promise<Credential> {
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw new LatchkeyError('grant_not_found', `There is no password for grant ${id}.`);
    }
    const { bsses } = this.#options;
    // Where both are spoken, every device knows the older one.
    const security = bsses.some(({ pskFile }) => pskFile !== undefined) ? 'wpa2-psk' : 'wpa3-sae';
    const passwordId = bsses.some(({ saeFile }) => saeFile !== undefined) ? id : undefined;
    return { ssid: key.ssid, password: key.password, passwordId, security };
  }

  async stations(): Promise<readonly Station[]> {
    const stations = await this.#stations();
    await Promise.allSettled(stations.map((station) => this.#look(station)));
    return stations;
  }

  watch(listener: (event: RadioEvent) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#bsses.forEach((bss) => bss.close());
  }

  /**
   * Keeps the stations of restricted grants to the agent. Where the firewall is not there to do so, says why: then such
   * grants are no better than those that are cut.
   */
  async #restrict(wanted: readonly GrantOnAir[]): Promise<string | undefined> {
    this.#restricted = new Set(wanted.filter(({ restricted }) => restricted).map(({ grant }) => grant.id));
    if (this.#restricted.size === 0 && this.#confined.size === 0 && this.#hasConfined) {
      return undefined;
    }
    const known = wanted.filter(({ restricted, mac }) => restricted && mac !== undefined).map(({ mac }) => mac!);
    const on = this.#restricted.size === 0 ? [] : await this.#stations().catch(() => []);
    const macs = new Set([...known, ...on.filter((station) => this.#isRestricted(station)).map(({ mac }) => mac)]);
    try {
      const firewall = this.#options.firewall;
      const present = this.#hasConfined && isSameSet(macs, this.#confined) ? await firewall.get() : undefined;
      if (present === undefined || !isSameSet(present, macs)) {
        await firewall.set(macs);
      }
      this.#confined = macs;
      this.#hasConfined = true;
      return undefined;
    } catch (error) {
      this.#hasConfined = false;
      return this.#restricted.size === 0 ? undefined : `Grants whose traffic is used up are off the air, for there is no firewall to restrict them (${(error as Error).message}).`;
    }
  }

  #isRestricted({ grantId }: { readonly grantId: string | undefined }): boolean {
    return grantId !== undefined && this.#restricted.has(grantId);
  }

  #open(serving: ServingBss): Bss {
    const bss: Bss = new Bss({
      ...serving,
      controlProgram: this.#options.controlProgram,
      onEvent: (heard) => {
        const event = heard.kind === 'joined' && heard.grantId === undefined ? { ...heard, grantId: this.#sae.ownerOf(heard.mac) } : heard;
        // A restricted subject that comes with another address is kept to the agent as well.
        if (event.kind === 'joined' && this.#isRestricted(event) && !this.#confined.has(event.mac)) {
          this.#emit({ kind: 'disturbed' });
        }
        this.#emit(event);
      },
      onUp: () => {
        this.#psk.isUp(bss);
        this.#emit({ kind: 'disturbed' });
      },
    });
    return bss;
  }

  #emit(event: RadioEvent): void {
    this.#listeners.forEach((listener) => listener(event));
  }

  async #stations(): Promise<HostapdStation[]> {
    const stations = await stationsOf(this.#bsses);
    return stations.map((station) => (station.isSae ? { ...station, grantId: this.#sae.attribute(station.mac) } : station));
  }

  /** Off the air with whoever is on with the password of a grant that is over, or cannot be told from others. */
  async #look({ bss: name, mac, grantId, isSae }: HostapdStation): Promise<void> {
    const bss = this.#bsses.find((one) => one.name === name);
    if (grantId !== undefined && !this.#wanted.has(grantId)) {
      await bss?.disconnect(mac);
    } else if (grantId === undefined && isSae && bss !== undefined && this.#sae.isOverdue(mac)) {
      await bss.forgetSessions();
      await bss.disconnect(mac);
    }
  }
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item));
}
