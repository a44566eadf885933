import { isUtf8 } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';

/** One record of a file, by the names of its columns; a column that is absent or empty is left out. */
export interface Row<Column extends string> {
  /** From 1, as editors count. */
  readonly line: number;
  readonly values: { readonly [C in Column]?: string };
}

/** A line from which no record can be read. */
export interface BadLine {
  readonly line: number;
  /** Why, without what it says: that may hold a secret. */
  readonly problem: string;
  /** It is the last one and has no end: whoever wrote it was interrupted, or has not finished. */
  readonly torn: boolean;
}

export type ReadLine<Column extends string> = Row<Column> | BadLine;

export function isBadLine(read: ReadLine<string>): read is BadLine {
  return 'problem' in read;
}

export interface RowOptions<Column extends string> {
  readonly columns: readonly Column[];
  /** Columns that may be there and are passed over; `others`: all but `columns`. */
  readonly ignored?: readonly string[] | 'others';
  /** Columns without which no record makes sense. */
  readonly required?: readonly Column[];
  /** Lines from the beginning that are passed over unread, but for the header. */
  readonly skipLines?: number;
}

const longestLine = 64 * 1024;
const newline = 0x0a;

/**
 * Records of a stream, as many at a time as came in one piece: NDJSON if its first character is `{`, else CSV with a
 * header (RFC 4180, but for line breaks in fields, which none of our columns may hold). In NDJSON values are strings.
 * A line that is not right is given as such, and reading goes on. Errors: `invalid_input` for a header that is not.
 */
export async function* readRows<Column extends string>(
  source: AsyncIterable<Uint8Array>,
  options: RowOptions<Column>,
): AsyncGenerator<readonly ReadLine<Column>[]> {
  let parser: LineParser<Column> | undefined;
  const parseJson = jsonParser(options);
  let line = 0;
  const { skipLines = 0 } = options;
  for await (const { lines, torn } of linesOf(source)) {
    const read: ReadLine<Column>[] = [];
    for (const text of lines) {
      line += 1;
      if (parser === undefined) {
        if (text === undefined) throw new LatchkeyError('invalid_input', 'The first line is not UTF-8.');
        const first = text.replace(/^\uFEFF/, '');
        if (!first.startsWith('{')) {
          parser = csvParser(first, options);
          continue;
        }
        parser = parseJson;
      }
      if (line > skipLines && text !== '') {
        read.push(text === undefined ? bad(line, 'is not UTF-8, or is too long') : parser(line === 1 ? text.replace(/^\uFEFF/, '') : text, line));
      }
    }
    if (torn !== undefined && line + 1 > skipLines) {
      // A JSON object shows by itself that it is whole.
      const whole = (parser ?? parseJson) === parseJson ? parseJson(torn, line + 1) : undefined;
      read.push(whole !== undefined && !isBadLine(whole) ? whole : { line: line + 1, problem: 'has no end: it may be torn', torn: true });
    }
    if (read.length > 0) {
      yield read;
    }
  }
}

/** Some lines of a text. */
export interface Lines {
  /** Without their ends; undefined for what is not UTF-8 or too long. */
  readonly lines: readonly (string | undefined)[];
  /** What comes behind the last end of a line in the whole stream. */
  readonly torn?: string | undefined;
}

/** The lines of a text in UTF-8, as many at a time as came in one piece. */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Lines> {
  let rest: Buffer = Buffer.alloc(0);
  let overlong = false;
  for await (const chunk of source) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = piece.lastIndexOf(newline);
    if (end < 0) {
      // No more of it than shows that it is too long is kept.
      overlong ||= rest.length + piece.length > longestLine;
      rest = overlong ? Buffer.alloc(0) : Buffer.concat([rest, piece]);
      continue;
    }
    overlong ||= rest.length + piece.indexOf(newline) > longestLine;
    const head = rest.length > 0 ? Buffer.concat([rest, piece.subarray(0, end)]) : piece.subarray(0, end);
    const lines = isUtf8(head) ? splitLines(head.toString()) : splitBytes(head);
    yield { lines: overlong ? [undefined, ...lines.slice(1)] : lines };
    overlong = false;
    rest = Buffer.from(piece.subarray(end + 1));
  }
  if (overlong || rest.length > 0) {
    yield { lines: [], torn: rest.toString() };
  }
}

