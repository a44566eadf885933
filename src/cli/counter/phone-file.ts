import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import type { PhoneBook } from '../../roles/pos/phone-counter.ts';
import { ensureFolder, paths } from '../paths.ts';

const check = checker({ type: 'object', additionalProperties: { type: 'string', maxLength: 64 } });
/** Addresses of phones on one network; who has not come for longest is forgotten first. */
const mostPhones = 4096;

/**
 * By which grant each address was let in last, in a file of this machine. What is damaged counts as empty, and what cannot
 * be written is only `failed`: a phone shows its token again, and what it has paid for stands.
 */
export class PhoneFile implements PhoneBook {
  readonly #path: string;
  readonly #failed: (error: unknown) => void;
  readonly #grants: Map<string, string>;

  constructor(registerId: string, failed: (error: unknown) => void, folder = join(paths().state, 'pos')) {
    this.#failed = failed;
    this.#path = join(ensureFolder(folder), `${registerId}.phones.json`);
    this.#grants = new Map(Object.entries(read(this.#path)));
  }

  find(address: string): string | undefined {
    return this.#grants.get(address);
  }

  note(address: string, grantId: string): void {
    if (this.#grants.get(address) === grantId) {
      return;
    }
    this.#grants.delete(address);
    this.#grants.set(address, grantId);
    for (const oldest of [...this.#grants.keys()].slice(0, Math.max(0, this.#grants.size - mostPhones))) {
      this.#grants.delete(oldest);
    }
    try {
      writeFileSync(`${this.#path}.part`, JSON.stringify(Object.fromEntries(this.#grants)), { mode: 0o600 });
      renameSync(`${this.#path}.part`, this.#path);
    } catch (error) {
      this.#failed(error);
    }
  }
}

function read(path: string): Record<string, string> {
  try {
    const checked = check(existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {});
    return checked.ok ? (checked.value as Record<string, string>) : {};
  } catch {
    return {};
  }
}
