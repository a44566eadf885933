import { builtinModules } from 'node:module';
import type { Plugin } from 'rolldown';
import { lazyModule } from './lazy-module.ts';

/** Its members are methods: they must be called on itself. It is there before anything else. */
const eager = ['node:process', 'node:console'];

const lazy = new Set(builtinModules.map((name) => (name.startsWith('node:') ? name : `node:${name}`)).filter((name) => !eager.includes(name)));

const prefix = '\0builtin:';

/**
 * Loads Node's modules when one of their exports is first used, not where they are imported: node:crypto takes a
 * quarter of the time in which Node starts, and an import of any takes in all its names.
 */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    resolveId(source, _importer, { kind }) {
      const name = source.startsWith('node:') ? source : `node:${source}`;
      return lazy.has(name) && kind !== 'dynamic-import' ? `${prefix}${name}` : undefined;
    },
    load(id) {
      if (!id.startsWith(prefix)) {
        return undefined;
      }
      const name = id.slice(prefix.length);
      const real: object | undefined = process.getBuiltinModule(name);
      if (real === undefined) {
        throw new Error(`${name} is no module of this Node.`);
      }
      return lazyModule(real, `process.getBuiltinModule(${JSON.stringify(name)})`);
    },
  };
}
