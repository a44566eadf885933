import { createHash } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Bss } from './bss.ts';
import { reloadHostapd } from './hostapd-process.ts';
import { configurationText } from './read-configuration.ts';
import { replaceFile, stateOf } from './replaced-file.ts';
import { isSeal, newSeal, readSaeValues, withSaeValues } from './sae-block.ts';

/** What it takes of a BSS. */
export type SaeBss = Pick<Bss, 'name' | 'denied' | 'deny' | 'allow' | 'takePassword' | 'forgetSessions' | 'disconnect'>;

/** What is to be in hostapd. */
export interface SaeTarget {
  /** By grant, as `sae_password=` has them; those of grants that are over are seals. */
  readonly values: ReadonlyMap<string, string>;
  /** Addresses that may not be on. */
  readonly leaving: ReadonlySet<string>;
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

/**
 * The grants' passwords in one hostapd.conf and in those of its BSSes that serve grants by SAE. hostapd does not say
 * which passwords it has. It does say which addresses it denies: one of them, which no station can have, is a mark that
 * stands for the values it was told last. A mark that is gone tells of a hostapd that has read its configuration since.
 */
export class SaeConfiguration {
  readonly #path: string;
  readonly #names: readonly string[];
  readonly #members: readonly Member[];
  /** The file when it was last read or written, and the grants' values in it. */
  #state: string | undefined;
  #values: ReadonlyMap<string, string> = new Map();

  /** `path` is hostapd.conf's real one. */
  constructor(path: string, bsses: readonly SaeBss[]) {
    this.#path = path;
    this.#names = bsses.map(({ name }) => name);
    this.#members = bsses.map((bss) => ({ bss, values: undefined, isSettled: true, denied: new Set<string>(), isParting: false }));
  }

  /** All values that the file and the BSSes go by, by grant. */
  get values(): [string, string][] {
    return [this.#values, ...this.#members.map(({ values }) => values)].flatMap((values) => [...(values ?? [])]);
  }

  /**
   * Takes in what somebody else has made of the file. Resolves to whether it was read for the first time. One that is gone
   * or cannot be read is noticed when it is written.
   */
  async read(): Promise<boolean> {
    const state = await stateOf(this.#path);
    const text = state === undefined || state === this.#state ? undefined : await configurationText(this.#path, 'latin1').catch(() => undefined);
    if (text === undefined) {
      return false;
    }
    const isFirst = this.#state === undefined;
    this.#values = readSaeValues(text, this.#names);
    this.#state = state;
    if (!isFirst) {
      this.#members.forEach((member) => (member.isSettled = false));
    }
    return isFirst;
  }

  /**
   * hostapd first, then its file, then the mark: whatever comes in between, at the next time the mark, or what is in the
   * file, tells that hostapd has yet to be told. The file is written in any case, for a hostapd that starts. Resolves to
   * what went wrong.
   */
  async enforce(target: SaeTarget): Promise<unknown[]> {
    const { values } = target;
    const told = await Promise.allSettled(this.#members.map((member) => this.#tell(member, target)));
    this.#members.forEach((member, index) => {
      // What is written now it may have read before.
      member.isSettled &&= told[index]?.status === 'fulfilled' || isSame(this.#values, values);
    });
    try {
      await this.#write(values);
    } catch (error) {
      return [error];
    }
    const marked = await Promise.allSettled(this.#members.map(async (member, index) => {
      if (told[index]?.status === 'fulfilled') {
        await mark(member, told[index].value, values);
      }
    }));
    return [...told, ...marked].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  }

  /** Has hostapd read its configuration anew, with these values, by which its stations drop. */
  async reload(values: ReadonlyMap<string, string>): Promise<void> {
    await this.#write(values);
    await reloadHostapd(this.#path);
    await Promise.all(this.#members.map(async ({ bss, denied }) => {
      await requireUnmarked(bss);
      denied.clear();
    }));
  }

