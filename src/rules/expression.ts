import { RE2JS } from '@bufbuild/re2';
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { LatchkeyError } from '../domain/errors.ts';
import { parsePeriod, periodText, type Period } from '../domain/security-check/period.ts';
import { messageOf } from '../domain/security-check/record.ts';
import { quoted } from '../domain/shown-text.ts';
import { costOf, mostCost } from './expression-cost.ts';
import { forEachNode, isConstant } from './expression-tree.ts';
import { factNames, factTypes, type Facts } from './facts.ts';

/** An expression that is ready to be evaluated. */
export interface Expression {
  /** Errors: whatever goes wrong with these facts. It need not give a boolean. */
  readonly evaluate: (facts: Facts) => unknown;
  /** The periods of the history that it asks for. */
  readonly periods: readonly Period[];
  /** What it always is, where it depends on no fact. */
  readonly constant: boolean | undefined;
}

const calls = new Set(['size', 'int', 'double', 'string', 'bool', 'timestamp', 'duration', 'has', 'dyn', 'type']);
const methods = new Set(['size', 'contains', 'startsWith', 'endsWith', 'matches', 'lowerAscii', 'upperAscii', 'all', 'exists', 'exists_one', 'map', 'filter']);
/** Of timestamps, in UTC, and of durations. */
const getters = new Set(['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear', 'getHours', 'getMinutes', 'getSeconds']);

/** In the place of `matches`, which would backtrack; no expression can name it, for it is none of `methods`. */
const linearMatches = 'matchesLinearly';
const longestPattern = 128;
const mostPatterns = 1000;
const patterns = new Map<string, RE2JS>();

let shared: Environment | undefined;

/**
 * An expression in CEL (cel.dev) over the facts, checked against their types, and bounded: in its size, in the steps
 * that it may take on any data, and to the functions that are named here. `matches` takes a pattern of RE2 as a
 * literal, and takes linear time. Errors: `invalid_input`.
 */
export function compileExpression(text: string): Expression {
  const environment = (shared ??= makeEnvironment());
  const parsed = attempt(() => environment.parse(text));
  const periods = new Map<string, Period>();
  forEachNode(parsed.ast, (node) => {
    const period = examine(node);
    if (period !== undefined) periods.set(periodText(period), period);
  });
  const cost = costOf(parsed.ast);
  if (cost > mostCost) {
    throw wrong('It could take too many steps: loops over lists multiply.');
  }
  forEachNode(parsed.ast, matchLinearly);
  const { valid, type, error } = parsed.check();
  if (!valid) {
    throw wrong(messageOf(error));
  }
  if (type !== 'bool' && type !== 'dyn') {
    throw wrong(`It gives ${type}, and not true or false.`);
  }
  return { evaluate: (facts) => parsed(facts), periods: [...periods.values()], constant: isConstant(parsed.ast) ? constantOf(parsed) : undefined };
}

function makeEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: { maxAstNodes: 500, maxDepth: 50, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 4 } });
  for (const [name, ctor, fields] of factTypes) {
    environment.registerType(name, { ctor, fields });
  }
  for (const [name, type] of Object.entries(factNames)) {
    environment.registerVariable(name, type);
  }
  return environment.registerFunction(`string.${linearMatches}(string): bool`, (value: string, pattern: string) => compiledPattern(pattern).test(value));
}

/** What is not allowed here; of the others, the period that the node asks for. */
function examine(node: ASTNode): Period | undefined {
  switch (node.op) {
    case 'call':
      if (!calls.has(node.args[0])) throw wrong(`There is no function ${quoted(node.args[0])}.`);
      return undefined;
    case 'rcall':
      examineMethod(node.args[0], node.args[2]);
      return undefined;
    case '.?':
    case '[?]':
      throw wrong('Optional members are not known here: ask with has().');
    case 'id':
      if (node.args === 'cel') throw wrong('There is no function "cel.bind".');
      return undefined;
    case '.':
      return isPeriods(node.args[0]) ? canonicalPeriod(node.args[1]) : undefined;
    case '[]':
      return isPeriods(node.args[0]) ? literalPeriod(node.args[1]) : undefined;
    default:
      return undefined;
  }
}

function examineMethod(name: string, args: readonly ASTNode[]): void {
  if (getters.has(name)) {
    if (args.length > 0) throw wrong(`${name} takes no zone here: it is in UTC, and local has the clock of the application’s zone.`);
    return;
  }
  if (!methods.has(name)) {
    throw wrong(`There is no function ${quoted(name)}.`);
  }
  if (name === 'matches') {
    const [pattern] = args;
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') throw wrong('The pattern of matches() is not a literal.');
    if (pattern.args.length > longestPattern) throw wrong(`The pattern of matches() is longer than ${longestPattern} characters.`);
    attempt(() => compiledPattern(pattern.args as string));
  }
}

function isPeriods(node: ASTNode): boolean {
  return node.op === '.' && node.args[1] === 'periods' && node.args[0].op === 'id' && node.args[0].args === 'history';
}

function literalPeriod(node: ASTNode): Period {
  if (node.op !== 'value' || typeof node.args !== 'string') {
    throw wrong('The period in history.periods[…] is not a literal.');
  }
  return canonicalPeriod(node.args);
}

function canonicalPeriod(text: string): Period {
  const period = parsePeriod(text);
  if (periodText(period) !== text) {
    throw wrong(`The period ${quoted(text)} is written ${quoted(periodText(period))}.`);
  }
  return period;
}

function matchLinearly(node: ASTNode): void {
  if (node.op === 'rcall' && node.args[0] === 'matches') {
    (node.args as unknown as [string, ...unknown[]])[0] = linearMatches;
  }
}

function compiledPattern(pattern: string): RE2JS {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    if (patterns.size >= mostPatterns) patterns.clear();
    patterns.set(pattern, (compiled = RE2JS.compile(pattern)));
  }
  return compiled;
}

function constantOf(evaluate: (facts: object) => unknown): boolean | undefined {
  try {
    const value = evaluate({});
    return typeof value === 'boolean' ? value : undefined;
  } catch {
    return undefined;
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LatchkeyError ? error : wrong(messageOf(error));
  }
}

function wrong(message: string): LatchkeyError {
  return new LatchkeyError('invalid_input', message);
}
