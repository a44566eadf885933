import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inProject } from '../setup/project.mjs';
import { cardSchemas } from './card-schemas.ts';
import { cliSnapshot } from './cli-snapshot.ts';
import { commandManifest } from './command-manifest.ts';
import type { GeneratedFile } from './generated-file.ts';
import { openApi } from './openapi-document.ts';

/** Every file of the project that is made from its code, and committed. */
const files: readonly GeneratedFile[] = [commandManifest, cliSnapshot, openApi, ...cardSchemas];

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
for (const file of files) {
  const path = inProject(file.path);
  const fresh = await file.make();
  const isFresh = existsSync(path) && readFileSync(path, 'utf8') === fresh;
  if (!isFresh && values.check) {
    console.error(`${file.path} is not what the code makes: run \`npm run generate\`.`);
    process.exitCode = 1;
  } else if (!isFresh) {
    writeFileSync(path, fresh);
    console.log(`${file.path}: written`);
  } else {
    console.log(`${file.path}: fresh`);
  }
}
