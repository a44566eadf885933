import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { tolerableMs } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { profiles, secretStore } from '../destination.ts';
import { databaseUrl, keyringOptions } from '../local-registry.ts';
import { paths } from '../paths.ts';
import { tokenName } from '../profiles.ts';
import type { SecretSources } from '../secret-input.ts';
import type { Check } from './checks.ts';

/** Earlier than this no Latchkey ran. */
const earliest = new Date('2026-11-01T00:00:00Z');

export function foldersCheck(): Check {
  return {
    name: 'folders',
    async look() {
      const folders = Object.values(paths());
      for (const folder of folders.filter((path) => existsSync(path))) {
        requirePrivate(folder);
      }
      return folders.join(', ');
    },
  };
}

function requirePrivate(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LatchkeyError('storage_read_only', `${folder} cannot be written.`, { hint: `Make it yours: chown and chmod 700 ${folder}`, cause: error });
  }
  if (process.platform !== 'win32' && (statSync(folder).mode & 0o022) !== 0) {
    throw new LatchkeyError('check_failed', `${folder} can be written by others.`, { hint: `chmod 700 ${folder}` });
  }
}

export function secretStoreCheck(sources: SecretSources): Check {
  return {
    name: 'secret store',
    async look() {
      const store = await secretStore(sources);
      const names = await store.names();
      return `${store.kind}, ${names.length} ${names.length === 1 ? 'secret' : 'secrets'}`;
    },
  };
}

/** The database on this machine, if there is one; none is made. */
export function databaseCheck(sources: SecretSources): Check {
  return {
    name: 'database',
    async look() {
      const url = databaseUrl();
      if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length))) {
        return undefined;
      }
      const [{ openKeyring }, { openStore }] = await Promise.all([import('../../secrets/keyring.ts'), import('../../storage/open-store.ts')]);
      const store = await openStore({ url, sealer: await openKeyring(keyringOptions(sources)), lockTimeoutMs: 2_000 });
      try {
        await store.ping();
      } finally {
        await store.close();
      }
      return url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : new URL(url).host;
    },
  };
}

export function profilesCheck(sources: SecretSources): Check {
  return {
    name: 'profiles',
    async look() {
      const all = profiles().list();
      profiles().active();
      if (all.length === 0) {
        return undefined;
      }
      const store = await secretStore(sources);
      for (const { name } of all.filter((profile) => profile.role !== undefined)) {
        if ((await store.get(tokenName(name))) === undefined) {
          throw new LatchkeyError('secret_not_found', `The token of the profile "${name}" is not in the secret store.`, {
            hint: `Remove the profile and add it again with a new enrolment code: latchkey profile remove ${name} --yes`,
          });
        }
      }
      return all.map(({ name }) => name).join(', ');
    },
  };
}

/** `serverTime`: what the server says it is, if it can be asked. */
export function clockCheck(serverTime: () => Promise<Date | undefined>): Check {
  return {
    name: 'clock',
    async look() {
      const hint = 'Set the clock, and keep it set: timedatectl set-ntp true';
      const now = new Date();
      if (now < earliest) {
        throw new LatchkeyError('check_failed', `The clock says ${now.toISOString()}.`, { hint });
      }
      const theirs = await serverTime().catch(() => undefined);
      const apart = theirs === undefined ? 0 : Math.abs(theirs.getTime() - Date.now()) / 1000;
      if (apart * 1000 > tolerableMs) {
        throw new LatchkeyError('check_failed', `The clock and the server’s are ${Math.round(apart)} s apart.`, { hint });
      }
      return theirs === undefined ? now.toISOString() : `${apart.toFixed(1)} s from the server’s`;
    },
  };
}
