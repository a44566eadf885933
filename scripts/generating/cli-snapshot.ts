import { readFileSync } from 'node:fs';
import type { Command } from '@oclif/core/command';
import { Plugin } from '@oclif/core/config';
import type { PJSON } from '@oclif/core/interfaces';
import { errorTable } from '../../src/domain/errors.ts';
import { inProject, root } from '../setup/project.mjs';
import { jsonText, type GeneratedFile } from './generated-file.ts';

/** What scripts rely on, under semver: commands, arguments, flags, the shapes of `--json`, exit codes. */
export const cliSnapshot: GeneratedFile = {
  path: 'docs/cli-snapshot.json',
  async make() {
    const pjson = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as PJSON;
    const fromSources = { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } } as PJSON;
    const plugin = new Plugin({ root, pjson: fromSources, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
    await plugin.load();
    const commands = Object.values(plugin.manifest.commands).map((command) => [command.id.replaceAll(':', ' '), contractOf(command)]);
    const errors = Object.entries(errorTable).map(([code, { exit }]) => [code, exit]);
    return jsonText({ commands: Object.fromEntries(commands), exit_codes: { ok: 0, ...Object.fromEntries(errors) } });
  },
};

function contractOf({ args, flags, result }: Command.Cached): object {
  return {
    args: Object.fromEntries(Object.entries(args).map(([name, { required }]) => [name, required === true ? 'required' : 'optional'])),
    flags: Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flagOf(flag)])),
    json: shapeOf(result as Schema),
  };
}

function flagOf(flag: Command.Flag.Cached): object {
  const { char, required, env } = flag;
  const value = flag.type === 'boolean' ? {} : { value: flag.options?.join('|') ?? flag.helpValue ?? 'TEXT', many: flag.multiple === true || undefined };
  return { char, required: required === true || undefined, env, ...value };
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A schema as somebody reads it who writes a script: members that may be absent end in `?`. */
function shapeOf({ type, anyOf, enum: words, items, properties, required = [] }: Schema): unknown {
  if (anyOf !== undefined) {
    return { any_of: anyOf.map(shapeOf) };
  }
  if (properties !== undefined) {
    return Object.fromEntries(
      Object.entries(properties).map(([name, inner]) => [required.includes(name) ? name : `${name}?`, shapeOf(inner)]),
    );
  }
  if (items !== undefined) {
    return [shapeOf(items)];
  }
  return words?.join('|') ?? [type].flat().join('|');
}
