import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'rolldown';
import { inProject } from '../setup/project.mjs';
import { lazyModule } from './lazy-module.ts';
import { ownFile } from './own-file.ts';

const require = createRequire(import.meta.url);
const prefix = '\0seldom:';

/**
 * Modules of packages that many import and few use: each becomes a file of its own, loaded when one of its exports is
 * first used. The build fails if nobody imports one of them.
 *
 * @param modules names of files, by the paths of the modules below node_modules
 */
export function seldomUsed(modules: Readonly<Record<string, string>>): Plugin {
  const files = new Map(Object.entries(modules).map(([path, name]) => [realpathSync(inProject('node_modules', path)), name]));
  const unused = new Set(files.keys());
  return {
    name: 'seldom-used',
    async resolveId(source, importer, { kind }) {
      if (kind !== 'import-statement' || importer === undefined || importer.startsWith('\0')) {
        return undefined;
      }
      const resolved = await this.resolve(source, importer, { kind });
      if (resolved === null || !files.has(resolved.id)) {
        return resolved;
      }
      unused.delete(resolved.id);
      return `${prefix}${resolved.id}`;
    },
    load(id) {
      if (!id.startsWith(prefix)) {
        return undefined;
      }
      const path = id.slice(prefix.length);
      const exports: unknown = require(path);
      return lazyModule(exports, ownFile(this, path, exports, files.get(path)!));
    },
    buildEnd(error) {
      if (error === undefined && unused.size > 0) {
        throw new Error(`Imported by nobody, see scripts/building/build.ts: ${[...unused].join(', ')}`);
      }
    },
  };
}
