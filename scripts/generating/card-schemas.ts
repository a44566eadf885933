import { cardApplicationSchema } from '../../src/api/card-application.ts';
import { cardServiceSchema } from '../../src/api/card-service.ts';
import type { Schema } from '../../src/api/schema.ts';
import type { GeneratedFile } from './generated-file.ts';

/** JSON Schemas for those who write card applications, and programs that ask for checks. */
export const cardSchemas: readonly GeneratedFile[] = [
  published('docs/card-application.schema.json', 'A card application: what its services may be', cardApplicationSchema),
  published('docs/card-service.schema.json', 'A service, and what is known of those before it', cardServiceSchema),
];

function published(path: string, description: string, schema: Schema & object): GeneratedFile {
  const document = { $schema: 'https://json-schema.org/draft/2020-12/schema', description, ...schema };
  return { path, make: async () => `${JSON.stringify(document, null, 2)}\n` };
}
