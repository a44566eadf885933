import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../src/api/check.ts';
import type { Schema } from '../../src/api/schema.ts';

const folder = join(import.meta.dirname, '../../src/commands');

const checks = new Map<string, ReturnType<typeof checker>>();
for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
  const { default: command } = (await import(join(folder, file))) as { default: { result?: Schema } };
  if (command.result === undefined) {
    throw new Error(`${file} does not say what it prints under --json (static result).`);
  }
  checks.set(file.replace(/(\/index)?\.ts$/, '').replaceAll('/', ' '), checker(closed(command.result) as Schema));
}

/** The value, if it is what the command says that it prints under `--json`. */
export function checkResult(name: string, value: unknown): unknown {
  const checked = checks.get(name)!(value);
  if (!checked.ok) {
    throw new Error(`${name} prints something else than it says: ${JSON.stringify(checked.problems)} in ${JSON.stringify(value)}`);
  }
  return value;
}

/** The same schema, in which a member that is not named is a mistake. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) {
    return schema.map(closed);
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const members = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in members && !('additionalProperties' in members) ? { ...members, additionalProperties: false } : members;
}
