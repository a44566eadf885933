import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where Latchkey keeps what it must remember; every folder is the user's own (mode 0700). */
export interface Paths {
  /** Profiles. */
  readonly config: string;
  /** The embedded database, the encrypted secret file. */
  readonly data: string;
  /** What a running program leaves: the agent's socket and its memory. */
  readonly state: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `LATCHKEY_{CONFIG,DATA,STATE}_HOME` name the folders themselves; else the XDG Base Directory folders on Linux and
 * its relatives, `~/Library/Application Support` on macOS, `%APPDATA%` and `%LOCALAPPDATA%` on Windows.
 */
export function pathsFrom(env: Environment, platform: NodeJS.Platform, home: string): Paths {
  const platformPlaces = placesOf(env, platform, home);
  return {
    config: resolve(env['LATCHKEY_CONFIG_HOME'] || platformPlaces.config),
    data: resolve(env['LATCHKEY_DATA_HOME'] || platformPlaces.data),
    state: resolve(env['LATCHKEY_STATE_HOME'] || platformPlaces.state),
  };
}

function placesOf(env: Environment, platform: NodeJS.Platform, home: string): Paths {
  if (platform === 'darwin') {
    const support = join(home, 'Library', 'Application Support', 'latchkey');
    return { config: join(support, 'config'), data: join(support, 'data'), state: join(support, 'state') };
  }
  if (platform === 'win32') {
    const roaming = env['APPDATA'] || join(home, 'AppData', 'Roaming');
    const local = env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
    return {
      config: join(roaming, 'latchkey'),
      data: join(local, 'latchkey', 'data'),
      state: join(local, 'latchkey', 'state'),
    };
  }
  return {
    config: join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'latchkey'),
    data: join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'latchkey'),
    state: join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'latchkey'),
  };
}

export function paths(): Paths {
  return pathsFrom(process.env, process.platform, homedir());
}

/** Makes the folder, for its user alone, if it is not there; an existing one keeps its mode. */
export function ensureFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
