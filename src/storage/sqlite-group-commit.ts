import { LatchkeyError } from '../domain/errors.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { endSnapshots } from './sqlite-reader.ts';
import type { Turns } from './sqlite-turns.ts';

/** Jobs that share one commit at most: the event loop stands still while they run. */
const groupSize = 128;

interface Job {
  work(): Promise<unknown>;
  settle(outcome: Outcome): void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

interface GroupCommitOptions {
  /** How long a transaction waits for others before it is given up. */
  readonly timeoutMs: number;
  /** Lets others join the group before it starts. */
  gather(): Promise<unknown>;
}

/**
 * Transactions that come up together are made durable by one commit: waiting for the disk is most of what a small
 * transaction costs. Each is all or nothing by itself (a savepoint), sees those before it in
 * the group, and is settled only once the group is on the disk, also if it failed: what it saw might not last.
 */
export class SqliteGroupCommit {
  readonly #connection: SqliteConnection;
  readonly #turns: Turns;
  readonly #options: GroupCommitOptions;
  readonly #queue = new Set<Job>();
  #draining: Promise<void> | undefined;

  constructor(connection: SqliteConnection, turns: Turns, options: GroupCommitOptions) {
    this.#connection = connection;
    this.#turns = turns;
    this.#options = options;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#queue.delete(job);
        reject(new LatchkeyError('storage_locked', 'The database was busy with other work for too long.'));
      }, this.#options.timeoutMs);
      const job: Job = {
        work() {
          clearTimeout(timer);
          return work();
        },
        settle(outcome) {
          clearTimeout(timer);
          if ('error' in outcome) {
            reject(outcome.error);
          } else {
            resolve(outcome.value as T);
          }
        },
      };
      this.#queue.add(job);
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when all that was asked for is settled. */
  async settled(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#queue.size > 0) {
      await this.#options.gather();
      await this.#turns.take().then(
        () => this.#group().finally(() => this.#turns.end()),
        (error: unknown) => this.#refuse(error),
      );
    }
    this.#draining = undefined;
  }

  async #group(): Promise<void> {
    const { database } = this.#connection;
    try {
      // Immediate: a transaction that wants to write only later could fail then, with its reads outdated.
      await this.#connection.patiently(() => this.#connection.change('begin immediate', []));
    } catch (error) {
      this.#refuse(error);
      return;
    }
    const done: { job: Job; outcome: Outcome }[] = [];
    try {
      for (let job = this.#next(); job !== undefined; job = done.length < groupSize ? this.#next() : undefined) {
        const isAlone = done.length === 0 && this.#queue.size === 0;
        const outcome = await (isAlone ? this.#attemptAlone(job) : this.#attempt(job));
        done.push({ job, outcome });
        if (!database.isTransaction) {
          // One alone has failed; or, on a full disk, say, SQLite has rolled back all of it by itself.
          throw 'error' in outcome ? outcome.error : new Error('the transaction ended inside a job');
        }
      }
      endSnapshots();
      await this.#connection.patiently(() => this.#connection.change('commit', []));
    } catch (error) {
      if (database.isTransaction) {
        database.exec('rollback');
      }
      done.forEach(({ job }) => job.settle({ error }));
      return;
    }
    done.forEach(({ job, outcome }) => job.settle(outcome));
  }

  /** Without a savepoint, for which SQLite keeps what was in every page that changes: the transaction is one. */
  async #attemptAlone(job: Job): Promise<Outcome> {
    try {
      return { value: await job.work() };
    } catch (error) {
      const { database } = this.#connection;
      if (database.isTransaction) {
        database.exec('rollback');
      }
      return { error };
    }
  }

  async #attempt(job: Job): Promise<Outcome> {
    const connection = this.#connection;
    try {
      connection.guarded(() => connection.change('savepoint job', []));
      const value = await job.work();
      connection.guarded(() => connection.change('release job', []));
      return { value };
    } catch (error) {
      if (connection.database.isTransaction) {
        this.#undo();
      }
      return { error };
    }
  }

  #undo(): void {
    const { database } = this.#connection;
    try {
      database.exec('rollback to job; release job');
    } catch {
      // It was its savepoint that failed: nothing tells it from the rest of the group.
      database.exec('rollback');
    }
  }

  #next(): Job | undefined {
    const [job] = this.#queue;
    if (job !== undefined) {
      this.#queue.delete(job);
    }
    return job;
  }

  /** The lock was not to be had: nobody who waits for it gets it. */
  #refuse(error: unknown): void {
    const refused = [...this.#queue];
    this.#queue.clear();
    refused.forEach((job) => job.settle({ error }));
  }
}
