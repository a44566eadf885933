import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { currency } from '../../api/money.ts';
import { id, object, text } from '../../api/schema.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Register } from '../../domain/sale.ts';
import { ensureFolder, paths } from '../paths.ts';

/** What this machine has to know of its cash register while no server can be asked. */
export interface KnownRegister extends Pick<Register, 'id' | 'name' | 'payeeId'> {
  /** Of its payee’s account. */
  readonly currency: string;
}

const schema = object('KnownRegister', { at: { type: 'string' }, register_id: id, name: text, payee_id: id, currency });
const check = checker(schema);

/** Which cash register this machine is at which server (`roleDestinationName`), one file each, as it was last heard. */
export class KnownRegisters {
  readonly #folder: string;

  constructor(state = paths().state) {
    this.#folder = join(state, 'registers');
  }

  /** Errors: `invalid_input` if the file is damaged. */
  recall(at: string): KnownRegister | undefined {
    const file = this.#file(at);
    if (!existsSync(file)) {
      return undefined;
    }
    const checked = check(parseJson(readFileSync(file, 'utf8')));
    if (!checked.ok) {
      throw new LatchkeyError('invalid_input', `${file} is damaged.`, { hint: 'Remove it, and run `latchkey code trust sync` while the server can be reached.' });
    }
    const { register_id: registerId, name, payee_id: payeeId, currency } = checked.value;
    return { id: registerId, name, payeeId, currency };
  }

  remember(at: string, { id: registerId, name, payeeId, currency }: KnownRegister): void {
    ensureFolder(this.#folder);
    const draft = join(this.#folder, `.${randomBytes(8).toString('hex')}.draft`);
    writeFileSync(draft, `${JSON.stringify({ at, register_id: registerId, name, payee_id: payeeId, currency })}\n`, { mode: 0o600, flush: true });
    renameSync(draft, this.#file(at));
  }

  #file(at: string): string {
    return join(this.#folder, `${createHash('sha256').update(at).digest('hex').slice(0, 16)}.json`);
  }
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
