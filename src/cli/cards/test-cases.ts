import { readCardService, cardServiceSchema } from '../../api/card-service.ts';
import { checker } from '../../api/check.ts';
import { arrayOf, id, input, oneOf, type Static } from '../../api/schema.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { check, type CompiledApplication } from '../../domain/security-check/compile.ts';
import { outcomes, type Decision, type Outcome } from '../../domain/security-check/decision.ts';
import { unknownHistory } from '../../domain/security-check/history.ts';

const { service, history } = cardServiceSchema.properties;
const caseSchema = input('Case', {
  name: { type: 'string', minLength: 1, maxLength: 200 } as const,
  service,
  expect: input('Expectation', { outcome: oneOf(outcomes) }, { failed: arrayOf(id) }),
}, {
  history,
  random: { type: 'number', minimum: 0, exclusiveMaximum: 1, description: 'Drawn for it; 0 if left out, the least that can be.' } as const,
});
const casesSchema = { ...arrayOf(caseSchema), minItems: 1 as const, maxItems: 100_000 as const };
type CaseWire = Static<typeof caseSchema>;

const checkCases = checker(casesSchema);

/** What became of a case; `differences` are none if it was as expected. */
export interface TestedCase {
  readonly name: string;
  readonly differences: readonly Difference[];
}

export type Difference =
  | { readonly what: 'outcome'; readonly expected: Outcome; readonly found: Outcome }
  /** The ids of checks. */
  | { readonly what: 'failed'; readonly expected: string[]; readonly found: string[] };

/**
 * Cases from their JSON, an array of `{name, service, history?, random?, expect: {outcome, failed?}}`, run.
 * Errors: `invalid_input`, with pointers to what is wrong.
 */
export function runCases(compiled: CompiledApplication, json: unknown): readonly TestedCase[] {
  const checked = checkCases(json);
  if (!checked.ok) {
    throw new LatchkeyError('invalid_input', 'The cases are not right.', { problems: checked.problems });
  }
  requireKnownChecks(compiled, checked.value);
  return checked.value.map((wire, at) => ({ name: wire.name, differences: differencesIn(wire, decide(compiled, wire, at)) }));
}

/** A check that the application has not can never fail. */
function requireKnownChecks({ application: { parameters, rules } }: CompiledApplication, cases: readonly CaseWire[]): void {
  const known = new Set(['kind', ...parameters.map(({ id: own }) => own), ...rules.map(({ id: own }) => own)]);
  const problems = cases.flatMap(({ expect }, at) =>
    (expect.failed ?? []).flatMap((each, index) => (known.has(each) ? [] : [{ pointer: `/${at}/expect/failed/${index}`, detail: 'is no check of this application' }])),
  );
  if (problems.length > 0) {
    throw new LatchkeyError('invalid_input', 'The cases are not right.', { problems: problems.slice(0, 20) });
  }
}

function decide(compiled: CompiledApplication, wire: CaseWire, at: number): Decision {
  try {
    const read = readCardService({ service: wire.service, ...(wire.history === undefined ? {} : { history: wire.history }) });
    return check(compiled, read.service, read.history ?? unknownHistory, wire.random ?? 0);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    throw new LatchkeyError(error.code, error.message, { problems: error.problems.map(({ pointer, detail }) => ({ pointer: `/${at}${pointer}`, detail })) });
  }
}

function differencesIn({ expect }: CaseWire, { outcome, checks }: Decision): Difference[] {
  const failed = checks.filter(({ effect }) => effect !== 'none').map((result) => result.id);
  const wanted: Outcome = expect.outcome;
  return [
    ...(outcome === wanted ? [] : [{ what: 'outcome' as const, expected: wanted, found: outcome }]),
    ...(expect.failed === undefined || String(inOrder(expect.failed)) === String(inOrder(failed)) ? [] : [{ what: 'failed' as const, expected: inOrder(expect.failed), found: inOrder(failed) }]),
  ];
}

function inOrder(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort();
}
