import { readRows, type ReadLine } from './rows.ts';

/** The columns of a file of identities, as `device register` reads and writes them. */
export const identityColumns = ['uuid', 'ssid', 'pass_tmp', 'model', 'batch', 'label', 'mac'] as const;
export type IdentityColumn = (typeof identityColumns)[number];
export type IdentityLine<Extra extends string = never> = ReadLine<IdentityColumn | Extra>;

/** `weak` is what one registered device says of itself beside its columns. */
const ignored = ['weak'];

export interface IdentityRowOptions<Extra extends string = never> {
  /** Columns beside those of identities. */
  readonly extra?: readonly Extra[];
  readonly required?: readonly IdentityColumn[];
  readonly skipLines?: number;
}

/** Records of identities, CSV with a header or NDJSON (`readRows`). */
export function readIdentityRows<Extra extends string = never>(
  source: AsyncIterable<Uint8Array>,
  { extra = [], ...options }: IdentityRowOptions<Extra> = {},
): AsyncGenerator<readonly IdentityLine<Extra>[]> {
  return readRows<IdentityColumn | Extra>(source, { columns: [...identityColumns, ...extra], ignored, ...options });
}
