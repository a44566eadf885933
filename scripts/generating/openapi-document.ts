import { openApiDocument } from '../../src/server/openapi.ts';
import type { GeneratedFile } from './generated-file.ts';

/** The server's interface, for those who write clients. */
export const openApi: GeneratedFile = {
  path: 'docs/openapi.json',
  make: async () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
};
