import { globSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type ChunkingContext, type OutputOptions, type RolldownOptions, rolldown } from 'rolldown';
import { fileOfCommand, partsOfCommand } from '../../src/cli/built-commands.ts';
import { cacheFolder, inProject, root } from '../setup/project.mjs';
import { fastOclif, isOclifAtStart } from './fast-oclif.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { lazily } from './lazy-module.ts';
import { commandsIn } from './manifest.ts';
import { ownFiles, packageOf } from './own-file.ts';
import { seldomUsed } from './seldom-used.ts';

/**
 * Builds dist/: main.js, which starts the CLI; a file for each command, where oclif looks for it; one for each dynamic
 * import; and a few with what several of them share. CommonJS, because Node loads it faster than ES modules.
 */

/** Packages that stay where they are: with native code, or for a server, which starts once. */
const external = ['keytar', 'pcsc-mini', 'pg', 'pino', 'prom-client', 'stripe'];

/** What few commands need of packages that many need. */
const seldom = {
  'typebox/build/schema/index.mjs': 'typebox',
  'kysely/dist/schema/schema-module.js': 'kysely-schema',
  'kysely/dist/plugin/with-schema/with-schema-plugin.js': 'kysely-with-schema',
  'kysely/dist/query-builder/merge-query-builder.js': 'kysely-merge',
};

/** What commands import dynamically that open the database on this machine; one file, with all that these need. */
const local = [
  'roles/admin/service.ts',
  'roles/enrollment/service.ts',
  'roles/factory/service.ts',
  'roles/owner/service.ts',
  'secrets/env-store.ts',
  'secrets/keyring.ts',
  'secrets/open-secret-store.ts',
  'storage/open-store.ts',
  'storage/relational-store.ts',
  'storage/sqlite-database.ts',
].map((path) => realpathSync(inProject('src', path)));

/** What starts beside oclif: our own part of it, and what the plugins put in place of what is imported. */
const isOurStart = /[/\\]src[/\\]cli[/\\](main|built-commands)\.ts$|^\0(lazy|builtin|seldom):/;

const input: RolldownOptions = {
  cwd: root,
  input: { main: 'src/cli/main.ts', ...commandFiles() },
  platform: 'node',
  external: external.map((name) => new RegExp(`^${name}(/|$)`)),
  plugins: [ownFiles(), fastOclif(), lazyBuiltins(), seldomUsed(seldom)],
  preserveEntrySignatures: 'allow-extension',
  logLevel: 'warn',
  checks: { bundlerTimings: false },
};

const output: OutputOptions = {
  format: 'cjs',
  exports: 'named',
  minify: true,
  // One character of another alphabet makes V8 keep and parse the whole file in two bytes a character.
  charset: 'ascii',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: ({ facadeModuleId, name }) => `${(facadeModuleId === null ? undefined : fileOf(facadeModuleId)) ?? name}.js`,
  codeSplitting: {
    groups: [
      { name: 'main', priority: 3, test: (path) => isOclifAtStart(path) || isOurStart.test(path) || path === lazily },
      { name: packageFile, debugName: 'vendor', priority: 2, test: /[/\\]node_modules[/\\](chalk|inquirer|undici)[/\\]/ },
      // What every command needs …
      { name: 'core', priority: 1, tags: ['$initial'], minShareCount: 20, test: /^[^\0](?!.*[/\\](node_modules|commands)[/\\])/ },
      // … and those that open the database on this machine.
      { name: (path, context) => (isLocal(path, context) ? 'local' : null), debugName: 'local', priority: 0, test: /[/\\]src[/\\]/ },
      { name: 'local', priority: 0, test: /[/\\]kysely[/\\](?!.*(schema|immediate-value|operation-node-transformer|postgres|merge-))/ },
    ],
  },
};

try {
  await build();
} catch (error) {
  console.error(stripVTControlCharacters(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
}

async function build(): Promise<void> {
  const folder = join(cacheFolder, 'dist');
  rmSync(folder, { recursive: true, force: true });
  await using bundle = await rolldown(input);
  await bundle.write({ ...output, dir: folder });
  for (const [name, file] of Object.entries(threadFiles())) {
    await using thread = await rolldown({ ...input, input: { [name]: file } });
    await thread.write({ ...output, dir: folder, codeSplitting: false });
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  const commands = (await commandsIn(cacheFolder)).map(partsOfCommand);
  writeFileSync(join(folder, 'commands.json'), JSON.stringify(commands.map(({ entry }) => entry)));
  for (const { entry, rest } of commands) {
    writeFileSync(join(cacheFolder, fileOfCommand(entry.id, '.json')), JSON.stringify(rest));
  }
  replaceFolder(inProject('dist'), folder);
}

function commandFiles(): Record<string, string> {
  return entries('src/commands/**/*.ts');
}

/** What runs in a thread or a process of its own: each file is whole, for it needs little of what commands share. */
function threadFiles(): Record<string, string> {
  return entries('src/{cli/**/*-worker,radio/**/*-guard-program}.ts');
}

function entries(pattern: string): Record<string, string> {
  const files = globSync(pattern, { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  return Object.fromEntries(files.map((file) => [file.replace(/^src[/\\]|\.ts$/g, ''), file]));
}

/** The file for a module that is imported dynamically, without its extension. */
function fileOf(path: string): string | undefined {
  const source = relative(inProject('src'), path);
  return source.startsWith('..') ? undefined : source.replace(/\.ts$/, '');
}

/** Whether a module is imported by one of `local`, or by one that these import, and so on. */
function isLocal(path: string, context: ChunkingContext): boolean {
  const reached = new Set(local);
  for (const module of reached) {
    context.getModuleInfo(module)?.importedIds.forEach((id) => reached.add(id));
  }
  return reached.has(path);
}

function packageFile(path: string): string {
  return `vendor/${packageOf(path).replaceAll('/', '-')}`;
}

/** Whoever runs what was there before finds the new files the next moment. */
function replaceFolder(folder: string, by: string): void {
  const old = join(cacheFolder, 'dist.old');
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
