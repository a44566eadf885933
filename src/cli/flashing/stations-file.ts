import { readFileSync } from 'node:fs';
import { checker } from '../../api/check.ts';
import { arrayOf, input, text } from '../../api/schema.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseFlashOffset } from '../../domain/flash.ts';
import type { Station } from '../../roles/flashing/stations.ts';

const port = { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^-@\\u0000-\\u001f][^\\u0000-\\u001f]*$' } as const;
const offset = { type: ['string', 'integer'] } as const;
const baud = { type: 'integer', minimum: 300, maximum: 10_000_000 } as const;
const chip = { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9-]{0,31}$' } as const;
const stationsSchema = arrayOf(input('Station', { port, station: text }, { offset, keys_offset: offset, baud, chip }));

export interface StationFlags {
  readonly port?: string | undefined;
  readonly stations?: string | undefined;
  readonly station: string;
  readonly offset?: number | undefined;
  readonly 'keys-offset'?: number | undefined;
  readonly baud?: number | undefined;
  readonly chip?: string | undefined;
}

/**
 * The stations that the flags name: one, or those of a file, where a station says nothing else as the flags say.
 * `parts`: what an image consists of. Errors: `missing_input`, `file_not_found`, `invalid_input`.
 */
export function stationsOf(flags: StationFlags, parts: readonly string[]): Station[] {
  if (flags.stations === undefined && flags.port === undefined) {
    throw new LatchkeyError('missing_input', 'Which port? Give --port PORT or --stations FILE.');
  }
  const entries = flags.stations === undefined ? check('--port', [{ port: flags.port, station: flags.station }]) : readEntries(flags.stations);
  const stations = entries.map((entry): Station => {
    const offsets = { nvs: offsetOf(entry.offset) ?? flags.offset, keys: offsetOf(entry.keys_offset) ?? flags['keys-offset'] };
    const missing = parts.find((part) => offsets[part as keyof typeof offsets] === undefined);
    if (missing !== undefined) {
      const flag = missing === 'keys' ? '--keys-offset' : '--offset';
      throw new LatchkeyError('missing_input', `Where does the ${missing} partition of station ${entry.station} begin? Give ${flag}.`);
    }
    return {
      name: entry.station,
      port: { path: entry.port, baud: entry.baud ?? flags.baud, chip: entry.chip ?? flags.chip },
      offsets: Object.fromEntries(Object.entries(offsets).filter((pair): pair is [string, number] => pair[1] !== undefined)),
    };
  });
  requireUnique(stations.map(({ name }) => name), 'station');
  requireUnique(stations.map(({ port: { path } }) => path), 'port');
  return stations;
}

const checkEntries = checker(stationsSchema);

function readEntries(path: string) {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new LatchkeyError('file_not_found', `--stations: there is no file ${path}.`, { cause: error })
      : new LatchkeyError('invalid_input', `--stations: ${path} cannot be read (${code}).`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('invalid_input', `--stations: ${path} is not JSON.`, { cause: error });
  }
  const entries = check(`--stations: ${path}`, value);
  if (entries.length === 0) {
    throw new LatchkeyError('invalid_input', `--stations: there is no station in ${path}.`);
  }
  return entries;
}

function check(source: string, value: unknown) {
  const checked = checkEntries(value);
  if (!checked.ok) {
    throw new LatchkeyError('invalid_input', `${source}: this does not name stations.`, {
      problems: checked.problems,
      hint: 'It is a list such as [{ "port": "/dev/ttyUSB0", "station": "bench-1" }], with offset, keys_offset, baud and chip where they differ.',
    });
  }
  return checked.value;
}

function offsetOf(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : parseFlashOffset(String(value));
}

function requireUnique(names: readonly string[], what: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `The ${what} ${twice} is there twice.`);
  }
}
