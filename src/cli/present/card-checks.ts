import { checkResultSchema, decisionSchema, decisionToWire, type CheckResultWire, type DecisionWire } from '../../api/card-decision.ts';
import { arrayOf, boolean, count, id, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import type { InputProblem } from '../../domain/errors.ts';
import { asSentence, shown } from '../../domain/shown-text.ts';
import { outcomes, type Decision, type Outcome } from '../../domain/security-check/decision.ts';
import type { TestedCase } from '../cards/test-cases.ts';
import type { Screen } from './screen.ts';
import { columns, pad } from './text.ts';
import { details } from './table.ts';

/** A decision; `line` where there are many. */
export const checkedSchema = { ...decisionSchema, properties: { ...decisionSchema.properties, line: count } };
export type CheckedWire = DecisionWire & { readonly line?: number };

export function checkedToWire(decision: Decision, line?: number): CheckedWire {
  return { ...present({ line }), ...decisionToWire(decision) };
}

export const explanationSchema = {
  ...decisionSchema,
  properties: { ...decisionSchema.properties, checks: arrayOf({ ...checkResultSchema, properties: { ...checkResultSchema.properties, would_pass: remark } }) },
};
export type ExplanationWire = Omit<DecisionWire, 'checks'> & { readonly checks: readonly (CheckResultWire & { readonly would_pass?: string })[] };

/** `wouldPass`: for each check, what would make it pass. */
export function explanationToWire(decision: Decision, wouldPass: readonly (string | undefined)[]): ExplanationWire {
  const wire = decisionToWire(decision);
  return { ...wire, checks: wire.checks.map((each, at) => ({ ...each, ...present({ would_pass: wouldPass[at] }) })) };
}

export function presentDecision(decision: CheckedWire, screen: Screen): string {
  return [head(decision, screen), '', ...checkLines(decision.checks, screen)].join('\n');
}

/** One of many: why, if it is not allowed. */
export function presentDecisionLine({ line = 0, outcome, checks }: CheckedWire, screen: Screen): string {
  const failed = checks.filter(({ effect }) => effect !== 'none').map(({ id: each, detail }) => `${each}: ${detail}`);
  return shownLine([String(line), paintOutcome(pad(outcome, 9), outcome, screen), shown(failed.join('; '))]);
}

export function presentExplanation(explanation: ExplanationWire, screen: Screen): string {
  const failed = explanation.checks.filter(({ effect }) => effect !== 'none');
  const parts = failed.map(({ id: each, detail, effect, reason, would_pass: wish }) =>
    [
      `${effect === 'terminate' ? screen.style.bad(each) : screen.style.warning(each)} (${effect}): ${shown(asSentence(detail))}`,
      ...(reason === undefined ? [] : [`  ${shown(reason)}`]),
      ...(wish === undefined ? [] : [`  ${screen.style.bold('would pass:')} ${shown(wish)}`]),
    ].join('\n'),
  );
  const passed = explanation.checks.filter(({ effect }) => effect === 'none').map(({ id: each, detail }) => `${screen.style.dim(`${each}:`)} ${shown(detail)}`);
  return [head(explanation, screen), ...(parts.length === 0 ? [] : ['', ...parts]), ...(passed.length === 0 ? [] : ['', screen.style.bold('Other checks'), ...passed])].join('\n');
}

function head({ outcome, application, version, policy_hash: hash, at, confirmed }: Omit<DecisionWire, 'checks'>, screen: Screen): string {
  return [
    paintOutcome(outcome, outcome, screen),
    details([['application', `${application}, version ${version}`], ['policy hash', hash], ['service at', at], ['confirmed', confirmed ? 'yes' : undefined]], screen),
  ].join('\n');
}

function checkLines(checks: readonly CheckResultWire[], { style }: Screen): string[] {
  const width = Math.max(...checks.map((each) => columns(each.id)));
  const mark = { passed: style.good('passed '), failed: style.bad('FAILED '), not_available: style.warning('no data') };
  return checks.map(({ id: each, status, effect, detail, reason }) =>
    shownLine([mark[status], pad(each, width), pad(effect === 'none' ? '' : effect, 9), shown(reason === undefined || effect === 'none' ? detail : `${detail} (${reason})`)]),
  );
}

function shownLine(parts: readonly string[]): string {
  return parts.join('  ').trimEnd();
}

function paintOutcome(text: string, outcome: Outcome, { style }: Screen): string {
  return outcome === 'allow' ? style.good(text) : outcome === 'ask' ? style.warning(text) : style.bad(text);
}

export const lintSchema = object('CardLint', { ok: boolean, findings: arrayOf(object('LintFinding', { pointer: { type: 'string' }, detail: remark })) });
export type LintWire = Static<typeof lintSchema>;

export function lintToWire(findings: readonly InputProblem[]): LintWire {
  return { ok: findings.length === 0, findings: findings.map(({ pointer, detail }) => ({ pointer, detail })) };
}

export function presentLint({ findings }: LintWire, { style }: Screen): string {
  return findings.length === 0 ? style.good('No mistakes found.') : findings.map(({ pointer, detail }) => `${style.bold(shown(pointer === '' ? '(the whole)' : pointer))} ${shown(detail)}`).join('\n');
}

export const caseResultsSchema = object('CardTest', {
  ok: boolean,
  application: id,
  version: count,
  passed: count,
  failed: count,
  cases: arrayOf(object('TestedCase', { name: remark, ok: boolean }, { differences: arrayOf({ anyOf: [
    object('OutcomeDifference', { what: oneOf(['outcome']), expected: oneOf(outcomes), found: oneOf(outcomes) }),
    object('FailedDifference', { what: oneOf(['failed']), expected: arrayOf(id), found: arrayOf(id) }),
  ] }) })),
});
export type CaseResultsWire = Static<typeof caseResultsSchema>;

export function caseResultsToWire({ name, version }: { readonly name: string; readonly version: number }, cases: readonly TestedCase[]): CaseResultsWire {
  const failed = cases.filter(({ differences }) => differences.length > 0).length;
  return {
    ok: failed === 0,
    application: name,
    version,
    passed: cases.length - failed,
    failed,
    cases: cases.map((each) => ({
      name: each.name,
      ok: each.differences.length === 0,
      ...present({ differences: each.differences.length === 0 ? undefined : [...each.differences] }),
    })),
  };
}

/** TAP (testanything.org), version 14: for people, and for what reads it in CI. */
export function presentCaseResults({ cases }: CaseResultsWire): string {
  return [
    'TAP version 14',
    `1..${cases.length}`,
    ...cases.flatMap(({ name, ok, differences = [] }, at) => [
      `${ok ? 'ok' : 'not ok'} ${at + 1} - ${tapText(name)}`,
      ...(ok ? [] : ['  ---', ...differences.flatMap(({ what, expected, found }) => [`  ${what}:`, `    expected: ${tapValue(expected)}`, `    found: ${tapValue(found)}`]), '  ...']),
    ]),
  ].join('\n');
}

function tapValue(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.length === 0 ? 'none' : value.join(', ');
}

function tapText(name: string): string {
  return shown(name).replaceAll('#', '\\#');
}
