import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

/** A file of the project and what it imports, as types or not, statically or dynamically. */
export interface Module {
  /** From the folder of the project, with slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As it is written. */
  readonly source: string;
  /** The file of the project that is meant, from its folder; undefined for a package or a module of Node. */
  readonly path: string | undefined;
}

export function readModule(root: string, path: string): Module {
  return parseModule(path, readFileSync(posix.join(root, path), 'utf8'));
}

export function parseModule(path: string, text: string): Module {
  const { program, errors } = parseSync(path, text);
  if (errors[0] !== undefined) {
    throw new Error(`${path}: ${errors[0].message}`);
  }
  const sources: string[] = [];
  const add = (source: { value?: unknown } | null) => {
    if (typeof source?.value === 'string') {
      sources.push(source.value);
    }
  };
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source as { value?: unknown }),
    TSImportType: ({ source }) => add(source),
  }).visit(program);
  const imports = sources.map((source) => ({
    source,
    path: source.startsWith('.') ? posix.join(posix.dirname(path), source) : undefined,
  }));
  return { path, imports };
}
