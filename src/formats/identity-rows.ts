import { readRows, type ReadLine } from './rows.ts';

/** The columns of a file of identities, as `device register` reads and writes them. */
export const identityColumns = ['uuid', 'ssid', 'pass_tmp', 'model', 'batch', 'label', 'mac'] as const;
export type IdentityColumn = (typeof identityColumns)[number];
export type IdentityLine = ReadLine<IdentityColumn>;

/** `weak` is what one registered device says of itself beside its columns. */
const ignored = ['weak'];

export interface IdentityRowOptions {
  readonly required?: readonly IdentityColumn[];
  readonly skipLines?: number;
}

/** Records of identities, CSV with a header or NDJSON (`readRows`). */
export function readIdentityRows(source: AsyncIterable<Uint8Array>, options: IdentityRowOptions = {}): AsyncGenerator<readonly IdentityLine[]> {
  return readRows(source, { columns: identityColumns, ignored, ...options });
}
