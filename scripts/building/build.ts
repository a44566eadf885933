import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { cacheFolder, inProject, root } from '../setup/project.mjs';
import { fastOclif } from './fast-oclif.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

/**
 * Builds dist/: main.js, which starts the CLI, a file for each command, as oclif looks for it, one for each dynamic
 * import, and core.js with what two or more of them share. CommonJS, because Node loads it faster than ES modules.
 */
const { dependencies } = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as { dependencies: Record<string, string> };

/** Packages that are not bundled: with native code, or for a server, which starts once. */
const external = ['keytar', 'fastify', 'pg', 'prom-client'];
const bundled = Object.keys(dependencies).filter((name) => !external.includes(name) && name !== '@oclif/core');

const fresh = join(cacheFolder, 'dist');
rmSync(fresh, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: { main: 'src/cli/main.ts', ...commandFiles() },
  platform: 'node',
  external: external.map((name) => new RegExp(`^${name}(/|$)`)),
  plugins: [fastOclif(), lazyBuiltins()],
  preserveEntrySignatures: 'allow-extension',
  logLevel: 'warn',
});
const { output } = await bundle.write({
  dir: fresh,
  format: 'cjs',
  exports: 'named',
  minify: true,
  sourcemap: true,
  strictExecutionOrder: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      { name: 'oclif', test: /^\0(builtin|lazy):|[/\\]scripts[/\\]building[/\\]|[/\\](@oclif[/\\]core|is-wsl|is-docker|is-inside-container)[/\\]/, priority: 3 },
      ...bundled.map((name) => ({ name: `vendor/${name}`, test: new RegExp(`[/\\\\]node_modules[/\\\\]${name}[/\\\\]`), priority: 2 })),
      { name: 'core', test: /^[^\0](?!.*[/\\]node_modules[/\\])/, minShareCount: 2, tags: ['$initial'], priority: 1 },
    ],
  },
});
await bundle.close();
writeFileSync(join(fresh, 'package.json'), '{ "type": "commonjs" }\n');
replaceFolder(inProject('dist'), fresh);
const bytes = output.reduce((sum, file) => sum + (file.type === 'chunk' ? file.code.length : 0), 0);
console.log(`dist: ${output.filter((file) => file.type === 'chunk').length} files, ${Math.round(bytes / 1024)} KiB`);

function commandFiles(): Record<string, string> {
  const files = globSync('src/commands/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  return Object.fromEntries(files.map((file) => [file.replace(/^src[/\\]|\.ts$/g, ''), file]));
}

/** Whoever runs the old build meanwhile keeps what it has open, and finds the new one the next moment. */
function replaceFolder(folder: string, by: string): void {
  const old = join(cacheFolder, 'dist.old');
  mkdirSync(dirname(old), { recursive: true });
  rmSync(old, { recursive: true, force: true });
  try {
    renameSync(folder, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
  renameSync(by, folder);
  rmSync(old, { recursive: true, force: true });
}
