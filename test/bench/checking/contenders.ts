import { createRequire } from 'node:module';
import { Engine, type NestedCondition } from 'json-rules-engine';
import { readCardApplication } from '../../../src/api/card-application.ts';
import { decisionToWire } from '../../../src/api/card-decision.ts';
import { readCardService } from '../../../src/api/card-service.ts';
import { check, compileApplication } from '../../../src/domain/security-check/compile.ts';
import { parseStrictJson } from '../../../src/formats/strict-json.ts';
import { compileRules } from '../../../src/rules/compile-rules.ts';
import { policyHash } from '../../../src/rules/policy-hash.ts';
import { benchApplication, benchCases } from './cases.ts';
import { peerChecks, peerFacts, type Condition, type PeerFacts } from './peer-facts.ts';

/** What was decided: the outcome, and every check that failed, in the order of their ids. */
export type Verdict = string;

/** One that decides case by case. `decide` is what the time is taken of; `verdict` says what it decided. */
export interface Checker {
  readonly decide: (at: number) => unknown;
  readonly verdict: (decided: unknown) => Verdict;
}

export const checkerNames = ['latchkey', 'latchkey-lines', 'cedar', 'json-rules-engine'] as const;
export type CheckerName = (typeof checkerNames)[number];

export function makeChecker(name: CheckerName, count: number): Checker {
  switch (name) {
    case 'latchkey':
      return latchkey(count);
    case 'latchkey-lines':
      return latchkeyLines(count);
    case 'cedar':
      return cedar(count);
    case 'json-rules-engine':
      return jsonRulesEngine(count);
  }
}

function application() {
  const read = readCardApplication(benchApplication);
  if (read.application === undefined) {
    throw new Error(JSON.stringify(read.problems));
  }
  return compileApplication(read.application, policyHash(benchApplication), compileRules(read.application));
}

function parsedCases(count: number) {
  return benchCases(count).map(({ json, random }) => {
    const { service, history } = readCardService(json);
    return { service, history: history!, random };
  });
}

function latchkey(count: number): Checker {
  const compiled = application();
  const cases = parsedCases(count);
  return {
    decide: (at) => {
      const { service, history, random } = cases[at]!;
      return check(compiled, service, history, random);
    },
    verdict: (decided) => {
      const { outcome, checks } = decided as ReturnType<typeof check>;
      return `${outcome} ${failedIds(checks.filter(({ effect }) => effect !== 'none').map(({ id }) => id))}`;
    },
  };
}

/** From a line of NDJSON to the decision's line, as `card check --bulk` does it. */
function latchkeyLines(count: number): Checker {
  const compiled = application();
  const lines = benchCases(count).map(({ json, random }) => ({ line: JSON.stringify(json), random }));
  return {
    decide: (at) => {
      const { line, random } = lines[at]!;
      const { service, history } = readCardService(parseStrictJson(line));
      return JSON.stringify(decisionToWire(check(compiled, service, history!, random)));
    },
    verdict: (decided) => {
      const { outcome, checks } = JSON.parse(decided as string) as ReturnType<typeof decisionToWire>;
      return `${outcome} ${failedIds(checks.filter(({ effect }) => effect !== 'none').map(({ id }) => id))}`;
    },
  };
}

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

/** A policy that forbids for each check: the reasons of the answer are those that failed. The policies are parsed once. */
function cedar(count: number): Checker {
  const { preparsePolicySet, statefulIsAuthorized } = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as Cedar;
  const forbids = peerChecks.map(([id, , fails]) => [id, `forbid(principal, action, resource) when { ${cedarText(fails)} };`]);
  const parsed = preparsePolicySet('bench', { staticPolicies: Object.fromEntries([...forbids, ['permit', 'permit(principal, action, resource);']]) as Record<string, string> });
  if (parsed.type !== 'success') {
    throw new Error(JSON.stringify(parsed));
  }
  const calls = parsedCases(count).map(({ service, history, random }) => ({
    principal: { type: 'Card', id: 'c' },
    action: { type: 'Action', id: 'serve' },
    resource: { type: 'Service', id: 's' },
    context: { ...peerFacts(service, history, random) } as never,
    entities: [],
    preparsedPolicySetId: 'bench',
  }));
  return {
    decide: (at) => statefulIsAuthorized(calls[at] as never),
    verdict: (decided) => {
      const answer = decided as ReturnType<Cedar['statefulIsAuthorized']>;
      if (answer.type !== 'success' || answer.response.diagnostics.errors.length > 0) {
        throw new Error(JSON.stringify(answer));
      }
      return peerVerdict(answer.response.diagnostics.reason.filter((id) => id !== 'permit'));
    },
  };
}

/** A rule for each check, whose events are those that failed. */
function jsonRulesEngine(count: number): Checker {
  const engine = new Engine();
  for (const [id, , fails] of peerChecks) {
    const condition = engineCondition(fails);
    engine.addRule({ conditions: 'all' in condition || 'any' in condition ? (condition as never) : { all: [condition] }, event: { type: id } });
  }
  const facts = parsedCases(count).map(({ service, history, random }) => ({ ...peerFacts(service, history, random) }));
  return {
    decide: (at) => engine.run(facts[at] as never),
    verdict: (decided) => peerVerdict((decided as Awaited<ReturnType<Engine['run']>>).events.map(({ type }) => type)),
  };
}

function cedarText(condition: Condition): string {
  if ('all' in condition) {
    return condition.all.map((each) => `(${cedarText(each)})`).join(' && ');
  }
  if ('any' in condition) {
    return condition.any.map((each) => `(${cedarText(each)})`).join(' || ');
  }
  const { fact, is, value } = condition;
  switch (is) {
    case 'in':
      return `${JSON.stringify(value)}.contains(context.${fact})`;
    case 'not in':
      return `!(${JSON.stringify(value)}.contains(context.${fact}))`;
    case 'contains':
      return `context.${fact}.contains(${JSON.stringify(value)})`;
    default:
      return `context.${fact} ${is} ${JSON.stringify(value)}`;
  }
}

const engineOperators = { '==': 'equal', '!=': 'notEqual', '<': 'lessThan', '>': 'greaterThan', '>=': 'greaterThanInclusive', in: 'in', 'not in': 'notIn', contains: 'contains' } as const;

function engineCondition(condition: Condition): NestedCondition {
  if ('all' in condition) {
    return { all: condition.all.map(engineCondition) };
  }
  return 'any' in condition ? { any: condition.any.map(engineCondition) } : { fact: condition.fact satisfies keyof PeerFacts, operator: engineOperators[condition.is], value: condition.value };
}

const effects = new Map(peerChecks.map(([id, effect]) => [id, effect]));

function peerVerdict(failed: readonly string[]): Verdict {
  const outcome = failed.some((id) => effects.get(id) === 'terminate') ? 'terminate' : failed.length > 0 ? 'ask' : 'allow';
  return `${outcome} ${failedIds(failed)}`;
}

function failedIds(ids: readonly string[]): string {
  return [...ids].sort().join(',');
}
