import { isUtf8, type Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';

/** Nothing on our wire nests deeper than a list of objects with objects in them. */
const deepest = 16;
const quote = 0x22;
const backslash = 0x5c;

/** Whether brackets outside of strings nest deeper than allowed. */
export function nestsTooDeep(text: string): boolean {
  if (!hasManyBrackets(text)) {
    return false;
  }
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (inString) {
      if (character === backslash) at += 1;
      else if (character === quote) inString = false;
    } else if (character === quote) {
      inString = true;
    } else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (character === 0x7d || character === 0x5d) {
      depth -= 1;
    }
  }
  return false;
}

/** Few brackets cannot nest deep, which settles it for nearly every request. */
function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0 && count <= deepest; at = text.indexOf(bracket, at + 1)) {
      count += 1;
    }
  }
  return count > deepest;
}

/** A body of UTF-8 JSON; members that would reach into prototypes are refused. Errors: `invalid_input`. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) {
    return undefined;
  }
  if (!isUtf8(bytes)) {
    throw new LatchkeyError('invalid_input', 'The body is not UTF-8.');
  }
  const text = bytes.toString();
  if (nestsTooDeep(text)) {
    throw new LatchkeyError('invalid_input', `The body nests deeper than ${deepest} levels.`);
  }
  try {
    // A reviver would slow down every request; the name has to be in the text, be it escaped, to be in the value.
    return text.includes('__proto__') || text.includes('\\u') ? JSON.parse(text, refusePrototypes) : JSON.parse(text);
  } catch (error) {
    if (error instanceof LatchkeyError) {
      throw error;
    }
    throw new LatchkeyError('invalid_input', 'The body is not JSON.');
  }
}

function refusePrototypes(name: string, value: unknown): unknown {
  if (name === '__proto__') {
    throw new LatchkeyError('invalid_input', 'A member is named __proto__.');
  }
  return value;
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
