/** A file that is made from the code. */
export interface GeneratedFile {
  /** From the folder of the project. */
  readonly path: string;
  /** What it is to hold: the same, byte for byte, as long as the code is the same. */
  readonly make: () => Promise<string>;
}

/** As all generated JSON is written: keys in order, so that differences are differences. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(sorted(value), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
