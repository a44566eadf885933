import { isBuiltin } from 'node:module';
import type { Plugin } from 'rolldown';
import { lazyModule } from './lazy-module.ts';

const prefix = '\0builtin:';

/**
 * Loads Node's modules when one of their exports is first used, not where they are imported: node:crypto takes a
 * quarter of the time in which Node starts, and an import of any takes in all its names.
 */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    resolveId(source, _importer, { kind }) {
      return kind !== 'dynamic-import' && isBuiltin(source) && mayBeLazy(source) ? `${prefix}${source}` : undefined;
    },
    load(id) {
      const name = id.slice(prefix.length);
      return id.startsWith(prefix) ? lazyModule(builtin(name), `process.getBuiltinModule(${JSON.stringify(name)})`) : undefined;
    },
  };
}

/**
 * Not the modules whose members are methods, to be called on the module itself (they are there before anything else),
 * nor those that are functions: who imports a function takes in its properties at once.
 */
function mayBeLazy(source: string): boolean {
  return !/^(node:)?(console|process)$/.test(source) && typeof builtin(source) === 'object';
}

function builtin(name: string): object | undefined {
  return process.getBuiltinModule(name);
}
