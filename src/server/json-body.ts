import { isUtf8 } from 'node:buffer';
import type { Buffer } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { LatchkeyError } from '../domain/errors.ts';

/** Nothing on our wire nests deeper than a list of objects with objects in them. */
const deepest = 16;
const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = Array.from('"\\{}[]', (c) => c.charCodeAt(0));

/** Whether brackets outside of strings nest deeper than allowed; cheap for the few that a good request has. */
export function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (inString) {
      if (character === backslash) at += 1;
      else if (character === quote) inString = false;
    } else if (character === quote) {
      inString = true;
    } else if (character === openBrace || character === openBracket) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (character === closeBrace || character === closeBracket) {
      depth -= 1;
    }
  }
  return false;
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
    return text.includes('__proto__') || text.includes('\\u')
      ? JSON.parse(text, refusePrototypes)
      : JSON.parse(text);
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

/** JSON is the only body there is; every other media type is `unsupported_media_type`. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as LatchkeyError, undefined);
    }
  });
}
