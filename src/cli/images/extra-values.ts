import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import type { NvsEntry } from '../../formats/nvs/layout.ts';
import { entryOf, parseGeneratorCsv, parseManufacturingConfig, type ManufacturingKey } from '../../formats/nvs/manufacturing-csv.ts';
import { isBadLine, readRows, type ReadLine, type Row } from '../../formats/rows.ts';
import { readText } from '../destination.ts';
import type { FoundIdentity } from '../identity-source.ts';
import { readInput } from '../input-file.ts';

/** What devices get beside their identity. */
export interface ExtraValues {
  /** Names of all of them. */
  readonly keys: readonly Pick<NvsEntry, 'namespace' | 'key'>[];
  /** Of the next device. Errors: `invalid_input` if it has no row or that is not right. */
  of(device: Pick<FoundIdentity, 'uuid' | 'line'>): Promise<readonly NvsEntry[]>;
  /** A line of the devices' file that comes to nothing: no other device gets its values. */
  passOver(line: number): void;
}

export interface ExtraOptions {
  readonly extra: string | undefined;
  readonly extraConfig: string | undefined;
  /** Those that will be asked for, if they are known: rows of others are passed over. */
  readonly wanted: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** So many rows are kept whose device has not been asked for yet. */
const mostAhead = 100_000;

/**
 * Extra values from a factory's own files: with a config as Espressif's `mfg_gen` takes it, a row a device; without
 * one, the CSV of `nvs_partition_gen`, the same values for all. Errors: `file_not_found`, `invalid_input`.
 */
export function openExtraValues({ extra, extraConfig, wanted, signal }: ExtraOptions): ExtraValues {
  if (extra === undefined) {
    if (extraConfig !== undefined) throw new LatchkeyError('missing_input', '--extra-config says what is in a file: give it with --extra.');
    return { keys: [], of: async () => [], passOver: () => {} };
  }
  if (extraConfig === undefined) {
    const entries = named(`--extra: ${extra}`, () => parseGeneratorCsv(readText(extra, '--extra'), readValueFile));
    return { keys: entries, of: async () => entries, passOver: () => {} };
  }
  const keys = named(`--extra-config: ${extraConfig}`, () => parseManufacturingConfig(readText(extraConfig, '--extra-config')));
  const rows = readRows<string>(readInput(extra, '--extra', { signal }), {
    columns: [...new Set(['uuid', ...keys.map(({ key }) => key)])],
    required: keys.map(({ key }) => key),
    ignored: 'others',
  });
  return new RowValues(extra, keys, rows, wanted === undefined ? undefined : new Set(wanted));
}

/**
 * A row a device: by its uuid where rows have one, in another order than devices as far as `mostAhead` of them go;
 * else the first row is that of the first line of the devices' file, and so on.
 */
class RowValues implements ExtraValues {
  readonly keys: readonly ManufacturingKey[];
  readonly #file: string;
  readonly #lines: AsyncIterator<ReadLine<string>>;
  readonly #wanted: ReadonlySet<string> | undefined;
  /** Lines that were read to find the first row. */
  readonly #begin: ReadLine<string>[] = [];
  #first: Row<string> | undefined;
  readonly #ahead = new Map<string, Row<string>>();
  #unreadable = '';
  #passedOver: number[] = [];

  constructor(file: string, keys: readonly ManufacturingKey[], rows: AsyncIterable<readonly ReadLine<string>[]>, wanted: ReadonlySet<string> | undefined) {
    this.#file = file;
    this.keys = keys;
    this.#lines = flat(rows);
    this.#wanted = wanted;
  }

