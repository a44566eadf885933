import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Challenge } from '../../domain/network.ts';
import { quoted } from '../../domain/shown-text.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import type { NetworksRole } from '../../roles/networks/ports.ts';
import { proveByRenaming, type ProvingEvent } from '../../roles/networks/prove-by-renaming.ts';
import type { Renaming } from '../../roles/networks/renaming.ts';
import { choiceFlag, durationFlag, pathFlag, textFlag } from '../flags.ts';
import { renamingFolder } from '../radio/renaming-folder.ts';
import { hear, type HearingFlags } from './heard.ts';

export const usualWithinMs = 180_000;
export const restoreMs = 60_000;
const pauseMs = 2_000;

/** What renames the network by itself. */
export const renamingFlags = {
  hook: textFlag({ helpValue: 'CMD', description: 'Have this program rename it: it is run with pre, set and restore, the names in its environment.' }),
  radio: choiceFlag(['hostapd'] as const)({ description: 'Have it renamed where it is on the air: by hostapd on this machine.', exclusive: ['hook'], dependsOn: ['hostapd-conf'] }),
  'hostapd-conf': pathFlag({ description: 'The file that hostapd was started with; may be repeated.', multiple: true, dependsOn: ['radio'] }),
  within: durationFlag({ description: 'For how long the new name is waited for; 3m if left out.', relationships: [{ type: 'some', flags: ['hook', 'radio'] }] }),
};

export interface RenamingFlags {
  readonly hook?: string | undefined;
  readonly radio?: 'hostapd' | undefined;
  readonly 'hostapd-conf'?: readonly string[] | undefined;
  readonly within?: number | undefined;
}

/** Undefined where the network is renamed by hand. Errors: `invalid_input`, `file_not_found`. */
export async function openRenaming({ hook, radio, 'hostapd-conf': configurations = [], within = usualWithinMs }: RenamingFlags): Promise<Renaming | undefined> {
  if (radio !== undefined) {
    const [{ HostapdRenaming }, { configurationText }] = await Promise.all([import('../../radio/hostapd/hostapd-renaming.ts'), import('../../radio/hostapd/read-configuration.ts')]);
    // Better known before a verification is begun, of which a day has not many.
    await Promise.all(configurations.map((path) => configurationText(path, 'latin1')));
    return new HostapdRenaming({ configurations, folder: renamingFolder(), longestMs: within + restoreMs });
  }
  return hook === undefined ? undefined : (await import('../../prompts/rename-hook.ts')).renamingHook(hook);
}

export interface RenamingRun {
  readonly networks: Pick<NetworksRole, 'confirm'>;
  readonly renaming: Renaming;
  readonly hearing: HearingFlags;
  readonly withinMs: number;
  readonly signal: AbortSignal;
  /** Where what has to be undone is left. */
  readonly closing: AsyncDisposableStack;
  readonly note: (text: string) => Promise<void>;
  readonly caution: (text: string) => Promise<void>;
}

/** Errors: `invalid_input` for a scan that cannot be read twice. */
export function requireRepeatable({ scan }: HearingFlags, what: string): void {
  if (scan === '-') {
    throw new LatchkeyError('invalid_input', `--scan -: ${what} reads the scan again and again; name a file that is written anew.`);
  }
}

/**
 * Renames the network and has it judged; what has to be undone is, also when the command is given up. Losing the terminal
 * is no reason to: who is connected by the very network loses it. Errors: those of `proveByRenaming`.
 */
export async function renameAndProve(challenge: Challenge, { networks, renaming, hearing, withinMs, signal, closing, note, caution }: RenamingRun): Promise<Challenge> {
  const stay = () => {};
  process.on('SIGHUP', stay);
  const tell = (event: ProvingEvent) => {
    const text = sentenceOf(event, challenge);
    if (text !== undefined) {
      // Whoever listened may be gone.
      void (event.kind === 'not_restored' ? caution(text) : note(text)).catch(() => {});
    }
  };
  const pause = (until: AbortSignal) => sleep(pauseMs, undefined, { signal: until }).catch(() => {});
  const withinExpiry = Math.max(1, Math.min(withinMs, challenge.expiresAt.getTime() - Date.now()));
  const proving = proveByRenaming(challenge, { networks, renaming, hear: () => hear(hearing, signal, 'each'), pause, signal, withinMs: withinExpiry, restoreMs, tell });
  closing.defer(async () => {
    await proving.catch(() => {});
    process.off('SIGHUP', stay);
  });
  return proving;
}

function sentenceOf(event: ProvingEvent, { first, second }: Challenge): string | undefined {
  switch (event.kind) {
    case 'preparing':
      return undefined;
    case 'renaming':
      return `Renaming ${quoted(ssidText(first))} to ${quoted(ssidText(second))}.`;
    case 'waiting':
      return 'Waiting until the new name is heard.';
    case 'attempted': {
      const error = event.challenge.errors.at(-1);
      return error === undefined ? undefined : `Not yet: ${error.detail}`;
    }
    case 'unsent':
      return `The server cannot be asked now (${event.error.message.replace(/\.$/, '')}); what was heard is sent as soon as it can.`;
    case 'deaf':
      return `Nothing can be heard now: ${event.error.message}`;
    case 'restoring':
      return `Setting the name back to ${quoted(ssidText(first))}.`;
    case 'restored':
      return 'It has its own name again.';
    case 'not_restored':
      return `${event.error.message} Set it back to ${quoted(ssidText(first))} by hand: nobody finds the network by its name.`;
  }
}
