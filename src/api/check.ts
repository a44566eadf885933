import { Compile } from 'typebox/schema';
import type { InputProblem } from '../domain/errors.ts';
import type { Schema, Static } from './schema.ts';

/** What is right, or what is wrong where. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly InputProblem[] };

const mostProblems = 20;

/** A check of values against a schema, compiled at its first use; it changes nothing in the value. */
export function checker<const S extends Schema>(schema: S): (value: unknown) => Checked<Static<S>> {
  let compiled: ReturnType<typeof Compile<S>> | undefined;
  return (value) => {
    const validator = (compiled ??= Compile(schema));
    return validator.Check(value)
      ? { ok: true, value: value as Static<S> }
      : { ok: false, problems: problemsIn(validator.Errors(value)[1]) };
  };
}

interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** One for each place: what is wrong there first says enough. */
function problemsIn(findings: readonly Finding[]): InputProblem[] {
  const byPlace = new Map<string, Finding>();
  for (const finding of findings) {
    // Each unknown member has a finding of its own.
    if (finding.keyword !== 'additionalProperties' && !byPlace.has(finding.instancePath)) {
      byPlace.set(finding.instancePath, finding);
    }
  }
  return [...byPlace.values()]
    .slice(0, mostProblems)
    .map((finding) => ({ pointer: finding.instancePath, detail: describe(finding) }));
}

/** Says what was expected, never what came: that may be a secret. */
function describe({ keyword, message, params }: Finding): string {
  if (keyword === 'boolean') {
    return 'is not known here';
  }
  if (keyword === 'enum' && 'allowedValues' in params && Array.isArray(params.allowedValues)) {
    return `must be one of ${params.allowedValues.join(', ')}`;
  }
  return message;
}
