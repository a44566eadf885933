import { createHash, randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Bss } from './bss.ts';
import { reloadHostapd } from './hostapd-process.ts';
import { configurationText } from './read-configuration.ts';
import { replaceFile, stateOf } from './replaced-file.ts';
import { parseSaeValue, readSaeValues, saeValue, withSaeValues, type SaeEntry } from './sae-block.ts';

export interface SaeGrant extends SaeEntry {
  readonly startsAt: Date;
}

/** What it takes of a BSS. */
export type SaeBss = Pick<Bss, 'name' | 'denied' | 'deny' | 'allow' | 'takePassword' | 'forgetSessions' | 'disconnect'>;

export interface SaePasswordsOptions {
  /** Each hostapd.conf, by its real path, with those of its BSSes that serve grants by SAE. */
  readonly configurations: ReadonlyMap<string, readonly SaeBss[]>;
  /** How long passwords that are over stay in hostapd, sealed, so that more go at once. */
  readonly reloadAfterMs: number;
  /** Stations are about to drop for a moment, in so many milliseconds; 0 is now. */
  readonly onDropping: (inMs: number) => void;
  /** What should be in hostapd is something else by now. */
  readonly onChanged: () => void;
}

/** A hostapd.conf, and who was started with it. */
interface Configuration {
  readonly path: string;
  readonly members: readonly Member[];
  /** The file when it was last read or written, and the grants' values in it. */
  state: string | undefined;
  values: ReadonlyMap<string, string>;
}

/** A BSS, and what is known of it. */
interface Member {
  readonly bss: SaeBss;
  /** By grant, the value that it goes by; undefined: nothing is known yet. */
  values: Map<string, string> | undefined;
  /** Whether, if it has read its file since it was last told, that was the file as we know it. */
  isSettled: boolean;
  /** What it was made to deny. */
  readonly denied: Set<string>;
  /** Whether somebody's session is yet to be forgotten. */
  isParting: boolean;
}

/** Stands for a value that is not known. */
const unknown = '';
const unattributedMs = 15_000;

/**
 * The grants' passwords for SAE. hostapd 2.10 reads them at its start from hostapd.conf, each with an identifier (the
 * grant's id) and the one MAC address that may use it where that is known. It takes more of them while it runs (`SET
 * sae_password`), gives none back, and goes by the last that fits: so a password that is over is sealed, by one
 * that nobody knows under the same identifier. Its station is denied, its session forgotten (PMKSA_FLUSH) and it is
 * deauthenticated. To be rid of the sealed ones, hostapd has to read its configuration anew, by which all its stations
 * drop: that is announced, and happens once for all of a while.
 *
 * hostapd does not say which passwords it has. It does say which addresses it denies: one of them, which no station can
 * have, is a mark that stands for the values it was told last. A mark that is gone tells of a hostapd that has read its
 * configuration since.
 *
 * SAE does not tell either whose password a station used; its address does. A station that no grant is bound to is the
 * one of the only grant that is bound to nobody, if there is one; if there are several, their devices say so
 * (`joined`), or are disconnected: they could be neither metered nor taken off the air.
 */
export class SaePasswords {
  readonly #options: SaePasswordsOptions;
  readonly #configurations: readonly Configuration[];
  readonly #members: readonly Member[];
  #wanted: readonly SaeGrant[] = [];
  /** Addresses of grants whose subject's address the agent does not know: found on the air. */
  readonly #found = new Map<string, string>();
  /** The grant of an address. */
  #owners = new Map<string, string>();
  /** Values of grants that are over. */
  readonly #seals = new Map<string, string>();
  /** Addresses of grants that are over. */
  readonly #former = new Set<string>();
  /** When those that cannot be attributed were first seen. */
  readonly #strangers = new Map<string, number>();
  #dropAt: number | undefined;
  #refusal: string | undefined;

