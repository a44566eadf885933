import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { runAdministrationProgram } from '../../programs/run-administration-program.ts';
import { radiolessConfigurations, type HostapdSettings } from './configuration.ts';

const longestMs = 10_000;

/**
 * Lets hostapd itself read the configuration, with the stations' keys if they are there; no radio is touched. Errors:
 * `check_failed` with hostapd's words, `file_not_found` (no hostapd), `timed_out`.
 */
export async function checkConfiguration(settings: HostapdSettings, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-hostapd-'));
  try {
    for (const configuration of radiolessConfigurations(await withFilesOf(settings, folder))) {
      const file = join(folder, 'hostapd.conf');
      await writeFile(file, configuration, { mode: 0o600 });
      await tryOut(file, signal);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withFilesOf({ credentials, ...settings }: HostapdSettings, folder: string): Promise<HostapdSettings> {
  const there = { ...settings, controlDir: join(folder, 'control') };
  if (credentials.kind === 'shared' || existsSync(credentials.pskFile)) {
    return { ...there, credentials };
  }
  // It will be there when hostapd starts.
  const pskFile = join(folder, 'wpa_psk');
  await writeFile(pskFile, '', { mode: 0o600 });
  return { ...there, credentials: { kind: 'own', pskFile } };
}

async function tryOut(file: string, signal: AbortSignal): Promise<void> {
  const taken = new AbortController();
  const tooLong = AbortSignal.timeout(longestMs);
  let output = '';
  await runAdministrationProgram(['hostapd', file], {
    signal: AbortSignal.any([signal, taken.signal, tooLong]),
    onOutput(text) {
      output += text;
      if (/^lo: AP-ENABLED/m.test(output)) {
        taken.abort();
      }
    },
  });
  signal.throwIfAborted();
  if (taken.signal.aborted) {
    return;
  }
  if (tooLong.aborted) {
    throw new LatchkeyError('timed_out', `hostapd did not say within ${longestMs / 1000} s whether it takes the configuration.`);
  }
  throw new LatchkeyError('check_failed', `hostapd refuses it: ${reason(output)}`, { hint: 'Correct what hostapd names.' });
}

/** The first that it says. It quotes what it cannot read of a line of keys, which may be a key. */
function reason(output: string): string {
  const first = output.split('\n').find((line) => line !== '' && !line.startsWith('lo: ')) ?? 'it says nothing.';
  return first.replace(/ '.*' (?=on line \d+ in ')/, ' ');
}
