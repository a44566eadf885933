import type { ASTNode } from '@marcbachmann/cel-js';

/** The nodes right below one, also those of entries of maps and of arguments. */
export function childrenOf({ args }: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode);
  };
  look(args);
  return found;
}

export function forEachNode(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  childrenOf(node).forEach((child) => forEachNode(child, visit));
}

export interface Loop {
  readonly name: string;
  readonly variable: string;
  readonly over: ASTNode;
  readonly bodies: readonly ASTNode[];
}

const loops = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** What a macro of CEL loops over, if the node is one. */
export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== 'rcall' || !loops.has(node.args[0])) {
    return undefined;
  }
  const [name, over, [variable, ...bodies]] = node.args;
  return variable?.op === 'id' && bodies.length > 0 ? { name, variable: variable.args, over, bodies } : undefined;
}

/** Whether it depends on no fact. `bound`: the variables of loops around it. */
export function isConstant(node: ASTNode, bound: ReadonlySet<string> = new Set()): boolean {
  if (node.op === 'id') {
    return bound.has(node.args);
  }
  const loop = loopOf(node);
  if (loop === undefined) {
    return childrenOf(node).every((child) => isConstant(child, bound));
  }
  const within = new Set([...bound, loop.variable]);
  return isConstant(loop.over, bound) && loop.bodies.every((body) => isConstant(body, within));
}
