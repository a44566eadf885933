import { LatchkeyError } from '../../domain/errors.ts';
import type { GrantOnAir, PushedRadio, RadioEvent, Shortfall, Station } from '../../roles/agent/radio.ts';
import type { GrantKeyStore } from '../../roles/agent/store.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { Bss, stationsOf } from './bss.ts';
import { GrantKeys } from './grant-keys.ts';
import { HostapdDpp } from './hostapd-dpp.ts';
import type { PskLine } from './psk-file.ts';
import { PskKeys } from './psk-keys.ts';
import type { ControlledBss, ServingBss } from './read-configuration.ts';
import { Restriction, type Firewall } from './restriction.ts';
import { SaePasswords } from './sae-passwords.ts';
import type { SaeGrant } from './sae-stations.ts';
import type { HostapdStation } from './stations.ts';
import { isCalled } from './set-back.ts';
import { lackOfVlans, withoutVlans } from './vlans.ts';

export interface HostapdOptions {
  readonly ssid: string;
  /** Those that serve the network. */
  readonly bsses: readonly ServingBss[];
  readonly keys: GrantKeyStore;
  readonly firewall: Firewall;
  readonly controlProgram?: string | undefined;
  /** How long SAE passwords that are over are gathered before stations drop for their sake, in milliseconds. */
  readonly reloadAfterMs?: number | undefined;
  /** It configures devices by DPP, which gives them WPA2 passwords: with the BSSes of the same hostapd that serve something else. */
  readonly dpp?: { readonly besides: readonly ControlledBss[] } | undefined;
}

const usualReloadAfterMs = 60_000;

/**
 * hostapd enforces the grants: each has a password of its own, and whoever's is taken out is off the air and cannot come
 * back. Each BSS has the passwords for what it speaks: WPA2, SAE or both.
 */
export class HostapdRadio implements PushedRadio {
  readonly kind = 'hostapd';
  readonly enforcement = 'per-grant';
  readonly dpp: HostapdDpp | undefined;
  readonly #options: HostapdOptions;
  readonly #keys: GrantKeys;
  readonly #bsses: readonly Bss[];
  readonly #besides: readonly Bss[];
  readonly #psk: PskKeys;
  readonly #sae: SaePasswords;
  readonly #listeners: ((event: RadioEvent) => void)[] = [];
  /** What was asked for last, what of it is kept off the air, the ids of the others, and what hostapd is to know of those. */
  #asked: readonly GrantOnAir[] | undefined;
  #shortfall: Shortfall | undefined;
  #ids: ReadonlySet<string> = new Set();
  #known: readonly (PskLine & SaeGrant)[] = [];
  /** Grants whose stations reach the agent alone. */
  #restricted: readonly GrantOnAir[] = [];
  /** Why they are not restricted. */
  #unrestricted: string | undefined;
  readonly #restriction: Restriction;

