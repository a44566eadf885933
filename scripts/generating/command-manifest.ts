import { Plugin } from '@oclif/core/config';
import { root } from '../setup/project.mjs';
import type { GeneratedFile } from './generated-file.ts';

/** What oclif must know of each command to find it and to show its help, so that it need not load them all. */
export const commandManifest: GeneratedFile = {
  path: 'oclif.manifest.json',
  async make() {
    const plugin = new Plugin({ root, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
    await plugin.load();
    const { commands, version } = plugin.manifest;
    // The shapes of results are in the snapshot of the CLI; here they would only be read at every start.
    const withoutResults = Object.entries(commands).map(([id, command]) => [id, { ...command, result: undefined }]);
    // One line: it is parsed at every start.
    return `${JSON.stringify({ commands: Object.fromEntries(withoutResults.sort()), version })}\n`;
  },
};
