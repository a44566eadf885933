export const sides = ['before', 'after'] as const;
export type Side = (typeof sides)[number];

export interface CrashPoint {
  /** Counts from 1, from when the work begins. */
  readonly nth: number;
  readonly side: Side;
}

/** A program ends at one of its steps, or one of its flushes fails: its disk is full, or what it is to write cannot be written down. */
export const programFaultKinds = ['crash', 'storage_full', 'invalid_input'] as const;
export type ProgramFault = CrashPoint & { readonly kind: (typeof programFaultKinds)[number] };

/** Under this a flush's failures are counted, beside its crashes. */
export function failureOf(step: string): string {
  return `${step} fails`;
}

/** How often something crashed, or failed, before and after each of its steps, over many runs. */
export class Coverage {
  readonly #crashes = new Map<string, Record<Side, number>>();

  seen(step: string): void {
    if (!this.#crashes.has(step)) this.#crashes.set(step, { before: 0, after: 0 });
  }

  crashed(step: string, side: Side): void {
    this.seen(step);
    this.#crashes.get(step)![side] += 1;
  }

  get counts(): Readonly<Record<string, Record<Side, number>>> {
    return Object.fromEntries(this.#crashes);
  }

  add(counts: Readonly<Record<string, Record<Side, number>>>): void {
    for (const [step, more] of Object.entries(counts)) {
      this.seen(step);
      for (const side of sides) this.#crashes.get(step)![side] += more[side];
    }
  }

  has(step: string, side: Side): boolean {
    return (this.#crashes.get(step)?.[side] ?? 0) > 0;
  }

  /** Steps that were taken and never went wrong on one of their sides. */
  get missing(): string[] {
    return [...this.#crashes].flatMap(([step, counts]) => sides.filter((side) => counts[side] === 0).map((side) => `${side} ${step}`)).toSorted();
  }

  get total(): number {
    return [...this.#crashes.values()].reduce((sum, { before, after }) => sum + before + after, 0);
  }

  /** A line for each step: how often before it, how often after it. */
  get table(): string {
    const rows = [...this.#crashes].toSorted(([one], [other]) => (one < other ? -1 : 1));
    const width = Math.max(0, ...rows.map(([step]) => step.length));
    return rows.map(([step, { before, after }]) => `  ${step.padEnd(width)} ${String(before).padStart(6)} ${String(after).padStart(6)}`).join('\n');
  }
}

export class ServerCrash extends Error {
  constructor() {
    super('the server has crashed');
  }
}

/** One server process: crashes at the statement that it is told to, and does nothing from then on. */
export class ServerFate {
  readonly #coverage: Coverage;
  readonly #onCrash: (() => void)[] = [];
  #point: CrashPoint | undefined;
  #working = false;
  #open: string[] = [];
  /** All that were begun since the work began, in their order. */
  statements: string[] = [];
  /** Those of the transactions that were committed since. */
  committed: string[] = [];
  crashed = false;
  /** Whether a commit was sent: where it is not waited for, it may be done after a crash. */
  hasCommitted = false;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  commits(): void {
    this.hasCommitted = true;
  }

  onCrash(act: () => void): void {
    this.#onCrash.push(act);
  }

  /** Whether it crashed meanwhile. */
  async working(point: CrashPoint | undefined, work: () => Promise<void>): Promise<boolean> {
    this.#point = point;
    this.#working = true;
    this.#open = [];
    this.statements = [];
    this.committed = [];
    this.hasCommitted = false;
    await work().finally(() => {
      this.#working = false;
      this.#point = undefined;
    });
    return this.crashed;
  }

  /** The number of the statement, which `after` is told: several may be under way. */
  before(statement: string): number {
    if (this.crashed) {
      throw new ServerCrash();
    }
    if (!this.#working) {
      return 0;
    }
    this.#coverage.seen(statement);
    const nth = this.statements.push(statement);
    this.#perhaps(statement, nth, 'before');
    return nth;
  }

  /** `isDone`: a commit may have rolled back instead. */
  after(statement: string, nth: number, isDone = true): void {
    if (this.crashed) {
      throw new ServerCrash();
    }
    if (this.#working) {
      if (statement === 'begin' || statement === 'rollback') this.#open = [];
      else if (statement === 'commit') this.committed.push(...this.#open.splice(0).filter(() => isDone));
      else this.#open.push(statement);
      this.#perhaps(statement, nth, 'after');
    }
  }

  #perhaps(statement: string, nth: number, side: Side): void {
    if (this.#point?.nth === nth && this.#point.side === side) {
      this.#coverage.crashed(statement, side);
      this.crash();
      throw new ServerCrash();
    }
  }

  crash(): void {
    if (!this.crashed) {
      this.crashed = true;
      this.#onCrash.forEach((act) => act());
    }
  }
}
