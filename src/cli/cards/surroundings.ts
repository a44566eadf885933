import { readService } from '../../api/card-service.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Service } from '../../domain/security-check/service.ts';
import { readJsonFile } from '../json-file.ts';

export type Surroundings = Pick<Service, 'zone' | 'place' | 'card' | 'attributes'>;

const variable = 'LATCHKEY_CARD_DATA';
const mostBytes = 64 * 1024;

/**
 * What this machine knows of where and with what card its services take place: the file that LATCHKEY_CARD_DATA names, a
 * service without kind and time; its time zone without. Errors: those of `readJsonFile`, `invalid_input`.
 */
export async function readSurroundings(): Promise<Surroundings> {
  const path = process.env[variable];
  const own = path === undefined || path === '' ? {} : await readJsonFile(path, variable, { what: 'what is known of services', mostBytes });
  if (typeof own !== 'object' || own === null || Array.isArray(own) || Object.keys(own).some((name) => !['zone', 'place', 'card', 'attributes'].includes(name))) {
    throw new LatchkeyError('invalid_input', `${variable}: this is an object with zone, place, card and attributes, and nothing else.`);
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return readService({ zone, ...own, kind: 'payment', at: '2000-01-01T00:00:00Z' });
}
