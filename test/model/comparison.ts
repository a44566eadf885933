/** Where what is there differs from what has to be there. */
export class Comparison {
  readonly differences: string[] = [];
  /** To be learnt if there are no differences. */
  readonly learnt: (() => void)[] = [];

  same(what: string, actual: readonly unknown[], expected: readonly unknown[]): void {
    if (!areSame(actual, expected)) this.differences.push(`${what}: ${text(actual)} instead of ${text(expected)}`);
  }

  /** By their names. */
  all(what: string, actual: readonly string[], expected: ReadonlyMap<string, unknown>): void {
    if (actual.length !== expected.size || !actual.every((name) => expected.has(name))) {
      this.differences.push(`${what}: ${text(actual.toSorted())} instead of ${text([...expected.keys()].toSorted())}`);
    }
  }
}

/** A time as a number, whichever way the database gives it. */
export function time(value: unknown): number | undefined {
  return value === null ? undefined : Number(new Date(value as number | Date));
}

export function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((value, index) => (value ?? undefined) === (others[index] ?? undefined));
}

export function text(values: readonly unknown[]): string {
  return JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value ?? null));
}
