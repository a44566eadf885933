import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Command } from '@oclif/core/command';
import type { PJSON, Plugin } from '@oclif/core/interfaces';

const load = createRequire(import.meta.url);

/** What oclif reads of every command at each start. */
interface Entry {
  readonly id: string;
  readonly aliases: string[];
  readonly hiddenAliases: string[];
  readonly hidden: boolean;
  readonly summary: string;
}

/**
 * The commands as the build left them, as oclif's one plugin. One that it loads itself looks for package.json, the
 * manifest and other plugins, and takes in all there is to know of every command to run one; here all but names and
 * summaries is parsed of one command only, when it is asked for.
 */
export function builtCommands(root: string): Map<string, Plugin> {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PJSON;
  const { name, version } = pjson;
  const findCommand = async (id: string) => commandClass(root, id, plugin);
  const plugin: Plugin = {
    _base: '@oclif/core',
    name,
    version,
    alias: name,
    root,
    pjson,
    type: 'core',
    moduleType: 'commonjs',
    isRoot: true,
    valid: true,
    hasManifest: true,
    hooks: {},
    options: { root },
    commandsDir: join(root, 'dist', 'commands'),
    commands: [],
    commandIDs: [],
    topics: Object.entries(pjson.oclif.topics ?? {}).map(([topic, { description, hidden }]) => ({ name: topic, description, hidden })),
    findCommand: findCommand as Plugin['findCommand'],
    load: async () => undefined,
  };
  const lines = readFileSync(join(root, 'dist', 'commands.ndjson'), 'utf8').trimEnd().split('\n');
  for (let line = 0; line < lines.length; line += 2) {
    const command = loadable(JSON.parse(lines[line]!) as Entry, lines[line + 1]!, findCommand);
    plugin.commands.push(command);
    plugin.commandIDs.push(command.id);
  }
  return new Map([[name, plugin]]);
}

/** The two lines of dist/commands.ndjson for a command: what every start needs of it, and the rest. */
export function linesOfCommand(command: Command.Cached): [entry: string, rest: string] {
  const { id, aliases, hiddenAliases, hidden = false, summary = '', ...rest } = command;
  const entry: Entry = { id, aliases, hiddenAliases, hidden, summary };
  return [JSON.stringify(entry), JSON.stringify(rest)];
}

function loadable(entry: Entry, rest: string, find: (id: string) => Promise<Command.Class>): Command.Loadable {
  const known = { ...entry, permutations: undefined, load: () => find(entry.id) };
  let all: object | undefined;
  const complete = () => (all ??= Object.assign(known, JSON.parse(rest)));
  return new Proxy(known, {
    get: (_, name) => Reflect.get(name in known ? known : complete(), name),
    has: (_, name) => name in complete(),
    ownKeys: () => Reflect.ownKeys(complete()),
  }) as unknown as Command.Loadable;
}

function commandClass(root: string, id: string, plugin: Plugin): Command.Class {
  const module = load(join(root, 'dist', 'commands', `${join(...id.split(':'))}.js`)) as { default: Command.Class };
  return Object.assign(module.default, { id, plugin });
}
