import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '@oclif/core/config';
import { Help } from '@oclif/core/help';
import type { PJSON } from '@oclif/core/interfaces';

/**
 * The help of every command, from its sources by oclif as it is, in one process: prints for each a line of JSON with
 * its words, then its help.
 */
const root = join(import.meta.dirname, '../..');
const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PJSON;
const commands = { strategy: 'pattern' as const, target: './src/commands' };
const config = await Config.load({
  root,
  pjson: { ...pjson, oclif: { ...pjson.oclif, commands } },
  ignoreManifest: true,
  userPlugins: false,
});
for (const id of config.commandIDs.toSorted()) {
  const words = id.split(':');
  console.log(JSON.stringify(words));
  await new Help(config).showHelp([...words, '--help']);
}
