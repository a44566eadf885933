import { readSurroundings as read, type Surroundings } from '../../api/card-service.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { isOtherThanFile } from '../input-file.ts';
import { readJsonFile } from '../json-file.ts';

const variable = 'LATCHKEY_CARD_DATA';
const mostBytes = 1024 * 1024;

/**
 * What this machine knows of where, with what card and to whom its services take place: the file that LATCHKEY_CARD_DATA
 * names (docs/security-check.md); its time zone without. Errors: those of `readJsonFile`, `invalid_input`.
 */
export async function readSurroundings(): Promise<Surroundings> {
  const path = process.env[variable];
  const known = path === undefined || path === '' ? read({}) : await readNamed(path);
  return { ...known, zone: known.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone };
}

async function readNamed(path: string): Promise<Surroundings> {
  // A pipe is empty for the second service, and nobody may write into it for the first.
  if (isOtherThanFile(path)) {
    throw new LatchkeyError('invalid_input', `${variable}: ${path} is no file.`);
  }
  const json = await readJsonFile(path, variable, { what: 'what is known of services', mostBytes });
  try {
    return read(json);
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'invalid_input') {
      throw new LatchkeyError('invalid_input', `${variable}: what is known of services is not right.`, { problems: error.problems, cause: error });
    }
    throw error;
  }
}
