import { createRequire } from 'node:module';
import { sep } from 'node:path';
import type { Plugin } from 'rolldown';
import { inProject } from '../setup/project.mjs';
import { lazyModule } from './lazy-module.ts';

const require = createRequire(import.meta.url);
const prefix = '\0lazy:';

const replacementFolder = inProject('scripts', 'building', 'replacements') + sep;

/** Imports of oclif that are answered by something equal that costs less. */
const replacements = new Map([
  // Reads package.json, the manifest and the theme: a few small files, faster without the thread pool.
  ['node:fs/promises', `${replacementFolder}fs-promises.cjs`],
  // Almost all that oclif asks is whether this is WSL; the whole package prepares to start PowerShell.
  ['wsl-utils', `${replacementFolder}wsl-utils.mjs`],
  // Used by none but those who look for a fault in oclif.
  ['debug', `${replacementFolder}debug.cjs`],
]);

/** Code of oclif that is written otherwise. */
const rewrites = [
  {
    // Sorts the commands of the manifest. The first locale comparison of a process loads ICU's collation: 7 ms.
    file: /[/\\]config[/\\]plugin\.js$/,
    from: '.sort((a, b) => a.id.localeCompare(b.id))',
    to: '.sort((a, b) => (a.id < b.id ? -1 : 1))',
  },
];

/**
 * Makes @oclif/core start fast. It is about 80 CommonJS modules, each of which loads all others that it may ever need;
 * here each is run when something of it is first used, and each package that it depends on is a file of its own under
 * dist/vendor. What does not find the code that it is made for fails the build, and test/cli/bundle.test.ts holds the
 * result to what oclif does unchanged.
 */
export function fastOclif(): Plugin {
  const unused = new Set<unknown>([...replacements.keys(), ...rewrites]);
  return {
    name: 'fast-oclif',
    async resolveId(source, importer, { kind }) {
      if (source.startsWith('./vendor/')) {
        return { id: source, external: true };
      }
      const fromOclif = isOclif(importer);
      if (!fromOclif && importer?.startsWith(replacementFolder) !== true) {
        return undefined;
      }
      const replacement = fromOclif ? replacements.get(source) : undefined;
      if (replacement !== undefined) {
        unused.delete(source);
        return replacement;
      }
      const resolved = await this.resolve(source, importer, { kind });
      const isFile = resolved !== null && resolved.external === false && /^[^\0].*\.[cm]?js$/.test(resolved.id);
      return isFile && kind === 'require-call' ? `${prefix}${resolved.id}` : resolved;
    },
    load(id) {
      if (!id.startsWith(prefix)) {
        return undefined;
      }
      const path = id.slice(prefix.length);
      if (isOclif(path)) {
        return lazyModule(require(path), `require(${JSON.stringify(path)})`);
      }
      const file = `vendor/${packageOf(path).replaceAll(/[/\\]/g, '-')}`;
      this.emitFile({ type: 'chunk', id: path, name: file });
      return lazyModule(require(path), `require("./${file}.js").default`);
    },
    transform(code, id) {
      const rewrite = isOclif(id) ? rewrites.find(({ file }) => file.test(id)) : undefined;
      if (rewrite === undefined || code.split(rewrite.from).length !== 2) {
        return undefined;
      }
      unused.delete(rewrite);
      return { code: code.replace(rewrite.from, rewrite.to), map: null };
    },
    buildEnd(error) {
      if (error === undefined && unused.size > 0) {
        const what = [...unused].map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry))).join(', ');
        throw new Error(`@oclif/core is not as scripts/building/fast-oclif.ts expects it; not found: ${what}`);
      }
    },
  };
}

function isOclif(path: string | undefined): boolean {
  return /^[^\0].*[/\\]node_modules[/\\]@oclif[/\\]core[/\\]lib[/\\]/.test(path ?? '');
}

function packageOf(path: string): string {
  const name = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(path)?.[1];
  if (name === undefined) {
    throw new Error(`${path} belongs to no package.`);
  }
  return name;
}
