import { isUtf8 } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { parseStrictJson } from '../formats/strict-json.ts';
import { readInput } from './input-file.ts';

interface ReadingJson {
  /** What it is, with its article: `a tariff`. */
  readonly what: string;
  readonly mostBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** A file of JSON, or `-` for standard input. Errors: those of `readInput`, `invalid_input` if it is too large, or those of `parseStrictJson`. */
export async function readJsonFile(path: string, flag: string, { what, mostBytes, signal }: ReadingJson): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readInput(path, flag, { signal })) {
    pieces.push(piece);
    length += piece.length;
    if (length > mostBytes) {
      throw new LatchkeyError('invalid_input', `${flag}: ${what} has at most ${mostBytes} bytes.`);
    }
  }
  const bytes = Buffer.concat(pieces);
  try {
    if (isUtf8(bytes)) {
      return parseStrictJson(bytes.toString());
    }
  } catch (error) {
    throw error instanceof LatchkeyError ? new LatchkeyError('invalid_input', `${flag}: ${error.message}`, { problems: error.problems, cause: error }) : error;
  }
  throw new LatchkeyError('invalid_input', `${flag}: this is not UTF-8.`);
}
