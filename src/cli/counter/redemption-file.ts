import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { RedemptionJournal } from '../../roles/pos/redemption.ts';
import { newPhoneToken } from '../../roles/pos/subjects.ts';
import { withLock } from '../../secrets/lock.ts';
import { LineFile } from '../line-file.ts';
import { systemRandom } from '../local-registry.ts';
import { paths } from '../paths.ts';

const check = checker({ type: 'object', additionalProperties: { type: 'string', maxLength: 64 } });
/** Whose outcome is not known; the oldest are forgotten first. */
const mostCodes = 4096;

/** The receipt codes that a cash register is redeeming, with the token that it made for each, in a file of this machine. */
export class RedemptionFile implements RedemptionJournal {
  readonly #path: string;

  constructor(registerId: string, folder = join(paths().state, 'pos')) {
    this.#path = join(folder, `${registerId}.redemptions.json`);
  }

  /** Errors: `storage_full`, `invalid_input` if it cannot be written. */
  begin(code: string): Promise<string> {
    return this.#exclusively(() => {
      const tokens = this.#read();
      const token = tokens.get(code) ?? newPhoneToken({ random: systemRandom });
      if (!tokens.has(code)) {
        this.#write([...tokens, [code, token]]);
      }
      return token;
    });
  }

  async end(code: string): Promise<void> {
    try {
      await this.#exclusively(() => {
        const tokens = this.#read();
        if (tokens.delete(code)) {
          this.#write([...tokens]);
        }
      });
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
    }
  }

  #exclusively<T>(work: () => T): Promise<T> {
    return withLock(`${this.#path}.lock`, async () => work());
  }

  /** What is damaged counts as empty: it was for replies that were lost, and the codes are good for who has a token. */
  #read(): Map<string, string> {
    try {
      const checked = check(existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : {});
      return new Map(checked.ok ? Object.entries(checked.value as Record<string, string>) : []);
    } catch {
      return new Map();
    }
  }

  #write(tokens: readonly (readonly [string, string])[]): void {
    LineFile.replace(this.#path, 'the redemptions', JSON.stringify(Object.fromEntries(tokens.slice(-mostCodes))));
  }
}
