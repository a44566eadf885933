import type { Module } from './imports.ts';

/** What each folder of src may import of the others. It may import itself. */
const layers: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  protocol: ['domain'],
  roles: ['domain', 'protocol'],
  api: ['domain', 'protocol', 'roles'],
  // These know nothing of each other; who talks over the wire shares what goes over it.
  server: ['domain', 'protocol', 'roles', 'api'],
  agent: ['domain', 'protocol', 'roles', 'api'],
  client: ['domain', 'protocol', 'roles', 'api'],
  storage: ['domain', 'protocol', 'roles'],
  secrets: ['domain', 'protocol', 'roles'],
  radio: ['domain', 'protocol', 'roles', 'programs'],
  radius: ['domain', 'protocol', 'roles'],
  programs: ['domain'],
  flasher: ['domain', 'protocol', 'roles', 'programs'],
  formats: ['domain', 'protocol', 'roles'],
  // The language that a card application's rules are written in: the domain evaluates them without knowing it.
  rules: ['domain'],
  prompts: ['domain', 'protocol', 'roles', 'programs'],
  nfc: ['domain', 'protocol', 'roles'],
  providers: ['domain', 'protocol', 'roles'],
  cli: ['domain', 'protocol', 'roles', 'api', 'server', 'agent', 'client', 'storage', 'secrets', 'radio', 'radius', 'formats', 'rules', 'flasher', 'prompts', 'nfc', 'providers'],
  commands: ['domain', 'api', 'cli'],
};

/** The folders that may import a package. */
const packages: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/re2': ['rules'],
  '@marcbachmann/cel-js': ['rules'],
  '@oclif/core': ['cli'],
  cbor2: ['protocol'],
  chalk: ['cli'],
  inquirer: ['cli'],
  jose: ['protocol'],
  keytar: ['secrets'],
  kysely: ['storage'],
  'pcsc-mini': ['nfc'],
  pg: ['storage'],
  pino: ['server'],
  'prom-client': ['server'],
  qr: ['formats'],
  stripe: ['providers'],
  typebox: ['api'],
  undici: ['client', 'prompts'],
  uqr: ['formats'],
};

/** The composition root: no other file of cli knows of a role both as a service here and as a client of a server. */
const compositionRoot = 'src/cli/open-role.ts';

/** The imports of a module that the architecture forbids, each as a sentence. */
export function forbiddenImports({ path, imports }: Module): string[] {
  const folder = folderOf(path);
  const allowed = layers[folder];
  if (allowed === undefined) {
    return [`${path} is in no layer: say in test/architecture/layers.ts what ${folder} may import.`];
  }
  const wrong = imports.filter((imported) =>
    imported.path === undefined
      ? !mayImportPackage(folder, imported.source)
      : imported.path.startsWith('src/') && ![folder, ...allowed].includes(folderOf(imported.path)),
  );
  const sentences = wrong.map(({ source }) => `${path} may not import ${source}.`);
  const paths = imports.flatMap((imported) => imported.path ?? []);
  return path !== compositionRoot && paths.some(isService) && paths.some((other) => folderOf(other) === 'client')
    ? [...sentences, `${path} may not know both services and clients; only ${compositionRoot} does.`]
    : sentences;
}

/** Folders of roles that import each other, if only through others: each as a sentence. One role may build on another. */
export function rolesInCycles(modules: readonly Module[]): string[] {
  const imports = new Map<string, Set<string>>();
  for (const { path, imports: imported } of modules) {
    const role = roleOf(path);
    const others = imported.flatMap(({ path: other }) => roleOf(other ?? '') ?? []).filter((other) => other !== role);
    if (role !== undefined) imports.set(role, new Set([...(imports.get(role) ?? []), ...others]));
  }
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of imports.get(from) ?? []) {
      if (!seen.has(next)) reached(next, seen.add(next));
    }
    return seen;
  };
  return [...imports.keys()].filter((role) => reached(role).has(role)).map((role) => `src/roles/${role} imports what imports it.`);
}

function roleOf(path: string): string | undefined {
  return /^src\/roles\/([^/]+)\//.exec(path)?.[1];
}

function mayImportPackage(folder: string, source: string): boolean {
  if (source.startsWith('node:')) {
    return folder !== 'domain';
  }
  const name = source.split('/').slice(0, source.startsWith('@') ? 2 : 1).join('/');
  return packages[name]?.includes(folder) === true;
}

function isService(path: string): boolean {
  return /^src\/roles\/[^/]+\/service\.ts$/.test(path);
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}
