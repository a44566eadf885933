import type { CardApplication, Parameter, Rule } from './application.ts';
import { countCheck, largestAmountCheck, totalCheck, velocityCheck } from './amount-checks.ts';
import type { CheckResult, Decision, Outcome } from './decision.ts';
import type { History } from './history.ts';
import { listCheck } from './list-checks.ts';
import { periodText, type Period } from './period.ts';
import { distanceCheck, placesCheck, speedCheck } from './place-checks.ts';
import { messageOf, Recorder, type Check } from './record.ts';
import type { Service } from './service.ts';
import { cardStateCheck, cardValidityCheck, datesCheck, hoursCheck, validityCheck } from './time-checks.ts';
import { zoneClock, type ZoneClock } from './zone-clock.ts';

/** The rules of an application, made ready by whoever knows their language. */
export interface CompiledRules {
  /** What the expressions are evaluated over, once for each service. `shown`: what the clock of the application's zone shows. */
  readonly facts: (service: Service, history: History, shown: number) => unknown;
  /** One for each rule. What throws, or gives anything but true and false, has failed. */
  readonly tests: readonly ((facts: never) => unknown)[];
  /** The periods of the history that they ask for. */
  readonly periods: readonly Period[];
}

/** An application that services can be held to, again and again. */
export interface CompiledApplication {
  readonly application: CardApplication;
  readonly policyHash: string;
  readonly checks: readonly Check[];
  readonly rules: CompiledRules;
  readonly clock: ZoneClock;
  /** The periods of the history that it asks for, each once. */
  readonly periods: readonly Period[];
}

/** `policyHash`: see Decision. `rules`: of this application, in its order. */
export function compileApplication(application: CardApplication, policyHash: string, rules: CompiledRules): CompiledApplication {
  const clock = zoneClock(application.zone);
  const kind = new Recorder({ id: 'kind', type: 'kind', onFail: 'terminate', ifMissing: 'fail', reason: undefined });
  const checks: Check[] = [
    (service) => kind.compared(service.kind === application.kind, service.kind, application.kind),
    ...application.parameters.map((parameter) => guarded(parameter, clock)),
  ];
  const asked = application.parameters.flatMap((parameter) => (parameter.type === 'total' || parameter.type === 'count' ? [parameter.per] : []));
  const periods = new Map([...asked, ...rules.periods].map((period) => [periodText(period), period]));
  return { application, policyHash, checks, rules, clock, periods: [...periods.values()] };
}

/**
 * Holds one service to an application, as EMV does it (Book 3, 10.6 and 10.7): every check is run and written down
 * first, and only then is it decided. A pure function that never throws: what goes wrong is a check that failed.
 * `random`: from 0 up to, not with, 1, drawn anew for each service.
 */
export function check(compiled: CompiledApplication, service: Service, history: History, random: number): Decision {
  const { application, policyHash } = compiled;
  const results: CheckResult[] = [];
  for (const run of compiled.checks) {
    results.push(run(service, history, random));
  }
  runRules(compiled, service, history, results);
  const outcome = decide(results, service.confirmed, application.decision.terminateAtAsks);
  return { outcome, application: application.name, version: application.version, policyHash, checks: results, at: service.at, confirmed: service.confirmed };
}

function decide(results: readonly CheckResult[], confirmed: boolean, terminateAtAsks = Infinity): Outcome {
  let asks = 0;
  for (const { effect } of results) {
    if (effect === 'terminate') return 'terminate';
    if (effect === 'ask') asks += 1;
  }
  return asks >= terminateAtAsks ? 'terminate' : asks > 0 && !confirmed ? 'ask' : 'allow';
}

/** What goes wrong in a check, on data that no check of the input let through, has failed. */
function guarded(parameter: Parameter, clock: ZoneClock): Check {
  const record = new Recorder(parameter);
  const run = parameterCheck(parameter, record, clock);
  return (service, history, random) => {
    try {
      return run(service, history, random);
    } catch (error) {
      return record.broken(messageOf(error));
    }
  };
}

function parameterCheck(parameter: Parameter, record: Recorder, clock: ZoneClock): Check {
  switch (parameter.type) {
    case 'largest_amount':
      return largestAmountCheck(parameter, record);
    case 'total':
      return totalCheck(parameter, record);
    case 'count':
      return countCheck(parameter, record);
    case 'currencies':
      return listCheck(parameter, record, 'service.currency', ({ amount }) => amount?.currency);
    case 'payees':
      return listCheck(parameter, record, 'service.payee.id', ({ payee }) => payee?.id);
    case 'categories':
      return listCheck(parameter, record, 'service.payee.category', ({ payee }) => payee?.category);
    case 'hours':
      return hoursCheck(parameter, record, clock);
    case 'dates':
      return datesCheck(parameter, record, clock);
    case 'places':
      return placesCheck(parameter, record);
    case 'distance':
      return distanceCheck(parameter, record);
    case 'speed':
      return speedCheck(parameter, record);
    case 'velocity':
      return velocityCheck(parameter, record);
    case 'card_state':
      return cardStateCheck(parameter, record);
    case 'card_validity':
      return cardValidityCheck(record);
    case 'validity':
      return validityCheck(parameter, record);
  }
}

function runRules({ application, rules, clock }: CompiledApplication, service: Service, history: History, results: CheckResult[]): void {
  if (application.rules.length === 0) {
    return;
  }
  let facts: unknown;
  let problem: string | undefined;
  try {
    facts = rules.facts(service, history, clock(service.at.getTime()));
  } catch (error) {
    problem = messageOf(error);
  }
  application.rules.forEach((rule, index) => {
    results.push(problem === undefined ? ruleResult(rule, rules.tests[index], facts) : ruleRecord(rule, 'failed', problem));
  });
}

function ruleResult(rule: Rule, test: ((facts: never) => unknown) | undefined, facts: unknown): CheckResult {
  try {
    const value = test?.(facts as never);
    return typeof value === 'boolean'
      ? ruleRecord(rule, value === (rule.sense === 'require') ? 'passed' : 'failed', undefined)
      : ruleRecord(rule, 'failed', 'The expression gives neither true nor false.');
  } catch (error) {
    return ruleRecord(rule, 'failed', messageOf(error));
  }
}

function ruleRecord({ id, sense, expression, then, reason }: Rule, status: 'passed' | 'failed', error: string | undefined): CheckResult {
  const passed = status === 'passed';
  const found = error === undefined ? passed === (sense === 'require') : undefined;
  return { id, type: 'rule', status, effect: passed ? 'none' : then, found, limit: expression, missing: undefined, error, reason };
}
