import { checker, type Checked } from '../api/check.ts';
import type { Schema } from '../api/schema.ts';
import { LatchkeyError } from '../domain/errors.ts';

const places: Record<string, string> = { body: '', querystring: ' (query)', params: ' (path)' };

/** Checks one part of a request. Queries come as text and are read as what their schema says. Errors: `invalid_input`. */
export function requestCheck(schema: Schema, part: string): (value: unknown) => { value: unknown } | { error: LatchkeyError } {
  const check: (value: unknown) => Checked<unknown> = checker(schema);
  const read = part === 'querystring' ? queryReader(schema) : (value: unknown) => value ?? {};
  return (value) => {
    const checked = check(read(value));
    return checked.ok ? { value: checked.value } : { error: refusal(checked.problems, places[part] ?? '') };
  };
}

function refusal(problems: readonly { pointer: string; detail: string }[], place: string): LatchkeyError {
  return new LatchkeyError('invalid_input', 'The input is not what this call takes.', {
    problems: problems.map(({ pointer, detail }) => ({ pointer, detail: `${detail}${place}` })),
  });
}

/** Numbers in digits, lists with commas (OpenAPI: form, not exploded); what does not fit stays text and is refused. */
function queryReader(schema: Schema): (query: unknown) => unknown {
  const properties = new Map<string, unknown>(
    typeof schema === 'object' && 'properties' in schema && typeof schema.properties === 'object'
      ? Object.entries(schema.properties ?? {})
      : [],
  );
  return (query) =>
    Object.fromEntries(
      Object.entries(query ?? {}).map(([name, value]: [string, unknown]) => [name, readValue(typeOf(properties.get(name)), value)]),
    );
}

function typeOf(schema: unknown): unknown {
  return typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : undefined;
}

function readValue(type: unknown, value: unknown): unknown {
  if (typeof value !== 'string') {
    return value;
  }
  if (type === 'array') {
    return value.split(',');
  }
  return (type === 'integer' || type === 'number') && /^\d{1,16}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
}
