import type { InputProblem } from '../domain/errors.ts';
import type { CardApplication } from '../domain/security-check/application.ts';
import { readRules } from './compile-rules.ts';

/** What is wrong with the rules of an application, and which of them can never fail, or never be kept. */
export function lintRules(application: CardApplication): readonly InputProblem[] {
  const { expressions, problems } = readRules(application);
  const findings = application.rules.flatMap(({ id, sense, expression }, at): readonly InputProblem[] => {
    const pointer = `/rules/${at}/${sense}`;
    const twin = application.rules.slice(0, at).find((before) => before.sense === sense && before.expression === expression);
    if (twin !== undefined) {
      return [{ pointer, detail: `is the same as that of ${twin.id}: ${id} adds nothing` }];
    }
    const constant = expressions[at]?.constant;
    return constant === undefined ? [] : [{ pointer, detail: `is always ${constant}: the rule ${constant === (sense === 'when') ? 'always fails' : 'never fails'}` }];
  });
  return [...problems, ...findings];
}
