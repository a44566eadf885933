import { LatchkeyError } from './errors.ts';

/**
 * A JSON value in its one canonical form (RFC 8785): members in the order of their UTF-16 code units, numbers and
 * strings as ECMAScript writes them, no blanks. Errors: `invalid_input` for what is no I-JSON (RFC 7493), such as half
 * a surrogate pair.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'string':
      return canonicalString(value);
    case 'number':
      if (Number.isFinite(value)) {
        return JSON.stringify(value);
      }
      throw notJson('A number is not finite.');
    case 'object':
      if (value === null) {
        return 'null';
      }
      if (Array.isArray(value)) {
        return `[${value.map(canonicalJson).join(',')}]`;
      }
      return `{${Object.keys(value)
        .sort()
        .map((name) => `${canonicalString(name)}:${canonicalJson((value as Readonly<Record<string, unknown>>)[name])}`)
        .join(',')}}`;
    default:
      throw notJson(`A ${typeof value} is not JSON.`);
  }
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) {
    throw notJson('A string has half a surrogate pair.');
  }
  return JSON.stringify(text);
}

function notJson(message: string): LatchkeyError {
  return new LatchkeyError('invalid_input', message);
}
