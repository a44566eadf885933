import { readFileSync } from 'node:fs';
import { commandsIn } from '../building/manifest.ts';
import { inProject, root } from '../setup/project.mjs';
import type { GeneratedFile } from './generated-file.ts';

/** What oclif and its tools know of each command without loading it. */
export const commandManifest: GeneratedFile = {
  path: 'oclif.manifest.json',
  async make() {
    const { version } = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as { version: string };
    const commands = (await commandsIn(root)).map((command) => [command.id, command]);
    return `${JSON.stringify({ commands: Object.fromEntries(commands), version }, null, 2)}\n`;
  },
};
