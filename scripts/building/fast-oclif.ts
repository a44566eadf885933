import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import type { Plugin } from 'rolldown';
import { lazyModule } from './lazy-module.ts';
import { ownFile, packageOf } from './own-file.ts';

const require = createRequire(import.meta.url);
const oclif = dirname(require.resolve('@oclif/core')) + sep;
const ours = join(import.meta.dirname, 'replacements') + sep;
const prefix = '\0lazy:';

/** What oclif imports and gets from us instead: the same, but quick at what it is mostly asked (replacements.test.ts). */
const replacements = new Map(
  Object.entries({
    debug: 'debug.cjs',
    ejs: 'ejs.cjs',
    'node:fs/promises': 'fs-promises.cjs',
    'string-width': 'string-width.cjs',
    'widest-line': 'widest-line.cjs',
    'wrap-ansi': 'wrap-ansi.cjs',
    'wsl-utils': 'wsl.mjs',
  }).map(([source, file]) => [source, ours + file]),
);

/** Small packages that every start or every help needs; not worth a file each. */
const small = /[/\\]node_modules[/\\](has-flag|indent-string|is-docker|is-inside-container|is-wsl|supports-color)[/\\]/;

/** Modules of oclif that no start needs: they look for plugins, or are for one kind of output. */
const aside = [
  'config/plugin.js',
  'config/ts-path.js',
  'errors/errors/pretty-print.js',
  'help/command.js',
  'module-loader.js',
  'parser/errors.js',
  'util/cache-command.js',
  'util/find-root.js',
  'ux/action/spinner.js',
].map((path) => realpathSync(oclif + path));

/**
 * Makes @oclif/core start fast. It is about 80 CommonJS modules, each of which loads all others that it may ever need;
 * here each is run when something of it is first used, and each package that it depends on is a file of its own under
 * dist/vendor. Nothing of its code is changed. The build fails if what is replaced or set aside is no longer there, and
 * test/cli/bundle.test.ts holds the result to what it does unbundled.
 */
export function fastOclif(): Plugin {
  const unused = new Set(replacements.keys());
  return {
    name: 'fast-oclif',
    async resolveId(source, importer, { kind }) {
      const fromOclif = importer?.startsWith(oclif) === true;
      const fromOurs = importer?.startsWith(ours) === true && !source.startsWith('.');
      if (!fromOclif && !fromOurs) {
        return undefined;
      }
      const replacement = fromOclif ? replacements.get(source) : undefined;
      if (replacement !== undefined) {
        unused.delete(source);
        return replacement;
      }
      // The packages behind the replacements are those that oclif would have found.
      const resolved = await this.resolve(source, fromOurs ? `${oclif}index.js` : importer, { kind });
      const isCode = resolved !== null && resolved.external === false && /^[^\0].*\.[cm]?js$/.test(resolved.id);
      return isCode && kind === 'require-call' ? `${prefix}${resolved.id}` : resolved;
    },
    load(id) {
      if (!id.startsWith(prefix)) {
        return undefined;
      }
      const path = id.slice(prefix.length);
      const exports: unknown = require(path);
      const load = isOclifAtStart(path) ? `require(${JSON.stringify(path)})` : ownFile(this, path, exports, fileFor(path));
      return lazyModule(exports, load);
    },
    buildEnd(error) {
      if (error === undefined && unused.size > 0) {
        throw new Error(`@oclif/core is not as scripts/building/fast-oclif.ts expects it; not found: ${[...unused].join(', ')}`);
      }
    },
  };
}

/** Whether a module belongs to the part of oclif that every start loads. */
export function isOclifAtStart(path: string): boolean {
  return path.startsWith(oclif) ? !aside.includes(path) : path.startsWith(ours) || small.test(path);
}

/** The name of the file that another gets for itself. */
function fileFor(path: string): string {
  const name = path.startsWith(oclif) ? `oclif-${relative(oclif, path)}` : packageOf(path);
  return name.replaceAll(/[/\\]/g, '-').replace(/\.js$/, '');
}
