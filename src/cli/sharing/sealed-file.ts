import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { bytes32, id, object, type Static } from '../../api/schema.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { remember } from '../../roles/remember.ts';
import type { SealedCode, SealedCodes } from '../../roles/sharer/ports.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const entrySchema = object('SealedCode', { grant_id: id, thumbprint: bytes32 });
const check = checker({ type: 'object', additionalProperties: entrySchema });
/** Far more than a network has guests in the time that one of them may still ask. */
const mostCodes = 2000;

/** To which keys the access codes of a network were sealed, in a file of this machine, on the disk when `keep` returns. */
export class SealedFile implements SealedCodes {
  readonly #path: string;
  readonly #codes: Map<string, SealedCode>;

  /** Errors: `invalid_input` if what is there is damaged. */
  constructor(networkId: string, folder = join(paths().state, 'share')) {
    this.#path = join(ensureFolder(folder), `${networkId}.sealed.json`);
    this.#codes = read(this.#path);
  }

  find(requestId: string): SealedCode | undefined {
    return this.#codes.get(requestId);
  }

  keep(requestId: string, code: SealedCode): void {
    if (this.#codes.has(requestId)) {
      return;
    }
    const codes = new Map(this.#codes);
    remember(codes, requestId, code, mostCodes);
    const wire = [...codes].map(([known, { grantId, thumbprint }]) => [known, { grant_id: grantId, thumbprint }] as const);
    LineFile.replace(this.#path, '', `${JSON.stringify(Object.fromEntries(wire))}\n`);
    remember(this.#codes, requestId, code, mostCodes);
  }
}

/** What is damaged may be what somebody would have to be told of: it does not count as empty. */
function read(path: string): Map<string, SealedCode> {
  const entries = parsed(path);
  if (entries === undefined) {
    throw new LatchkeyError('invalid_input', `${path} is damaged: to which keys access codes were sealed is not known.`, { hint: 'Move it away once no guest has an access code that it has not used yet.' });
  }
  return new Map(Object.entries(entries).map(([requestId, { grant_id: grantId, thumbprint }]) => [requestId, { grantId, thumbprint }]));
}

function parsed(path: string): Record<string, Static<typeof entrySchema>> | undefined {
  try {
    const checked = check(existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {});
    return checked.ok ? (checked.value as Record<string, Static<typeof entrySchema>>) : undefined;
  } catch {
    return undefined;
  }
}
