import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { isId } from '../../domain/identifiers.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const most = 50;

/** The verifications that were begun on this machine at one server, latest last. Nothing is lost with them but what `share verify status` shows by itself. */
export class BegunChallenges {
  readonly #path: string;

  constructor(server: string, folder = join(paths().state, 'sharing')) {
    this.#path = join(ensureFolder(folder), `${createHash('sha256').update(server).digest('hex').slice(0, 16)}.challenges`);
  }

  all(): string[] {
    return existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n').filter(isId) : [];
  }

  keep(ids: readonly string[]): void {
    LineFile.replace(this.#path, '', ids.slice(-most).map((id) => `${id}\n`).join(''));
  }

  add(id: string): void {
    this.keep([...this.all().filter((each) => each !== id), id]);
  }
}