  constructor(options: HostapdOptions) {
    this.#options = options;
    this.#restriction = new Restriction(options.firewall);
    this.#keys = new GrantKeys(options.keys);
    const served = options.bsses.map((serving) => ({ serving, bss: this.#open(serving) }));
    this.#bsses = served.map(({ bss }) => bss);
    const forWpa2 = served.filter(({ serving }) => serving.pskFile !== undefined).map(({ bss }) => bss);
    this.dpp = options.dpp === undefined ? undefined : new HostapdDpp(forWpa2);
    this.#besides = (options.dpp?.besides ?? []).map((other) => this.#openBeside(other));
    const byFile = (file: 'pskFile' | 'saeFile') => {
      const groups = Map.groupBy(served.filter(({ serving }) => serving[file] !== undefined), ({ serving }) => serving[file]!);
      return new Map([...groups].map(([path, members]) => [path, members.map(({ bss }) => bss)]));
    };
    this.#psk = new PskKeys(byFile('pskFile'));
    this.#sae = new SaePasswords({
      configurations: byFile('saeFile'),
      reloadAfterMs: options.reloadAfterMs ?? usualReloadAfterMs,
      onDropping: (inMs) => this.#emit({ kind: 'dropping', inMs }),
      isRenamed: () => this.#isRenamed(),
      onChanged: () => this.#emit({ kind: 'disturbed' }),
    });
  }

  async converge(wanted: readonly GrantOnAir[]): Promise<Shortfall | undefined> {
    if (wanted !== this.#asked) {
      this.#restricted = wanted.filter(({ restricted }) => restricted);
    }
    const unrestricted = await this.#restrict();
    if (wanted !== this.#asked || unrestricted !== this.#unrestricted) {
      await this.#take(wanted, unrestricted);
    }
    const [psk, sae] = await Promise.allSettled([this.#psk.converge(this.#known), this.#sae.converge(this.#known)]);
    if (psk.status === 'rejected') {
      throw psk.reason;
    }
    if (sae.status === 'rejected') {
      throw sae.reason;
    }
    return this.#shortfall ?? (sae.value === undefined ? undefined : { detail: sae.value, hint: 'Look into hostapd’s own log.' });
  }

  /** Of what is wanted, what hostapd would not enforce is kept from it. */
  async #take(wanted: readonly GrantOnAir[], unrestricted: string | undefined): Promise<void> {
    const noVlans = lackOfVlans(this.#options.bsses);
    const shortfalls = [
      unrestricted === undefined ? undefined : {
        detail: `Grants whose traffic is used up are off the air, for there is no firewall to restrict them (${unrestricted}).`,
        hint: 'Load the rules of `latchkey ap config --firewall`.',
        offAir: new Set(this.#restricted.map(({ grant }) => grant.id)),
      },
      noVlans === undefined ? undefined : withoutVlans(wanted, noVlans, 'Write it there, and start hostapd and the agent anew.'),
    ].filter((shortfall) => shortfall !== undefined);
    const offAir = new Set(shortfalls.flatMap((shortfall) => [...shortfall.offAir]));
    await this.#takeKeys(offAir.size === 0 ? wanted : wanted.filter(({ grant }) => !offAir.has(grant.id)));
    const words = (name: 'detail' | 'hint') => shortfalls.map((shortfall) => shortfall[name]).join(' ');
    this.#shortfall = offAir.size === 0 ? undefined : { detail: words('detail'), hint: words('hint'), offAir };
    this.#unrestricted = unrestricted;
    this.#asked = wanted;
  }

  async #takeKeys(served: readonly GrantOnAir[]): Promise<void> {
    await this.#keys.load(served.map(({ grant }) => grant), this.#options.ssid);
    this.#ids = new Set(served.map(({ grant }) => grant.id));
    this.#known = served.map(({ grant: { id: grantId, startsAt }, mac, vlan }) => ({ grantId, startsAt, mac, vlan, ...this.#keys.get(grantId)! }));
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
    [...this.#bsses, ...this.#besides].forEach((bss) => bss.close());
  }

  /**
   * Keeps the stations of restricted grants to the agent. Where the firewall is not there to do so, says why: then such
   * grants are no better than those that are cut.
   */
  async #restrict(): Promise<string | undefined> {
    if (this.#restricted.length === 0) {
      await this.#restriction.release();
      return undefined;
    }
    const on = await this.#stations().catch(() => []);
    const here = on.filter((station) => this.#isRestricted(station));
    const macs = new Set([...here.map(({ mac }) => mac), ...this.#restricted.flatMap(({ mac }) => mac ?? [])]);
    try {
      await this.#restriction.hold(macs);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #isRenamed(): Promise<boolean> {
    const states = await Promise.all(this.#bsses.map((bss) => bss.onAir()));
    return states.some(({ ssid }) => !isCalled(ssid, Buffer.from(this.#options.ssid)));
  }

  #isRestricted({ grantId }: { readonly grantId: string | undefined }): boolean {
    return grantId !== undefined && this.#restricted.some(({ grant }) => grant.id === grantId);
  }

  #open(serving: ServingBss): Bss {
    const bss: Bss = new Bss({
      ...serving,
      controlProgram: this.#options.controlProgram,
      onEvent: (heard) => {
        const event = heard.kind === 'joined' && heard.grantId === undefined ? { ...heard, grantId: this.#sae.stations.ownerOf(heard.mac) } : heard;
        // A restricted subject that comes with another address is kept to the agent as well.
        if (event.kind === 'joined' && this.#isRestricted(event)) {
          this.#emit({ kind: 'disturbed' });
        }
        this.#emit(event);
      },
      onDpp: (event) => this.dpp?.heard(serving.interface, event),
      onUp: () => {
        this.dpp?.isUp(bss.name);
        this.#leaveDppToUs(bss);
        this.#psk.isUp(bss);
        this.#emit({ kind: 'disturbed' });
      },
    });
    return bss;
  }

  #openBeside(other: ControlledBss): Bss {
    const bss: Bss = new Bss({ ...other, controlProgram: this.#options.controlProgram, onEvent: () => {}, onUp: () => this.#leaveDppToUs(bss) });
    return bss;
  }

  #leaveDppToUs(bss: Bss): void {
    if (this.dpp !== undefined) {
      // One that does not take it has gone, and is told again when it is back.
      bss.leaveDppToUs().catch(() => {});
    }
  }

  #emit(event: RadioEvent): void {
    this.#listeners.forEach((listener) => listener(event));
  }

  async #stations(): Promise<HostapdStation[]> {
    const stations = await stationsOf(this.#bsses);
    return stations.map((station) => (station.isSae ? { ...station, grantId: this.#sae.stations.attribute(station.mac) } : station));
  }

  /** Off the air with whoever is on with the password of a grant that is over, or cannot be told from others. */
  async #look({ bss: name, mac, grantId, isSae }: HostapdStation): Promise<void> {
    const bss = this.#bsses.find((one) => one.name === name);
    if (grantId !== undefined && !this.#ids.has(grantId)) {
      await bss?.disconnect(mac);
    } else if (grantId === undefined && isSae && bss !== undefined && this.#sae.stations.isOverdue(mac)) {
      await bss.forgetSessions();
      await bss.disconnect(mac);
    }
  }
}
