import { LatchkeyError } from '../../domain/errors.ts';
import type { Security } from '../../domain/ssid.ts';
import type { GrantKeyStore, GrantOnAir, PushedRadio, RadioEvent, Station } from '../../roles/agent/ports.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { Bss, stationsOf } from './bss.ts';
import { GrantKeys } from './grant-keys.ts';
import { pskLine, stateOf, writePskFile } from './psk-file.ts';
import type { ServingBss } from './read-configuration.ts';

/** Keeps stations to the agent. */
export interface Firewall {
  set(macs: ReadonlySet<string>): Promise<void>;
  get(): Promise<ReadonlySet<string>>;
}

export interface HostapdOptions {
  readonly ssid: string;
  readonly security: Security;
  /** Those that serve the network. */
  readonly bsses: readonly ServingBss[];
  readonly keys: GrantKeyStore;
  readonly firewall: Firewall;
  readonly controlProgram?: string | undefined;
}

/** A wpa_psk_file and who reads it. */
interface KeyFile {
  readonly path: string;
  readonly readers: readonly Bss[];
  /** What was last written, and what the file was then. */
  lines: readonly string[] | undefined;
  state: string | undefined;
}

/**
 * hostapd enforces the grants: each has a password of its own in the file of keys that hostapd reads, and whoever's key
 * is taken out is off the air and cannot come back (hostapd.conf, wpa_psk_file; RELOAD_WPA_PSK of its control interface).
 */
export class HostapdRadio implements PushedRadio {
  readonly kind = 'hostapd';
  readonly enforcement = 'per-grant';
  readonly #options: HostapdOptions;
  readonly #keys: GrantKeys;
  readonly #bsses: readonly Bss[];
  readonly #files: readonly KeyFile[];
  readonly #listeners: ((event: RadioEvent) => void)[] = [];
  /** Those that have read their file as it is. */
  readonly #inStep = new Set<Bss>();
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
    this.#files = [...Map.groupBy(served, ({ serving }) => serving.pskFile)].map(([path, readers]) => ({
      path,
      readers: readers.map(({ bss }) => bss),
      lines: undefined,
      state: undefined,
    }));
  }

  async converge(wanted: readonly GrantOnAir[]): Promise<string | undefined> {
    const unenforced = await this.#restrict(wanted);
    await this.#serve(unenforced === undefined ? wanted : wanted.filter(({ restricted }) => !restricted));
    return unenforced;
  }

  async #serve(wanted: readonly GrantOnAir[]): Promise<void> {
    await this.#keys.load(wanted.map(({ grant }) => grant.id), this.#options.ssid);
    this.#wanted = new Set(wanted.map(({ grant }) => grant.id));
    const lines = wanted.map(({ grant, vlan }) => pskLine({ grantId: grant.id, psk: this.#keys.get(grant.id)!.psk, vlan }));
    for (const file of this.#files) {
      await this.#write(file, lines);
    }
    const reloads = await Promise.allSettled(this.#bsses.map((bss) => this.#reload(bss)));
    const failed = reloads.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      throw failed.reason;
    }
  }

  async credential({ id }: { readonly id: string }): Promise<Credential> {
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw new LatchkeyError('grant_not_found', `There is no password for grant ${id}.`);
    }
    return { ssid: key.ssid, password: key.password, security: this.#options.security };
  }

  async stations(): Promise<readonly Station[]> {
    const stations = await stationsOf(this.#bsses);
    await Promise.allSettled(stations.filter((station) => this.#isStray(station)).map((station) => this.#sendAway(station)));
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
    const on = this.#restricted.size === 0 ? [] : await stationsOf(this.#bsses).catch(() => []);
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
      onEvent: (event) => {
        // A restricted subject that comes with another address is kept to the agent as well.
        if (event.kind === 'joined' && this.#isRestricted(event) && !this.#confined.has(event.mac)) {
          this.#emit({ kind: 'disturbed' });
        }
        this.#emit(event);
      },
      onUp: () => {
        // It may be another hostapd, which read the file at a time of its own.
        this.#inStep.delete(bss);
        this.#emit({ kind: 'disturbed' });
      },
    });
    return bss;
  }

  #emit(event: RadioEvent): void {
    this.#listeners.forEach((listener) => listener(event));
  }

  async #write(file: KeyFile, lines: readonly string[]): Promise<void> {
    const isAsWritten = file.state !== undefined && (await stateOf(file.path)) === file.state;
    if (isAsWritten && isSame(file.lines, lines)) {
      return;
    }
    file.readers.forEach((bss) => this.#inStep.delete(bss));
    file.state = await writePskFile(file.path, lines);
    file.lines = lines;
  }

  async #reload(bss: Bss): Promise<void> {
    if (this.#inStep.has(bss)) {
      // One that is gone, or is another one by now, is noticed by this.
      await bss.ping();
      return;
    }
    await bss.reloadKeys();
    this.#inStep.add(bss);
  }

  /** On with the password of a grant that is over. */
  #isStray({ grantId }: Station): boolean {
    return grantId !== undefined && !this.#wanted.has(grantId);
  }

  async #sendAway({ bss, mac }: Station): Promise<void> {
    await this.#bsses.find(({ name }) => name === bss)?.disconnect(mac);
  }
}

function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one?.length === other.length && one.every((line, index) => line === other[index]);
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item));
}
