import { LatchkeyError } from '../../domain/errors.ts';
import { fieldsOf } from '../rows.ts';
import { integerTypes, type IntegerType, type NvsEntry, type NvsValue } from './layout.ts';
import { checkName } from './write.ts';

/** A key of a factory's file: what it is called, and how its value is written there. */
export interface ManufacturingKey {
  readonly namespace: string;
  readonly key: string;
  /** Whether the value is given itself, or as the path of the file that holds it. */
  readonly source: 'data' | 'file';
  /** An integer type, `string`, `binary`, `hex2bin`, `base64`, `blob_fill(N;0xPP)` or `blob_sz_fill(N;0xPP)`. */
  readonly encoding: string;
  /** Only the first device's row has a value, and it is that of all. */
  readonly repeat: boolean;
}

type ReadFile = (path: string) => Uint8Array;

/**
 * What Espressif's `nvs_partition_gen` takes: `key,type,encoding,value` with a header; lines that begin with `#` are
 * passed over, and so are namespaces without keys. Errors: `invalid_input`, with the line.
 */
export function parseGeneratorCsv(text: string, readFile: ReadFile): NvsEntry[] {
  const [header, ...records] = recordsOf(text);
  if (header?.fields.map((name) => name.trim()).join() !== 'key,type,encoding,value') {
    throw new LatchkeyError('invalid_input', 'Its first line is not key,type,encoding,value.');
  }
  return readKeys(records, 4).map(({ line, fields, ...key }) => atLine(line, () => entryOf(key, fields[3] ?? '', readFile)));
}

/**
 * The config CSV of Espressif's `mfg_gen`: `key,type,encoding[,REPEAT]` without a header (one is passed over).
 * Errors: `invalid_input`, with the line.
 */
export function parseManufacturingConfig(text: string): ManufacturingKey[] {
  const records = recordsOf(text);
  const headed = records[0]?.fields.slice(0, 3).join() === 'key,type,encoding';
  return readKeys(headed ? records.slice(1) : records, 4).map(({ line, fields, ...key }) => {
    const tag = fields[3]?.trim() ?? '';
    if (tag !== '' && tag !== 'REPEAT') {
      throw new LatchkeyError('invalid_input', `Line ${line}: ${JSON.stringify(tag)} is not REPEAT.`);
    }
    return { ...key, repeat: tag === 'REPEAT' };
  });
}

/** The entry of a key with its value as such a file has it. Errors: `invalid_input`, without the value. */
export function entryOf({ namespace, key, source, encoding }: ManufacturingKey, text: string, readFile: ReadFile): NvsEntry {
  const content = source === 'file' ? readFile(text) : undefined;
  return { namespace, key, ...valueOf(key, encoding, content === undefined ? text : Buffer.from(content).toString('latin1'), content ?? Buffer.from(text)) };
}

interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

function recordsOf(text: string): CsvRecord[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((content, index) => {
      if (content.trim() === '' || content.startsWith('#')) {
        return [];
      }
      const fields = fieldsOf(content);
      if (fields === undefined) {
        throw new LatchkeyError('invalid_input', `Line ${index + 1}: a quotation mark is missing or in the wrong place.`);
      }
      return [{ line: index + 1, fields }];
    });
}

function readKeys(records: readonly CsvRecord[], most: number): (ManufacturingKey & CsvRecord)[] {
  let namespace: string | undefined;
  return records.flatMap(({ line, fields }) =>
    atLine(line, () => {
      const [key = '', source = '', encoding = ''] = fields.map((field) => field.trim());
      if (fields.length < 2 || fields.length > most) {
        throw new LatchkeyError('invalid_input', `It has ${fields.length} columns.`);
      }
      if (source === 'namespace') {
        checkName(key, 'namespace');
        namespace = key;
        return [];
      }
      checkName(key, 'key');
      if (source !== 'data' && source !== 'file') {
        throw new LatchkeyError('invalid_input', `The type ${JSON.stringify(source)} is none of namespace, data, file.`);
      }
      if (!isEncoding(encoding)) {
        throw new LatchkeyError('invalid_input', `The encoding ${JSON.stringify(encoding)} is not known.`);
      }
      if (namespace === undefined) {
        throw new LatchkeyError('invalid_input', `${key} stands before any namespace.`);
      }
      return [{ line, fields, namespace, key, source, encoding, repeat: false }];
    }),
  );
}

function atLine<T>(line: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof LatchkeyError ? new LatchkeyError(error.code, `Line ${line}: ${error.message}`, { hint: error.hint, cause: error }) : error;
  }
}

const fillPattern = /^blob_(sz_)?fill\((\d{1,7});0x([0-9a-fA-F]{2})\)$/;

function isIntegerType(encoding: string): encoding is IntegerType {
  return Object.hasOwn(integerTypes, encoding);
}

function isEncoding(encoding: string): boolean {
  return isIntegerType(encoding) || ['string', 'binary', 'hex2bin', 'base64'].includes(encoding) || fillPattern.test(encoding);
}

/** `text` is what the bytes say, one character a byte if they come from a file. */
function valueOf(key: string, encoding: string, text: string, bytes: Uint8Array): NvsValue {
  const wrong = (what: string) => new LatchkeyError('invalid_input', `The value of ${key} is ${what}.`);
  if (isIntegerType(encoding)) {
    if (!/^[+-]?\d{1,20}$/.test(text.trim())) throw wrong('no whole decimal number');
    return { type: encoding, value: BigInt(text.trim().replace(/^\+/, '')) };
  }
  if (encoding === 'string') {
    return { type: 'string', value: Buffer.from(bytes).toString() };
  }
  if (encoding === 'binary') {
    return { type: 'blob', value: bytes };
  }
  const compact = text.replaceAll(/\s/g, '');
  if (encoding === 'hex2bin') {
    if (!/^([0-9a-fA-F]{2})*$/.test(compact)) throw wrong('not made of pairs of hexadecimal digits');
    return { type: 'blob', value: Buffer.from(compact, 'hex') };
  }
  if (encoding === 'base64') {
    if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) throw wrong('not base64');
    return { type: 'blob', value: Buffer.from(compact, 'base64') };
  }
  const [, sized, length = '', filler = ''] = fillPattern.exec(encoding)!;
  if (bytes.length > Number(length)) throw wrong(`longer than ${length} bytes`);
  const filled = Buffer.alloc(Number(length), Number.parseInt(filler, 16));
  filled.set(bytes);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return { type: 'blob', value: sized === undefined ? filled : Buffer.concat([size, filled]) };
}
