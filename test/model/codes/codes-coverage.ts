import { Coverage } from '../crash-points.ts';

/** What happened, over all runs. */
export class CodesCoverage {
  readonly server = new Coverage();
  readonly counts = new Map<string, number>();

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  add(counts: readonly (readonly [string, number])[]): void {
    for (const [what, count] of counts) this.count(what, count);
  }

  /** Of these, what has never happened. */
  missing(wanted: readonly string[]): string[] {
    return wanted.filter((what) => !this.counts.has(what));
  }

  get text(): string {
    return [...this.counts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([what, count]) => `${what} ${count}`).join(', ');
  }
}
