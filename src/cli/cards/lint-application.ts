import { readCardApplication } from '../../api/card-application.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { LatchkeyError, type InputProblem } from '../../domain/errors.ts';
import { lintApplication } from '../../domain/security-check/lint.ts';
import { lintRules } from '../../rules/lint-rules.ts';

/** What is wrong with the JSON of an application, or, if it is valid, probably a mistake. */
export function lintApplicationJson(json: unknown): readonly InputProblem[] {
  const { application, problems } = readCardApplication(json);
  return application === undefined ? problems : [...canonicalProblems(json), ...lintApplication(application), ...lintRules(application)];
}

function canonicalProblems(json: unknown): readonly InputProblem[] {
  try {
    canonicalJson(json);
    return [];
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return [{ pointer: '', detail: error.message }];
  }
}
