import { isSeal, newSeal, parseSaeValue, saeValue } from './sae-block.ts';
import { SaeConfiguration, type SaeBss } from './sae-configuration.ts';
import { SaeStations, type SaeGrant } from './sae-stations.ts';

export interface SaePasswordsOptions {
  /** Each hostapd.conf, by its real path, with those of its BSSes that serve grants by SAE. */
  readonly configurations: ReadonlyMap<string, readonly SaeBss[]>;
  /** How long passwords that are over stay in hostapd, sealed, so that more go at once. */
  readonly reloadAfterMs: number;
  /** Stations are about to drop for a moment, in so many milliseconds; 0 is now. */
  readonly onDropping: (inMs: number) => void;
  /** Whether the network has another name for a while: to read its configuration would end that. */
  readonly isRenamed?: (() => Promise<boolean>) | undefined;
  /** What should be in hostapd is something else by now. */
  readonly onChanged: () => void;
}

/**
 * The grants' passwords for SAE. hostapd 2.10 reads them at its start from hostapd.conf, each with an identifier (the
 * grant's id) and the one MAC address that may use it where that is known. It takes more of them while it runs (`SET
 * sae_password`), gives none back, and goes by the last that fits: so a password that is over is sealed, by one
 * that nobody knows under the same identifier. Its station is denied, its session forgotten (PMKSA_FLUSH) and it is
 * deauthenticated. To be rid of the sealed ones, hostapd has to read its configuration anew, by which all its stations
 * drop: that is announced, and happens once for all of a while.
 */
export class SaePasswords {
  readonly stations: SaeStations;
  readonly #options: SaePasswordsOptions;
  readonly #configurations: readonly SaeConfiguration[];
  #wanted: readonly SaeGrant[] = [];
  /** Values of grants that are over. */
  readonly #seals = new Map<string, string>();
  #dropAt: number | undefined;
  #refusal: string | undefined;

  constructor(options: SaePasswordsOptions) {
    this.#options = options;
    this.stations = new SaeStations(options.onChanged);
    this.#configurations = [...options.configurations].map(([path, bsses]) => new SaeConfiguration(path, bsses));
  }

  /**
   * Resolves to what is not as it should be although the grants are enforced, for people. Errors: `radio_unreachable`,
   * those of the configuration's file.
   */
  async converge(wanted: readonly SaeGrant[]): Promise<string | undefined> {
    if (this.#configurations.length === 0) {
      return undefined;
    }
    await Promise.all(this.#configurations.map(async (configuration) => {
      if (await configuration.read()) {
        this.#remember(configuration.values);
      }
    }));
    this.#take(wanted);
    const target = { values: this.#values(), leaving: this.stations.leaving };
    const failures: unknown[] = [];
    for (const configuration of this.#configurations) {
      failures.push(...(await configuration.enforce(target)));
    }
    if (failures.length > 0) {
      throw failures[0];
    }
    return this.#dropWhenDue();
  }

  /** What an agent before this one has left in the file: addresses that it found, and what it sealed. */
  #remember(values: readonly (readonly [string, string])[]): void {
    for (const [grantId, value] of values) {
      const mac = parseSaeValue(value)?.mac;
      if (mac !== undefined) {
        this.stations.remember(grantId, mac);
      }
      if (isSeal(value)) {
        this.#seals.set(grantId, value);
      }
    }
  }

  #take(wanted: readonly SaeGrant[]): void {
    this.#wanted = wanted;
    const ids = new Set(wanted.map(({ grantId }) => grantId));
    const open = this.#configurations.flatMap(({ values }) => values).filter(([, value]) => !isSeal(value));
    this.stations.take(wanted, open.flatMap(([grantId, value]) => {
      const mac = parseSaeValue(value)?.mac;
      return mac === undefined ? [] : [[mac, grantId] as const];
    }));
    for (const [grantId] of open.filter(([id]) => !ids.has(id) && !this.#seals.has(id))) {
      this.#seals.set(grantId, newSeal(grantId));
    }
    ids.forEach((grantId) => this.#seals.delete(grantId));
  }

  /** What is to be in hostapd and in its file, by grant. */
  #values(): Map<string, string> {
    const own = this.#wanted.map((grant) => [grant.grantId, saeValue({ ...grant, mac: this.stations.macOf(grant) })] as const);
    return new Map([...own, ...this.#seals]);
  }

  async #dropWhenDue(): Promise<string | undefined> {
    const { reloadAfterMs, onDropping, isRenamed } = this.#options;
    if (this.#seals.size === 0) {
      this.#dropAt = undefined;
      this.#refusal = undefined;
      return undefined;
    }
    if (this.#dropAt === undefined) {
      this.#dropAt = performance.now() + reloadAfterMs;
      onDropping(reloadAfterMs);
    }
    if (performance.now() >= this.#dropAt) {
      if (await isRenamed?.()) {
        return 'Passwords that are over open nothing, but stay in hostapd while the network has another name, as when it is proven.';
      }
      this.#dropAt = performance.now() + reloadAfterMs;
      this.#refusal = await this.#drop();
    }
    return this.#refusal;
  }

  /** Leaves out what is over. hostapd goes on with what it has if it does not take its file; the seals are in that. */
  async #drop(): Promise<string | undefined> {
    this.#options.onDropping(0);
    const seals = [...this.#seals];
    this.#seals.clear();
    try {
      for (const configuration of this.#configurations) {
        await configuration.reload(this.#values());
      }
      this.stations.forgetFormer();
      return undefined;
    } catch (error) {
      seals.forEach(([grantId, value]) => this.#seals.set(grantId, value));
      return `Passwords that are over open nothing, but stay in hostapd: ${(error as Error).message}`;
    }
  }
}
