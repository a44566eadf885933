import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from '../cli/command-line.ts';
import type { Lab } from './lab/lab.ts';

/** A home that was made on this machine, in the lab: with the server of this machine's loopback where the lab has it. */
export class MovedHome {
  readonly folder: string;
  /** For commands that run in it. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string, from: CommandLine) {
    this.folder = folder;
    const { LATCHKEY_SECRET_KEY_FILE: secrets = '', LATCHKEY_KEY_FILE: key = '' } = from.env;
    const moved = (path: string) => path.replace(from.folder, folder);
    this.env = { HOME: folder, NO_COLOR: '1', LATCHKEY_SECRET_STORE: 'file', LATCHKEY_SECRET_KEY_FILE: moved(secrets), LATCHKEY_KEY_FILE: moved(key) };
  }

  /** Moves it to a folder that is not there yet, such as /run/latchkey/home. */
  static async make(lab: Lab, from: CommandLine, folder: string): Promise<MovedHome> {
    const passage = join('homes', folder.replaceAll('/', '-'));
    const share = join(lab.share, passage);
    cpSync(from.folder, share, { recursive: true });
    const profiles = join(share, '.config/latchkey/profiles');
    for (const file of readdirSync(profiles).filter((name) => name.endsWith('.json')).map((name) => join(profiles, name))) {
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('127.0.0.1', '10.0.2.2').replaceAll(from.folder, folder));
    }
    await lab.do(`mkdir -p ${folder} && cp -a /lab/${passage}/. ${folder} && chmod -R go= ${folder}`);
    return new MovedHome(folder, from);
  }
}
