import { readFileSync } from 'node:fs';
import type { Command } from '@oclif/core/command';
import { Plugin } from '@oclif/core/config';
import type { PJSON } from '@oclif/core/interfaces';
import { inProject } from '../setup/project.mjs';

/** What oclif makes of each command that is built in the folder `dist` of this one, by id. */
export async function commandsIn(folder: string): Promise<Command.Cached[]> {
  const pjson = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as PJSON;
  const plugin = new Plugin({ root: folder, pjson, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  const commands = Object.values(plugin.manifest.commands).map(withoutWaste);
  return commands.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Without the shapes of results, which nobody reads here, and without what flags are not. */
function withoutWaste(command: Command.Cached): Command.Cached {
  const flags = Object.entries(command.flags).map(([name, flag]) => [
    name,
    Object.fromEntries(Object.entries(flag).filter(([, value]) => value !== false)),
  ]);
  return { ...command, flags: Object.fromEntries(flags), result: undefined };
}
