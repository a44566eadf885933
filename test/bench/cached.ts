import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const migrations = new URL('../../src/storage/migrations/', import.meta.url);

/** What takes long to make: in a folder of its own, and made again once the schema or `inputs` are others. */
export async function cached<Made>(cache: string, name: string, inputs: unknown, make: (folder: string) => Promise<Made>): Promise<{ readonly folder: string; readonly made: Made }> {
  const folder = join(cache, `${name}-${fingerprint(inputs)}`);
  const description = join(folder, 'made.json');
  if (!existsSync(description)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const made = await make(folder);
    // Written last, so that a run that was interrupted leaves nothing that looks whole.
    writeFileSync(`${description}.part`, JSON.stringify(made), { mode: 0o600 });
    renameSync(`${description}.part`, description);
  }
  return { folder, made: JSON.parse(readFileSync(description, 'utf8')) as Made };
}

function fingerprint(inputs: unknown): string {
  const names = readdirSync(migrations, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort();
  const sources = names.map((name) => readFileSync(new URL(name, migrations), 'utf8'));
  return hash('sha256', JSON.stringify([sources, inputs])).slice(0, 12);
}
