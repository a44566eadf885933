import { checker, type Checked } from '../api/check.ts';
import type { Schema } from '../api/schema.ts';
import { LatchkeyError, type InputProblem } from '../domain/errors.ts';

/** A body, checked. Without any it is as if it were empty. Errors: `invalid_input`. */
export function bodyCheck(schema: Schema): (value: unknown) => unknown {
  const check: (value: unknown) => Checked<unknown> = checker(schema);
  return (value) => accepted(check(value ?? {}), '');
}

/** Parameters in the path, checked. Errors: `invalid_input`. */
export function paramsCheck(schema: Schema): (value: unknown) => unknown {
  const check: (value: unknown) => Checked<unknown> = checker(schema);
  return (value) => accepted(check(value), ' (path)');
}

/** A query, read as what its schema says and checked. Errors: `invalid_input`. */
export function queryCheck(schema: Schema): (search: string) => unknown {
  const check: (value: unknown) => Checked<unknown> = checker(schema);
  const types = memberTypes(schema);
  return (search) => {
    const query = new URLSearchParams(search);
    const read = [...new Set(query.keys())].map((name) => [name, readValues(types.get(name), query.getAll(name))]);
    return accepted(check(Object.fromEntries(read)), ' (query)');
  };
}

function accepted(checked: Checked<unknown>, place: string): unknown {
  if (checked.ok) {
    return checked.value;
  }
  const problems = checked.problems.map(({ pointer, detail }): InputProblem => ({ pointer, detail: `${detail}${place}` }));
  throw new LatchkeyError('invalid_input', 'The input is not what this call takes.', { problems });
}

function memberTypes(schema: Schema): Map<string, unknown> {
  const properties =
    typeof schema === 'object' && 'properties' in schema && typeof schema.properties === 'object' ? (schema.properties ?? {}) : {};
  return new Map(
    Object.entries(properties).map(([name, member]: [string, unknown]) => [
      name,
      typeof member === 'object' && member !== null && 'type' in member ? member.type : undefined,
    ]),
  );
}

/** Numbers in digits, lists with commas or repeated; what does not fit stays as it came and is refused. */
function readValues(type: unknown, values: readonly string[]): unknown {
  if (type === 'array') {
    return values.flatMap((value) => value.split(','));
  }
  const [value] = values;
  if (value === undefined || values.length > 1) {
    return values;
  }
  return (type === 'integer' || type === 'number') && /^\d{1,16}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
}