  async of({ uuid, line }: Pick<FoundIdentity, 'uuid' | 'line'>): Promise<readonly NvsEntry[]> {
    const first = (this.#first ??= await this.#readFirst());
    const row = hasUuid(first) ? await this.#rowOf(uuid) : await this.#nextRow(uuid, line);
    return named(this.#at(row), () =>
      this.keys.map((key) => entryOf(key, (key.repeat ? first : row).values[key.key] ?? '', readValueFile)),
    );
  }

  passOver(line: number): void {
    if (this.#first === undefined || !hasUuid(this.#first)) this.#passedOver.push(line);
  }

  async #readFirst(): Promise<Row<string>> {
    for (;;) {
      const line = await this.#read();
      if (line === undefined) throw new LatchkeyError('invalid_input', `--extra: ${this.#file} has no row that can be read.`);
      this.#begin.push(line);
      if (!isBadLine(line)) return line;
    }
  }

  async #read(): Promise<ReadLine<string> | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  async #next(): Promise<ReadLine<string> | undefined> {
    return this.#begin.shift() ?? this.#read();
  }

  async #nextRow(uuid: string, deviceLine: number | undefined): Promise<Row<string>> {
    if (deviceLine === undefined) {
      throw new LatchkeyError('invalid_input', `--extra: ${this.#file} has no uuids, and without them only --from says which row is whose.`);
    }
    const before = this.#passedOver.filter((line) => line < deviceLine);
    this.#passedOver = this.#passedOver.filter((line) => line > deviceLine);
    for (const _ of before) {
      await this.#next();
    }
    const line = await this.#next();
    if (line === undefined) {
      throw this.#noRow(uuid);
    }
    if (isBadLine(line)) {
      throw new LatchkeyError('invalid_input', `--extra: line ${line.line} of ${this.#file} ${line.problem}.`);
    }
    if (hasUuid(line)) {
      throw new LatchkeyError('invalid_input', `${this.#at(line)}: It has a uuid, and the first row has none.`);
    }
    return line;
  }

  async #rowOf(uuid: string): Promise<Row<string>> {
    const kept = this.#ahead.get(uuid);
    if (kept !== undefined) {
      this.#ahead.delete(uuid);
      return kept;
    }
    while (this.#ahead.size < mostAhead) {
      const line = await this.#next();
      if (line === undefined) {
        throw this.#noRow(uuid);
      }
      const its = this.#uuidOf(line);
      if (its === uuid) {
        return line as Row<string>;
      }
      if (its !== undefined && this.#wanted?.has(its) !== false) {
        this.#ahead.set(its, line as Row<string>);
      }
    }
    throw this.#noRow(uuid, ` within ${mostAhead} rows`);
  }

  /** Undefined where there is none that can be read: that is told of the device whose row is missed. */
  #uuidOf(line: ReadLine<string>): string | undefined {
    const problem = isBadLine(line) ? line.problem : hasUuid(line) ? undefined : 'has no uuid';
    try {
      if (problem === undefined) return parseUuid((line as Row<string>).values['uuid']!);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
    }
    this.#unreadable ||= ` (line ${line.line} ${problem ?? 'has a uuid that is none'})`;
    return undefined;
  }

  #at({ line }: Row<string>): string {
    return `--extra: ${this.#file}: line ${line}`;
  }

  #noRow(uuid: string, where = ''): LatchkeyError {
    return new LatchkeyError('invalid_input', `${this.#file} has no row for device ${uuid}${where}${this.#unreadable}.`, {
      hint: 'Every device needs a row: by its uuid if the file has such a column, else in the order of the devices.',
    });
  }
}

function hasUuid({ values }: Row<string>): boolean {
  return values['uuid'] !== undefined;
}

async function* flat<T>(pieces: AsyncIterable<readonly T[]>): AsyncGenerator<T, undefined> {
  for await (const piece of pieces) {
    yield* piece;
  }
  return undefined;
}

function readValueFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new LatchkeyError('invalid_input', `The file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}

/** What goes wrong, with where it stands. */
function named<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LatchkeyError && !error.message.startsWith('--') ? new LatchkeyError(error.code, `${where}: ${error.message}`, { hint: error.hint, cause: error }) : error;
  }
}