  /** Resolves to the mark that it has; undefined: none. */
  async #tell(member: Member, { values, leaving }: SaeTarget): Promise<string | undefined> {
    const { bss, denied } = member;
    const shown = new Set(await bss.denied());
    const shownMark = [...shown].find((mac) => mac.startsWith(markPrefix));
    const known = (member.values = knownOf(member, shownMark, this.#values));
    member.isSettled ||= shownMark !== undefined && isSame(this.#values, values);
    const undenied = [...leaving].filter((mac) => !shown.has(mac));
    const changed = [...values].filter(([grantId, value]) => known.get(grantId) !== value);
    member.isParting ||= undenied.length > 0 || changed.some(([, value]) => isSeal(value));
    for (const mac of undenied) {
      await bss.deny(mac);
      denied.add(mac);
    }
    for (const mac of [...denied].filter((one) => !leaving.has(one))) {
      await bss.allow(mac);
      denied.delete(mac);
    }
    for (const [grantId, value] of changed) {
      if (known.has(grantId) && !isSeal(value)) {
        await bss.takePassword(newSeal(grantId));
      }
      known.set(grantId, unknown);
      await bss.takePassword(value);
      known.set(grantId, value);
    }
    if (member.isParting) {
      await bss.forgetSessions();
      await Promise.all([...leaving].map((mac) => bss.disconnect(mac)));
      member.isParting = false;
    }
    return shownMark;
  }

  async #write(values: ReadonlyMap<string, string>): Promise<void> {
    if (isSame(this.#values, values) && (await stateOf(this.#path)) === this.#state) {
      return;
    }
    const text = await configurationText(this.#path, 'latin1');
    const next = withSaeValues(text, this.#names, [...values.values()]);
    if (next !== text) {
      const content = Buffer.from(next, 'latin1');
      await replaceFile(this.#path, content, (written) => written.equals(content) && isSame(readSaeValues(next, this.#names), values));
    }
    this.#state = await stateOf(this.#path);
    this.#values = values;
  }
}

/** What a BSS goes by: what it is known for, or if it has read its file since, what is there and was not just changed. */
function knownOf({ values, isSettled }: Member, shownMark: string | undefined, inFile: ReadonlyMap<string, string>): Map<string, string> {
  if (shownMark === undefined) {
    const surely = (grantId: string, value: string) => isSettled && (values === undefined || values.get(grantId) === value);
    return new Map([...inFile].map(([grantId, value]) => [grantId, surely(grantId, value) ? value : unknown]));
  }
  return values ?? new Map([...inFile].map(([grantId, value]) => [grantId, shownMark === markOf(inFile) ? value : unknown]));
}

/** Marks it as told, unless it has read its configuration meanwhile and may not have been. */
async function mark(member: Member, before: string | undefined, values: ReadonlyMap<string, string>): Promise<void> {
  const { bss } = member;
  const next = markOf(values);
  if (before === next) {
    return;
  }
  if (before !== undefined) {
    if (!(await bss.denied()).includes(before)) {
      member.isSettled = false;
      return;
    }
    await bss.allow(before);
  }
  await bss.deny(next);
}

/** hostapd comes to what it is asked when it has read its configuration; with one that it cannot read, it goes on as it was. */
async function requireUnmarked(bss: SaeBss): Promise<void> {
  if ((await bss.denied()).some((mac) => mac.startsWith(markPrefix))) {
    throw new LatchkeyError('radio_unreachable', `hostapd did not take its configuration for ${bss.name} anew.`, { hint: 'Look into hostapd’s own log.' });
  }
}

/** In the first octet, the bit of a group: no station has such an address. */
const markPrefix = '01:4c:4b:';

function markOf(values: ReadonlyMap<string, string>): string {
  const digest = createHash('sha256').update([...values.values()].toSorted().join('\n')).digest('hex');
  return markPrefix + digest.slice(0, 6).match(/../g)!.join(':');
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
