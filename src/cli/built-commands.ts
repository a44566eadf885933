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
  readonly strict: boolean | undefined;
  readonly args: Command.Cached['args'];
}

/**
 * The commands as the build left them, as oclif's one plugin. One that it loads itself looks for package.json, the
 * manifest and other plugins, and takes in all there is to know of every command to run one; here all but names and
 * summaries is read of one command only, when it is asked for.
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
  const entries = JSON.parse(readFileSync(join(root, 'dist', 'commands.json'), 'utf8')) as Entry[];
  for (const entry of entries) {
    plugin.commands.push(loadable(entry, plugin));
    plugin.commandIDs.push(entry.id);
  }
  return new Map([[name, plugin]]);
}

/** A command in two parts: what is in dist/commands.json of each, and what is in a file beside its code. */
export function partsOfCommand(command: Command.Cached): { entry: Entry; rest: object } {
  const { id, aliases, hiddenAliases, hidden = false, summary = '', strict, args, ...rest } = command;
  return { entry: { id, aliases, hiddenAliases, hidden, summary, strict, args }, rest };
}

/** Where what belongs to a command is, from the folder of the project. */
export function fileOfCommand(id: string, extension: string): string {
  return join('dist', 'commands', `${join(...id.split(':'))}${extension}`);
}

function loadable(entry: Entry, { root, name: pluginName, findCommand }: Plugin): Command.Loadable {
  const known = { ...entry, permutations: undefined, pluginName, load: () => findCommand(entry.id, { must: true }) };
  let all: object | undefined;
  const complete = () =>
    (all ??= Object.assign(known, JSON.parse(readFileSync(join(root, fileOfCommand(entry.id, '.json')), 'utf8'))));
  return new Proxy(known, {
    get: (_, name) => Reflect.get(name in known ? known : complete(), name),
    has: (_, name) => name in complete(),
    ownKeys: () => Reflect.ownKeys(complete()),
  }) as unknown as Command.Loadable;
}

function commandClass(root: string, id: string, plugin: Plugin): Command.Class {
  const module = load(join(root, fileOfCommand(id, '.js'))) as { default: Command.Class };
  return Object.assign(module.default, { id, plugin });
}
