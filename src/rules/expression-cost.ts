import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, loopOf, type Loop } from './expression-tree.ts';

/** More steps than that, at worst, no expression may take: some milliseconds. */
export const mostCost = 100_000;

/** How large a value can be. */
interface Bound {
  /** To loop over. */
  readonly elements: number;
  /** All its characters and elements together. */
  readonly size: number;
  /** Its characters, if it is a text. */
  readonly text: number;
  /** Each of its elements; as large as the whole if nothing better is known. */
  readonly element?: Bound;
}

interface Judged {
  readonly cost: number;
  readonly bound: Bound;
}

/** Of what services and histories hold (their JSON Schema): lists are of scalars, and loops over maps are over names. */
const scalar: Bound = { elements: 1, size: 256, text: 256 };
const data: Bound = { elements: 100, size: 25_600, text: 256, element: scalar };
const small: Bound = { elements: 1, size: 32, text: 32 };
/** Characters that are copied or looked at in the time of one step. */
const perStep = 64;

/** The most steps that an expression can take, whatever the data. */
export function costOf(ast: ASTNode): number {
  return judge(ast, new Map()).cost;
}

function judge(node: ASTNode, variables: ReadonlyMap<string, Bound>): Judged {
  const loop = loopOf(node);
  if (loop !== undefined) {
    return judgeLoop(loop, variables);
  }
  const children = childrenOf(node).map((child) => judge(child, variables));
  const bounds = children.map(({ bound }) => bound);
  const bound = boundOf(node, bounds, variables);
  return { cost: sum(children.map(({ cost }) => cost)) + 1 + (touched(node, bounds, bound) / perStep) * weightOf(node), bound };
}

function judgeLoop({ name, variable, over, bodies }: Loop, variables: ReadonlyMap<string, Bound>): Judged {
  const { cost, bound } = judge(over, variables);
  const inner = new Map(variables).set(variable, bound.element ?? bound);
  const judged = bodies.map((body) => judge(body, inner));
  const made = judged.at(-1)!.bound;
  const rounds = bound.elements;
  return {
    cost: cost + rounds * (1 + sum(judged.map((each) => each.cost))),
    bound: name === 'map' ? { elements: rounds, size: rounds * (made.size + 1), text: 0, element: made } : name === 'filter' ? bound : small,
  };
}

function boundOf(node: ASTNode, children: readonly Bound[], variables: ReadonlyMap<string, Bound>): Bound {
  switch (node.op) {
    case 'value':
      return typeof node.args === 'string' ? { elements: 1, size: node.args.length, text: node.args.length } : small;
    case 'id':
      return variables.get(node.args) ?? data;
    case 'list':
    case 'map':
      return { elements: children.length, size: sum(children.map(({ size }) => size)) + children.length, text: 0, element: largest(children) };
    case '+':
      return { elements: sum(children.map(({ elements }) => elements)), size: sum(children.map(({ size }) => size)), text: sum(children.map(({ text }) => text)), element: largest(children.map((child) => child.element ?? child)) };
    case '[]':
      return children[0]!.element !== undefined && children[0] !== data ? children[0]!.element : children[0]!;
    case '.':
      return children[0]!;
    case '?:':
    case 'call':
    case 'rcall':
      return largest(children);
    default:
      return small;
  }
}

/** How much of the values has to be looked at. */
function touched(node: ASTNode, children: readonly Bound[], made: Bound): number {
  const sizes = children.map(({ size, text }) => (node.op === 'rcall' ? text : size));
  switch (node.op) {
    case '+':
    case 'list':
    case 'map':
      return made.size;
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return Math.min(...sizes);
    case 'in':
    case 'call':
    case 'rcall':
      return Math.max(0, ...sizes);
    default:
      return 0;
  }
}

/** A pattern is tried at each character, in all its states. */
function weightOf(node: ASTNode): number {
  const pattern = node.op === 'rcall' && node.args[0] === 'matches' ? node.args[2][0] : undefined;
  return pattern?.op === 'value' && typeof pattern.args === 'string' ? perStep * (1 + pattern.args.length / 4) : 1;
}

function largest(bounds: readonly Bound[]): Bound {
  const elements = bounds.flatMap(({ element }) => element ?? []);
  return {
    elements: Math.max(1, ...bounds.map((bound) => bound.elements)),
    size: Math.max(1, ...bounds.map(({ size }) => size)),
    text: Math.max(0, ...bounds.map(({ text }) => text)),
    ...(elements.length === bounds.length && elements.length > 0 ? { element: largest(elements) } : {}),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
