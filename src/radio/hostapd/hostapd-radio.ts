import { LatchkeyError } from '../../domain/errors.ts';
import type { Security } from '../../domain/ssid.ts';
import type { GrantKeyStore, GrantOnAir, PushedRadio, RadioEvent, Station } from '../../roles/agent/ports.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { Bss, stationsOf } from './bss.ts';
import { GrantKeys } from './grant-keys.ts';
import { pskLine, stateOf, writePskFile } from './psk-file.ts';
import type { ServingBss } from './read-configuration.ts';
import { Restriction, type Firewall } from './restriction.ts';

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
  /** What was asked for last, what of it is served, its ids, and what they are in a file. */
  #asked: readonly GrantOnAir[] = [];
  #served: readonly GrantOnAir[] | undefined;
  #ids: ReadonlySet<string> = new Set();
  #lines: readonly string[] = [];
  /** Grants whose stations reach the agent alone. */
  #restricted: readonly GrantOnAir[] = [];
  readonly #restriction: Restriction;

  constructor(options: HostapdOptions) {
    this.#options = options;
    this.#restriction = new Restriction(options.firewall);
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
    if (wanted !== this.#asked) {
      this.#restricted = wanted.filter(({ restricted }) => restricted);
      this.#asked = wanted;
    }
    const unenforced = await this.#restrict();
    const served = unenforced === undefined || this.#restricted.length === 0 ? wanted : wanted.filter(({ restricted }) => !restricted);
    if (served !== this.#served) {
      await this.#takeKeys(served);
    }
    for (const file of this.#files) {
      await this.#write(file, this.#lines);
    }
    const reloads = await Promise.allSettled(this.#bsses.map((bss) => this.#reload(bss)));
    const failed = reloads.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      throw failed.reason;
    }
    return unenforced;
  }

  async #takeKeys(served: readonly GrantOnAir[]): Promise<void> {
    const ids = served.map(({ grant }) => grant.id);
    await this.#keys.load(ids, this.#options.ssid);
    this.#ids = new Set(ids);
    this.#lines = served.map(({ grant, vlan }) => pskLine({ grantId: grant.id, psk: this.#keys.get(grant.id)!.psk, vlan }));
    this.#served = served;
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
  async #restrict(): Promise<string | undefined> {
    if (this.#restricted.length === 0) {
      await this.#restriction.release();
      return undefined;
    }
    const on = await stationsOf(this.#bsses).catch(() => []);
    const here = on.filter((station) => this.#isRestricted(station));
    const macs = new Set([...here.map(({ mac }) => mac), ...this.#restricted.flatMap(({ mac }) => mac ?? [])]);
    try {
      await this.#restriction.hold(macs);
      return undefined;
    } catch (error) {
      return `Grants whose traffic is used up are off the air, for there is no firewall to restrict them (${(error as Error).message}).`;
    }
  }

  #isRestricted({ grantId }: { readonly grantId: string | undefined }): boolean {
    return grantId !== undefined && this.#restricted.some(({ grant }) => grant.id === grantId);
  }

  #open(serving: ServingBss): Bss {
    const bss: Bss = new Bss({
      ...serving,
      controlProgram: this.#options.controlProgram,
      onEvent: (event) => {
        // A restricted subject that comes with another address is kept to the agent as well.
        if (event.kind === 'joined' && this.#isRestricted(event)) {
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
    if (isAsWritten && (file.lines === lines || isSame(file.lines, lines))) {
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
    return grantId !== undefined && !this.#ids.has(grantId);
  }

  async #sendAway({ bss, mac }: Station): Promise<void> {
    await this.#bsses.find(({ name }) => name === bss)?.disconnect(mac);
  }
}

function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one?.length === other.length && one.every((line, index) => line === other[index]);
}
