import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseModule, readModule } from './imports.ts';
import { forbiddenImports, rolesInCycles } from './layers.ts';

const root = join(import.meta.dirname, '../..');
const modules = globSync('src/**/*.ts', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => readModule(root, path));

test('every module imports only what its layer may', () => {
  expect(modules.flatMap(forbiddenImports)).toEqual([]);
});

test('no role builds on one that builds on it', () => {
  expect(rolesInCycles(modules)).toEqual([]);
});

test('roles that build on each other are found through a third', () => {
  const cycle = [
    parseModule('src/roles/pos/x.ts', `import { a } from '../ledger/a.ts';`),
    parseModule('src/roles/ledger/x.ts', `import { a } from '../wallet/a.ts';`),
    parseModule('src/roles/wallet/x.ts', `import type { A } from '../pos/a.ts';`),
    parseModule('src/roles/owner/x.ts', `import { a } from '../pos/a.ts';`),
  ];
  expect(rolesInCycles(cycle)).toEqual(['src/roles/pos imports what imports it.', 'src/roles/ledger imports what imports it.', 'src/roles/wallet imports what imports it.']);
});

test('every package that is imported is a dependency of ours', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
  const names = Object.keys(dependencies);
  const undeclared = modules.flatMap(({ path, imports }) =>
    imports
      .filter((imported) => imported.path === undefined && !imported.source.startsWith('node:'))
      .filter(({ source }) => !names.some((name) => source === name || source.startsWith(`${name}/`)))
      .map(({ source }) => `${path} imports ${source}`),
  );
  expect(undeclared).toEqual([]);
});

test.each([
  ['a type of a sibling', 'src/server/x.ts', `import type { A } from '../storage/a.ts';`],
  ['a value of a sibling', 'src/client/x.ts', `import { a } from '../server/a.ts';`],
  ['a sibling dynamically', 'src/agent/x.ts', `await import('../client/a.ts');`],
  ['a sibling in a type', 'src/radio/x.ts', `type A = import('../secrets/a.ts').A;`],
  ['a sibling by re-export', 'src/formats/x.ts', `export { a } from '../storage/a.ts'; `],
  ['a whole sibling by re-export', 'src/formats/x.ts', `export * from '../storage/a.ts'; `],
  ['a higher layer', 'src/roles/device/x.ts', `import '../../cli/main.ts';`],
  ['another layer from domain', 'src/domain/x.ts', `import { a } from '../protocol/a.ts';`],
  ['Node from domain', 'src/domain/x.ts', `import { readFileSync } from 'node:fs';`],
  ['a package from domain', 'src/domain/x.ts', `import { Compile } from 'typebox/schema';`],
  ['a database from a command', 'src/commands/x.ts', `import { Kysely } from 'kysely';`],
  ['storage from a command', 'src/commands/device/x.ts', `import { openStore } from '../../storage/open-store.ts';`],
  ['a package that nobody allowed', 'src/cli/x.ts', `import _ from 'lodash';`],
  ['from a folder of no layer', 'src/new/x.ts', `export const a = 1;`],
  [
    'a role as a service and as a client',
    'src/cli/x.ts',
    `await import('../roles/owner/service.ts'); await import('../client/owner-client.ts');`,
  ],
])('it is forbidden to import %s', (_, path, text) => {
  expect(forbiddenImports(parseModule(path, text))).toHaveLength(1);
});

test.each([
  ['itself', 'src/domain/x.ts', `import { a } from './a.ts';`],
  ['a lower layer', 'src/server/x.ts', `import { a } from '../roles/a.ts'; import { b } from '../api/b.ts';`],
  ['its package', 'src/storage/x.ts', `import { sql } from 'kysely'; import { join } from 'node:path';`],
  ['both ways, in the composition root', 'src/cli/open-role.ts', `import('../roles/owner/service.ts'); import('../client/owner-client.ts');`],
])('it is allowed to import %s', (_, path, text) => {
  expect(forbiddenImports(parseModule(path, text))).toEqual([]);
});
