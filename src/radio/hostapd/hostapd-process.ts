import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';

/**
 * Has the hostapd that was started with this file, given by its real path, read it anew (SIGHUP, hostapd 2.10): all its
 * stations drop for a moment. There is no command for that on its control interface, and a pid in a file may be
 * another's by now: so it is looked for among what runs. Errors: `radio_unreachable` (there is none, or it is not ours
 * to signal).
 */
export async function reloadHostapd(configuration: string): Promise<void> {
  const pid = await findHostapd(configuration);
  if (pid === undefined) {
    throw new LatchkeyError('radio_unreachable', `No hostapd runs here with ${configuration}.`, { hint: 'Start hostapd with the absolute path of the file that --hostapd-conf names.' });
  }
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    throw new LatchkeyError('radio_unreachable', `hostapd cannot be told to read ${configuration} (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}

async function findHostapd(configuration: string): Promise<number | undefined> {
  for (const name of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(name) && (await hasConfiguration(`/proc/${name}`, configuration).catch(() => false))) {
      return Number(name);
    }
  }
  return undefined;
}

async function hasConfiguration(folder: string, configuration: string): Promise<boolean> {
  if ((await readFile(`${folder}/comm`, 'utf8')).trimEnd() !== 'hostapd') {
    return false;
  }
  const [args, directory] = await Promise.all([readFile(`${folder}/cmdline`, 'utf8'), readlink(`${folder}/cwd`)]);
  const paths = args.split('\0').slice(1).filter((arg) => arg !== '').map((arg) => resolve(directory, arg));
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return real.includes(configuration);
}