function splitLines(text: string): readonly (string | undefined)[] {
  const lines = text.split('\n');
  return text.includes('\r') ? lines.map(withoutReturn) : lines;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function splitBytes(bytes: Buffer): (string | undefined)[] {
  const lines: (string | undefined)[] = [];
  for (let from = 0; from <= bytes.length;) {
    const at = bytes.indexOf(newline, from);
    const end = at < 0 ? bytes.length : at;
    const line = bytes.subarray(from, end);
    lines.push(isUtf8(line) ? withoutReturn(line.toString()) : undefined);
    from = end + 1;
  }
  return lines;
}

type LineParser<Column extends string> = (text: string, line: number) => ReadLine<Column>;

function bad(line: number, problem: string): BadLine {
  return { line, problem, torn: false };
}

function csvParser<Column extends string>(header: string, options: RowOptions<Column>): LineParser<Column> {
  const names = fieldsOf(header);
  if (names === undefined) {
    throw new LatchkeyError('invalid_input', 'The header in line 1 is not CSV: a quotation mark is missing.');
  }
  const trimmed = names.map((name) => name.trim());
  const wanted = trimmed.map((name, index) => columnOf(name, index, options));
  const twice = trimmed.find((name, index) => trimmed.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', `The header in line 1 names the column ${shownName(twice, trimmed.indexOf(twice))} twice.`);
  }
  const missing = options.required?.find((name) => !wanted.includes(name));
  if (missing !== undefined) {
    throw new LatchkeyError('invalid_input', `The header in line 1 has no column ${missing}.`);
  }
  return (text, line) => {
    const fields = fieldsOf(text);
    if (fields === undefined) {
      return bad(line, 'is not CSV: a quotation mark is missing or in the wrong place');
    }
    if (fields.length !== wanted.length) {
      return bad(line, `has ${fields.length} columns, not ${wanted.length}`);
    }
    const values: { [C in Column]?: string } = {};
    for (let index = 0; index < wanted.length; index += 1) {
      const column = wanted[index];
      const field = fields[index]!;
      if (column !== undefined && field !== '') values[column] = field;
    }
    return { line, values };
  };
}

/** Undefined for one that is passed over. */
function columnOf<Column extends string>(name: string, index: number, { columns, ignored }: RowOptions<Column>): Column | undefined {
  const column = columns.find((known) => known === name);
  if (column === undefined && ignored !== 'others' && ignored?.includes(name) !== true) {
    throw new LatchkeyError('invalid_input', `The header in line 1 has a column ${shownName(name, index)}, which is none of ${columns.join(', ')}.`, {
      hint: 'The first line of a CSV names its columns. A file whose first line begins with { is read as NDJSON.',
    });
  }
  return column;
}

/** Where there is no header, what stands in its place may be a secret: only what looks like a name is said. */
function shownName(name: string, index: number): string {
  return /^[a-z_-]{1,20}$/i.test(name) ? JSON.stringify(name) : `${index + 1}`;
}

/** The fields of one line of CSV; undefined if it is none. */
export function fieldsOf(line: string): string[] | undefined {
  return line.includes('"') ? quotedFields(line) : line.split(',');
}

/** Undefined if quotation marks are not as RFC 4180 has them. */
function quotedFields(line: string): string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) {
      return undefined;
    }
    fields.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'));
    if (match[3] === '') {
      return fields;
    }
  }
}

function jsonParser<Column extends string>({ columns, ignored, required = [] }: RowOptions<Column>): LineParser<Column> {
  return (text, line) => {
    const record = parseObject(text);
    if (record === undefined) {
      return bad(line, 'is not a JSON object');
    }
    for (const name of Object.keys(record)) {
      const isColumn = (columns as readonly string[]).includes(name);
      if (ignored === 'others' ? !isColumn : ignored?.includes(name) === true) {
        delete record[name];
        continue;
      }
      if (!isColumn) {
        return bad(line, `has a member ${JSON.stringify(name.slice(0, 64))}, which is none of ${columns.join(', ')}`);
      }
      if (typeof record[name] !== 'string') {
        return bad(line, `has a ${name} that is not a string`);
      }
      if (record[name] === '') delete record[name];
    }
    const missing = required.find((name) => record[name] === undefined);
    return missing === undefined ? { line, values: record as { [C in Column]?: string } } : bad(line, `has no ${missing}`);
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
