import type { Plugin } from 'rolldown';
import { lazyModule } from './lazy-module.ts';

/** Modules of Node that are not loaded when it has started and take about a millisecond or more (crypto: six). */
const slow = new Set(
  ['child_process', 'crypto', 'dns', 'dns/promises', 'fs/promises', 'http', 'http2', 'https', 'net', 'perf_hooks']
    .concat(['readline', 'readline/promises', 'sqlite', 'stream', 'stream/promises', 'tls', 'tty', 'worker_threads', 'zlib'])
    .map((name) => `node:${name}`),
);

const prefix = '\0builtin:';

/** Loads Node's slower modules when one of their exports is first used, not where they are imported. */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    resolveId(source, _importer, { kind }) {
      const name = source.startsWith('node:') ? source : `node:${source}`;
      return slow.has(name) && kind !== 'dynamic-import' ? `${prefix}${name}` : undefined;
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
