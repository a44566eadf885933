import { mkdirSync } from 'node:fs';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Rename, Renaming } from '../../roles/networks/renaming.ts';
import { startNameGuard, type NameGuard } from './name-guard.ts';
import { requireNamedBsses } from './named-bss.ts';
import { forgetRenamed, setBackWhatIsLeft } from './renamed-file.ts';
import { isCalled, OpenBsses, setBack, type Renamed } from './set-back.ts';

export interface HostapdRenamingOptions {
  /** The files that hostapd was started with. */
  readonly configurations: readonly string[];
  /** Where what is renamed is kept until it is set back, and the log of that. */
  readonly folder: string;
  /** After so many milliseconds the name is set back whatever the command does. */
  readonly longestMs: number;
  readonly controlProgram?: string | undefined;
}

/**
 * Renames a network at its running hostapd, in its beacons and its answers alone. Its configuration is not written, so
 * that a hostapd that starts has the first name. The keys that it has stay those of the first name: who is on stays on,
 * nobody can join until the name is set back, and then everything is as before. A process of its own sets it back if the
 * command does not.
 */
export class HostapdRenaming implements Renaming {
  readonly description: string;
  readonly #options: HostapdRenamingOptions;
  #renamed: Renamed | undefined;
  #guard: NameGuard | undefined;

  constructor(options: HostapdRenamingOptions) {
    this.#options = options;
    this.description = `hostapd sends the second name, with the same addresses and security. Who is on the network stays on; nobody can join it until the first name is set back, after ${Math.ceil(options.longestMs / 1000)} s at the latest, also if this command is killed.`;
  }

  /** Errors: `renaming_failed`, `radio_unreachable`, those of the configuration. */
  async prepare(rename: Rename, signal: AbortSignal): Promise<void> {
    const { configurations, folder, longestMs, controlProgram } = this.#options;
    const bsses = await requireNamedBsses(rename.first, configurations);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const [other] = await setBackWhatIsLeft(folder, bsses, signal);
    if (other !== undefined) {
      throw new LatchkeyError('renaming_failed', `The network is being renamed already, for challenge ${other.challengeId}.`, { hint: `Wait until that is over: its name is set back by process ${other.guardian.pid}.` });
    }
    using open = await OpenBsses.open(bsses, controlProgram, signal);
    const states = await Promise.all(open.all.map(({ bss }) => bss.onAir()));
    const wrong = states.findIndex(({ ssid, isEnabled }) => !isEnabled || !isCalled(ssid, rename.first));
    if (wrong >= 0) {
      throw new LatchkeyError('renaming_failed', `${bsses[wrong]!.interface} is not on the air with the network’s name.`, { hint: 'Start hostapd with the file that --hostapd-conf names, and wait until it is on the air.' });
    }
    if (!states.some(({ bssid }) => rename.bssids.includes(bssid))) {
      throw new LatchkeyError('renaming_failed', `This hostapd has none of the radios ${rename.bssids.join(', ')}; it has ${states.map(({ bssid }) => bssid).join(', ')}.`);
    }
    const until = Math.min(rename.expiresAt.getTime(), Date.now() + longestMs);
    const hex = (ssid: Uint8Array) => Buffer.from(ssid).toString('hex');
    this.#renamed = { challengeId: rename.challengeId, first: hex(rename.first), second: hex(rename.second), bsses, until, ...(controlProgram === undefined ? {} : { controlProgram }) };
    this.#guard = await startNameGuard({ folder, renamed: this.#renamed }, signal);
  }

  /** Errors: `renaming_failed`, `radio_unreachable`, the signal’s reason. */
  async set({ second }: Rename, signal: AbortSignal): Promise<void> {
    const renamed = this.#renamed!;
    using open = await OpenBsses.open(renamed.bsses, renamed.controlProgram, signal);
    for (const { bss } of open.all) {
      signal.throwIfAborted();
      await bss.rename(second);
    }
    const states = await Promise.all(open.all.map(({ bss }) => bss.onAir()));
    if (!states.every(({ ssid }) => isCalled(ssid, second))) {
      throw new LatchkeyError('renaming_failed', 'hostapd did not take the second name.', { hint: 'Look into hostapd’s own log.' });
    }
    // One that was stopped for so long may come too late.
    if (this.#guard?.isOver !== false) {
      throw new LatchkeyError('renaming_failed', 'The time in which the network may be renamed was over.');
    }
  }

  /** Errors: `radio_unreachable`, the signal’s reason; the process that guards the name goes on trying. */
  async restore(_rename: Rename, signal: AbortSignal): Promise<void> {
    const [renamed, guard] = [this.#renamed, this.#guard];
    if (renamed === undefined) {
      return;
    }
    const isRestored = guard?.isOver === false && (await guard.restore(signal));
    if (!isRestored) {
      await setBack(renamed, signal);
      forgetRenamed(this.#options.folder, renamed);
    }
    this.#renamed = undefined;
  }
}
