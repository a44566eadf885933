import { LatchkeyError } from '../../domain/errors.ts';
import type { Scope } from '../../domain/token.ts';

const lists = ['models', 'batches', 'uuids', 'aps', 'accounts'] as const satisfies readonly (keyof Scope)[];

/**
 * The scope that a row holds as JSON. A scope that cannot be read admits nothing: taking it for an empty one
 * would admit everything. Errors: `storage_corrupt`.
 */
export function scopeFrom(json: string): Scope {
  if (json === '{}') {
    return {};
  }
  const value = parse(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corrupt();
  }
  const scope: Record<string, readonly string[]> = {};
  for (const [key, members] of Object.entries(value)) {
    const known = (lists as readonly string[]).includes(key);
    if (!known || !Array.isArray(members) || !members.every((member) => typeof member === 'string')) {
      throw corrupt();
    }
    scope[key] = members;
  }
  return scope;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw corrupt(error);
  }
}

function corrupt(cause?: unknown): LatchkeyError {
  return new LatchkeyError('storage_corrupt', 'The scope of a token cannot be read.', { cause });
}
