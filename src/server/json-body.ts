import { isUtf8, type Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';

/** Nothing on our wire nests deeper than a list of objects with objects in them. */
const deepest = 16;

/** A body of UTF-8 JSON; members that would reach into prototypes are refused. Errors: `invalid_input`. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) {
    return undefined;
  }
  if (!isUtf8(bytes)) {
    throw new LatchkeyError('invalid_input', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new LatchkeyError('invalid_input', 'The body is not JSON.');
  }
  requirePlain(value, deepest);
  return value;
}

/**
 * Looks through what was read, not through its text: there are fewer members than characters. V8 reads any depth without
 * recursion, and this goes no deeper than `levels`. Errors: `invalid_input`.
 */
function requirePlain(value: unknown, levels: number): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  if (levels === 0) {
    throw new LatchkeyError('invalid_input', `The body nests deeper than ${deepest} levels.`);
  }
  if (Array.isArray(value)) {
    for (const item of value) requirePlain(item, levels - 1);
    return;
  }
  // Of what JSON.parse made, all members are its own, also those that would be a prototype in a literal.
  for (const name in value) {
    if (name === '__proto__') {
      throw new LatchkeyError('invalid_input', 'A member is named __proto__.');
    }
    requirePlain((value as Readonly<Record<string, unknown>>)[name], levels - 1);
  }
}

/** JSON as it is, is the only body there is. Errors: `unsupported_media_type`. */
export function requireJson(exchange: Exchange): void {
  const type = exchange.header('content-type');
  const hasBody = exchange.header('transfer-encoding') !== undefined || (exchange.header('content-length') ?? '0') !== '0';
  if (hasBody && type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    throw new LatchkeyError('unsupported_media_type');
  }
  if (exchange.header('content-encoding') !== undefined) {
    throw new LatchkeyError('unsupported_media_type', 'Send the body as it is, without a content encoding.');
  }
}
