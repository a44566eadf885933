import type { Attempt } from '../../domain/audit.ts';
import type { AttemptStore } from '../../roles/agent/store.ts';
import type { AgentFile } from './agent-file.ts';

/** What is kept of attempts; older ones go, whether or not they were sent. */
export interface KeptAttempts {
  readonly count: number;
  readonly days: number;
}

const dayMs = 86_400_000;
/** Attempts are pruned at the opening and whenever so many came in. */
const pruneEvery = 1000;

interface AttemptRow {
  id: string;
  at: number;
  uuid: string | null;
  from_address: string;
  outcome: string;
  detail: string | null;
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    id: row.id,
    at: new Date(row.at),
    uuid: row.uuid ?? undefined,
    from: row.from_address,
    outcome: row.outcome as Attempt['outcome'],
    detail: row.detail ?? undefined,
  };
}

export class Attempts implements AttemptStore {
  readonly #file: AgentFile;
  readonly #kept: KeptAttempts;
  readonly #knownTime: () => Date | undefined;
  #addedSincePruning = 0;

  constructor(file: AgentFile, kept: KeptAttempts, knownTime: () => Date | undefined) {
    this.#file = file;
    this.#kept = kept;
    this.#knownTime = knownTime;
    this.#pruneAttempts();
  }

  addAttempt(attempt: Attempt): void {
    this.#file.change(
      `insert into attempts (id, at, uuid, from_address, outcome, detail, sent) values (?, ?, ?, ?, ?, ?, 0)
        on conflict (id) do nothing`,
      attempt.id, attempt.at, attempt.uuid ?? null, attempt.from, attempt.outcome, attempt.detail ?? null);
    this.#addedSincePruning += 1;
    if (this.#addedSincePruning >= pruneEvery) {
      this.#pruneAttempts();
    }
  }

  /** By the server's time as last heard: one attempt that is dated by a wrong clock would take all others with it. */
  #pruneAttempts(): void {
    this.#addedSincePruning = 0;
    const known = this.#knownTime();
    if (known !== undefined) {
      this.#file.change('delete from attempts where at < ?', known.getTime() - this.#kept.days * dayMs);
    }
    this.#file.change(
      'delete from attempts where (at, id) <= (select at, id from attempts order by at desc, id desc limit 1 offset ?)',
      this.#kept.count);
  }

  attempts(limit: number): Attempt[] {
    return this.#file.all<AttemptRow>('select * from attempts order by at desc, id desc limit ? + 0', limit).map(toAttempt);
  }

  unsentAttempts(limit: number): Attempt[] {
    return this.#file.all<AttemptRow>('select * from attempts where sent = 0 order by at, id limit ? + 0', limit).map(toAttempt);
  }

  markSent(ids: readonly string[]): void {
    this.#file.transaction(() => {
      for (const id of ids) {
        this.#file.change('update attempts set sent = 1 where id = ?', id);
      }
    });
  }
}