  constructor(options: SaePasswordsOptions) {
    this.#options = options;
    this.#configurations = [...options.configurations].map(([path, bsses]) => ({
      path,
      members: bsses.map((bss) => ({ bss, values: undefined, isSettled: true, denied: new Set<string>(), isParting: false })),
      state: undefined,
      values: new Map(),
    }));
    this.#members = this.#configurations.flatMap(({ members }) => members);
  }

  /**
   * Resolves to what is not as it should be although the grants are enforced, for people. Errors: `radio_unreachable`,
   * those of the configuration's file.
   */
  async converge(wanted: readonly SaeGrant[]): Promise<string | undefined> {
    if (this.#configurations.length === 0) {
      return undefined;
    }
    await Promise.all(this.#configurations.map((configuration) => this.#read(configuration)));
    this.#take(wanted);
    const failures: unknown[] = [];
    for (const configuration of this.#configurations) {
      failures.push(...(await this.#enforce(configuration)));
    }
    if (failures.length > 0) {
      throw failures[0];
    }
    return this.#dropWhenDue();
  }

  /** The grant of an address; undefined: nobody's, as far as is known. */
  ownerOf(mac: string): string | undefined {
    return this.#owners.get(mac);
  }

  /** The grant of a station that is on by SAE: if its address has none, the only one without an address has it from now on. */
  attribute(mac: string): string | undefined {
    const owner = this.#owners.get(mac);
    if (owner !== undefined) {
      this.#strangers.delete(mac);
      return owner;
    }
    const [only, ...others] = this.#wanted.filter((grant) => this.#macOf(grant) === undefined);
    if (only === undefined || others.length > 0 || this.#former.has(mac) || this.#strangers.has(mac)) {
      return undefined;
    }
    this.#found.set(only.grantId, mac);
    this.#owners.set(mac, only.grantId);
    this.#options.onChanged();
    return only.grantId;
  }

  /** Whether a station that is nobody's has had the time to say whose it is. */
  isOverdue(mac: string): boolean {
    const now = performance.now();
    const since = this.#strangers.get(mac) ?? now;
    const isOverdue = this.#former.has(mac) || now - since >= unattributedMs;
    if (isOverdue) {
      this.#strangers.delete(mac);
    } else {
      this.#strangers.set(mac, since);
    }
    return isOverdue;
  }

  /** What somebody else has made of the file. One that is gone or cannot be read is noticed when it is written. */
  async #read(configuration: Configuration): Promise<void> {
    const state = await stateOf(configuration.path);
    const text = state === undefined || state === configuration.state ? undefined : await configurationText(configuration.path, 'latin1').catch(() => undefined);
    if (text === undefined) {
      return;
    }
    const isFirst = configuration.state === undefined;
    configuration.values = readSaeValues(text, namesOf(configuration));
    configuration.state = state;
    if (isFirst) {
      this.#remember(configuration.values);
    } else {
      configuration.members.forEach((member) => (member.isSettled = false));
    }
  }

  /** What an agent before this one has left in the file: addresses that it found, and what it sealed. */
  #remember(values: ReadonlyMap<string, string>): void {
    for (const [grantId, value] of values) {
      const mac = parseSaeValue(value)?.mac;
      if (mac !== undefined) {
        this.#found.set(grantId, mac);
      }
      if (isSeal(value)) {
        this.#seals.set(grantId, value);
      }
    }
  }

  #take(wanted: readonly SaeGrant[]): void {
    this.#wanted = wanted;
    const before = this.#owners;
    // Of several grants that one device has, the last is what it goes by.
    const inOrder = wanted.toSorted((one, other) => one.startsAt.getTime() - other.startsAt.getTime());
    this.#owners = new Map(inOrder.map((grant) => [this.#macOf(grant) ?? '', grant.grantId]));
    this.#owners.delete('');
    const ids = new Set(wanted.map(({ grantId }) => grantId));
    const open = [...this.#configurations, ...this.#members].flatMap(({ values = [] }) => [...values]).filter(([, value]) => !isSeal(value));
    const bound = [...before, ...open.map(([grantId, value]) => [parseSaeValue(value)?.mac, grantId] as const)];
    for (const [mac, grantId] of bound) {
      if (mac !== undefined && !this.#owners.has(mac)) {
        // Its grant may have another address by now.
        ids.has(grantId) ? this.#strangers.set(mac, -Infinity) : this.#former.add(mac);
      }
    }
    for (const [grantId] of open.filter(([id]) => !ids.has(id) && !this.#seals.has(id))) {
      this.#seals.set(grantId, newSeal(grantId));
    }
    ids.forEach((grantId) => this.#seals.delete(grantId));
    [...this.#found.keys()].filter((grantId) => !ids.has(grantId)).forEach((grantId) => this.#found.delete(grantId));
  }

  #macOf({ grantId, mac }: SaeGrant): string | undefined {
    return mac ?? this.#found.get(grantId);
  }

  /** What is to be in hostapd and in its file, by grant. */
  #values(): Map<string, string> {
    const own = this.#wanted.map((grant) => [grant.grantId, saeValue({ ...grant, mac: this.#macOf(grant) })] as const);
    return new Map([...own, ...this.#seals]);
  }

  /**
   * hostapd first, then its file, then the mark: whatever comes in between, at the next time the mark, or what is in the
   * file, tells that hostapd has yet to be told. The file is written in any case, for a hostapd that starts.
   */
  async #enforce(configuration: Configuration): Promise<unknown[]> {
    const values = this.#values();
    const told = await Promise.allSettled(configuration.members.map((member) => this.#tell(member, configuration.values, values)));
    configuration.members.forEach((member, index) => {
      // What is written now it may have read before.
      member.isSettled &&= told[index]?.status === 'fulfilled' || isSame(configuration.values, values);
    });
    try {
      await this.#write(configuration, values);
    } catch (error) {
      return [error];
    }
    const marked = await Promise.allSettled(configuration.members.map(async (member, index) => {
      if (told[index]?.status === 'fulfilled') {
        await this.#mark(member, told[index].value, values);
      }
    }));
    return [...told, ...marked].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  }

  /** Resolves to the mark that it has; undefined: none. */
  async #tell(member: Member, inFile: ReadonlyMap<string, string>, values: ReadonlyMap<string, string>): Promise<string | undefined> {
    const { bss, denied } = member;
    const shown = new Set(await bss.denied());
    const mark = [...shown].find((mac) => mac.startsWith(markPrefix));
    const known = (member.values = knownOf(member, mark, inFile));
    member.isSettled ||= mark !== undefined && isSame(inFile, values);
    const leaving = [...this.#former].filter((mac) => !this.#owners.has(mac) && !shown.has(mac));
    const changed = [...values].filter(([grantId, value]) => known.get(grantId) !== value);
    member.isParting ||= leaving.length > 0 || changed.some(([grantId]) => this.#seals.has(grantId));
    for (const mac of leaving) {
      await bss.deny(mac);
      denied.add(mac);
    }
    for (const mac of [...denied].filter((one) => this.#owners.has(one))) {
      await bss.allow(mac);
      denied.delete(mac);
    }
    for (const [grantId, value] of changed) {
      if (known.has(grantId) && !this.#seals.has(grantId)) {
        await bss.takePassword(newSeal(grantId));
      }
      known.set(grantId, unknown);
      await bss.takePassword(value);
      known.set(grantId, value);
    }
    if (member.isParting) {
      await bss.forgetSessions();
      await Promise.all([...this.#former].filter((mac) => !this.#owners.has(mac)).map((mac) => bss.disconnect(mac)));
      member.isParting = false;
    }
    return mark;
  }

  async #write(configuration: Configuration, values: ReadonlyMap<string, string>): Promise<void> {
    if (isSame(configuration.values, values) && (await stateOf(configuration.path)) === configuration.state) {
      return;
    }
    const { path } = configuration;
    const text = await configurationText(path, 'latin1');
    const next = withSaeValues(text, namesOf(configuration), [...values.values()]);
    if (next !== text) {
      const content = Buffer.from(next, 'latin1');
      await replaceFile(path, content, (written) => written.equals(content) && isSame(readSaeValues(next, namesOf(configuration)), values));
    }
    configuration.state = await stateOf(path);
    configuration.values = values;
  }

  /** Marks it as told, unless it has read its configuration meanwhile and may not have been. */
  async #mark(member: Member, before: string | undefined, values: ReadonlyMap<string, string>): Promise<void> {
    const { bss } = member;
    const mark = markOf(values);
    if (before === mark) {
      return;
    }
    if (before !== undefined) {
      if (!(await bss.denied()).includes(before)) {
        member.isSettled = false;
        return;
      }
      await bss.allow(before);
    }
    await bss.deny(mark);
  }

  async #dropWhenDue(): Promise<string | undefined> {
    const { reloadAfterMs, onDropping } = this.#options;
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
        await this.#write(configuration, this.#values());
        await reloadHostapd(configuration.path);
        await Promise.all(configuration.members.map(({ bss }) => requireUnmarked(bss)));
      }
      this.#former.clear();
      return undefined;
    } catch (error) {
      seals.forEach(([grantId, value]) => this.#seals.set(grantId, value));
      return `Passwords that are over open nothing, but stay in hostapd: ${(error as Error).message}`;
    }
  }
}

/** What a BSS goes by: what it is known for, or if it has read its file since, what is there and was not just changed. */
function knownOf({ values, isSettled }: Member, mark: string | undefined, inFile: ReadonlyMap<string, string>): Map<string, string> {
  if (mark === undefined) {
    const surely = (grantId: string, value: string) => isSettled && (values === undefined || values.get(grantId) === value);
    return new Map([...inFile].map(([grantId, value]) => [grantId, surely(grantId, value) ? value : unknown]));
  }
  return values ?? new Map([...inFile].map(([grantId, value]) => [grantId, mark === markOf(inFile) ? value : unknown]));
}

/** hostapd comes to what it is asked when it has read its configuration; with one that it cannot read, it goes on as it was. */
async function requireUnmarked(bss: SaeBss): Promise<void> {
  if ((await bss.denied()).some((mac) => mac.startsWith(markPrefix))) {
    throw new LatchkeyError('radio_unreachable', `hostapd did not take its configuration for ${bss.name} anew.`, { hint: 'Look into hostapd’s own log.' });
  }
}

const sealed = 'sealed-';

function isSeal(value: string): boolean {
  return value.startsWith(sealed);
}

/** A password that nobody knows, in the place of the grant's. */
function newSeal(grantId: string): string {
  return saeValue({ grantId, password: `${sealed}${randomBytes(24).toString('hex')}`, mac: undefined, vlan: undefined });
}

/** In the first octet, the bit of a group: no station has such an address. */
const markPrefix = '01:4c:4b:';

function markOf(values: ReadonlyMap<string, string>): string {
  const digest = createHash('sha256').update([...values.values()].toSorted().join('\n')).digest('hex');
  return markPrefix + digest.slice(0, 6).match(/../g)!.join(':');
}

function namesOf({ members }: Configuration): string[] {
  return members.map(({ bss }) => bss.name);
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
