import { LatchkeyError } from '../domain/errors.ts';
import type { IntegerType, NvsEntry } from './nvs/layout.ts';

/**
 * Values as one JSON object, with a newline at its end. Those of `namespace` are its members, others are in an object
 * a namespace. Blobs are in hexadecimal, integers that JSON's readers may round as strings.
 */
export function valuesAsJson(entries: readonly NvsEntry[], namespace: string): string {
  const own: Record<string, unknown> = {};
  const others = new Map<string, Record<string, unknown>>();
  for (const entry of entries) {
    const group = entry.namespace === namespace ? own : (others.get(entry.namespace) ?? {});
    if (group !== own) others.set(entry.namespace, group);
    group[entry.key] = jsonValue(entry);
  }
  const clash = [...others.keys()].find((name) => Object.hasOwn(own, name));
  if (clash !== undefined) {
    throw new LatchkeyError('invalid_input', `${clash} is both a key of ${namespace} and a namespace, and JSON has one place for them.`);
  }
  return `${JSON.stringify({ ...own, ...Object.fromEntries(others) }, null, 2)}\n`;
}

function jsonValue(entry: NvsEntry): string | number {
  if (entry.type === 'blob') {
    return hex(entry.value);
  }
  return typeof entry.value === 'string' ? entry.value : Number.isSafeInteger(Number(entry.value)) ? Number(entry.value) : `${entry.value}`;
}

/**
 * Values as `NAMESPACE_KEY='…'`, a line each, as a POSIX shell reads them (XCU 2.2.2: in single quotes everything but
 * a single quote stands for itself). Blobs are in hexadecimal.
 */
export function valuesAsEnv(entries: readonly NvsEntry[]): string {
  return named(entries)
    .map(([name, entry]) => {
      const text = entry.type === 'blob' ? hex(entry.value) : `${entry.value}`;
      return `${name}='${text.replaceAll("'", "'\\''")}'\n`;
    })
    .join('');
}

/**
 * Values as a header of C: `NAMESPACE_KEY` as a string literal in UTF-8, an integer constant or, for a blob, an
 * initialiser of bytes, beside `NAMESPACE_KEY_SIZE`.
 */
export function valuesAsHeader(entries: readonly NvsEntry[]): string {
  const lines = named(entries).flatMap(([name, entry]) => {
    if (entry.type === 'string') {
      return [`#define ${name} "${literal(entry.value)}"`];
    }
    if (entry.type === 'blob') {
      const bytes = Array.from(entry.value, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ');
      return [`#define ${name} { ${bytes} }`, `#define ${name}_SIZE ${entry.value.length}`];
    }
    return [`#define ${name} ${constant(entry.type, entry.value)}`];
  });
  return ['#ifndef LATCHKEY_DEVICE_H', '#define LATCHKEY_DEVICE_H', '', ...lines, '', '#endif', ''].join('\n');
}

/** With names that shells and C take. Errors: `invalid_input` if two become the same. */
function named(entries: readonly NvsEntry[]): (readonly [string, NvsEntry])[] {
  const names = new Set<string>();
  return entries.map((entry) => {
    const name = `${entry.namespace}_${entry.key}`.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    if (names.has(name)) {
      throw new LatchkeyError('invalid_input', `${entry.namespace}/${entry.key} would be called ${name} like another value.`);
    }
    names.add(name);
    return [name, entry] as const;
  });
}

/**
 * Three octal digits for what is not printable ASCII: they end by themselves, as hexadecimal ones do not (ISO C,
 * 6.4.4.4). `?` is escaped, or two of them might begin a trigraph.
 */
function literal(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /["\\?]/.test(character) ? `\\${character}` : byte >= 0x20 && byte < 0x7f ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}

/** C has no negative constants: the least of a type is one that does not fit, negated. */
function constant(type: IntegerType, value: bigint): string {
  const suffix = type === 'u64' ? 'ULL' : type === 'i64' ? 'LL' : type.startsWith('u') ? 'U' : '';
  return value < 0n ? `(${value + 1n}${suffix} - 1)` : `${value}${suffix}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
