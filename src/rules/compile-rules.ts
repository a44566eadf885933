import { LatchkeyError, type InputProblem } from '../domain/errors.ts';
import type { CardApplication } from '../domain/security-check/application.ts';
import type { CompiledRules } from '../domain/security-check/compile.ts';
import { compileExpression, type Expression } from './expression.ts';
import { ApplicationFacts, HistoryFacts, LocalFacts, ServiceFacts, type Facts } from './facts.ts';

/** What is wrong with the rules of an application, or all of them ready. */
export function readRules(application: CardApplication): { readonly expressions: readonly (Expression | undefined)[]; readonly problems: readonly InputProblem[] } {
  const problems: InputProblem[] = [];
  const expressions = application.rules.map(({ sense, expression }, at) => {
    try {
      return compileExpression(expression);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      problems.push({ pointer: `/rules/${at}/${sense}`, detail: error.message });
      return undefined;
    }
  });
  return { expressions, problems };
}

/** The rules of an application, ready for `compileApplication`. Errors: `invalid_input`, with pointers to the rules. */
export function compileRules(application: CardApplication): CompiledRules {
  const { expressions, problems } = readRules(application);
  if (problems.length > 0) {
    throw new LatchkeyError('invalid_input', 'The rules of the application are not right.', { problems });
  }
  const ready = expressions.filter((expression) => expression !== undefined);
  const ours = new ApplicationFacts(application);
  return {
    facts: (service, history, shown): Facts => ({ service: new ServiceFacts(service), history: new HistoryFacts(history), application: ours, local: new LocalFacts(shown) }),
    tests: ready.map(({ evaluate }) => evaluate),
    periods: ready.flatMap(({ periods }) => periods),
  };
}
