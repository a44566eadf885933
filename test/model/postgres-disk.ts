import pg from 'pg';
import { PostgresDatabase } from '../../src/storage/postgres-database.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { PostgresListener, type Heard } from '../../src/storage/postgres-listener.ts';
import { RelationalStore } from '../../src/storage/relational-store.ts';
import type { PostgresServer } from '../postgres.ts';
import { testSealer } from '../storage/sealer.ts';
import type { ServerFate } from './crash-points.ts';
import { observedTables, type Disk, type Disks, type Row, type Rows, type ServerProcess } from './disk.ts';
import { statementName } from './statement-name.ts';

const lockTimeoutMs = 5_000;

type Callback = (error: Error | undefined, result?: unknown) => void;

/** Connections whose every statement may be the last: a crash breaks all of one server's off. */
function mortalClient(fate: ServerFate, dying: Set<number>): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      this.on('error', () => {});
      fate.onCrash(() => {
        dying.add((this as unknown as { processID: number }).processID);
        (this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      });
    }

    override query(...given: unknown[]): never {
      const [first] = given;
      const name = statementName(typeof first === 'string' ? first : (first as { text: string }).text);
      const callback = typeof given.at(-1) === 'function' ? (given.pop() as Callback) : undefined;
      const run = async () => {
        const nth = fate.before(name);
        if (name === 'commit') fate.commits();
        const result = await (super.query as (...args: unknown[]) => Promise<unknown>)(...given);
        fate.after(name, nth, (result as { command?: string }).command !== 'ROLLBACK');
        return result;
      };
      const running = run();
      if (callback === undefined) {
        return running as never;
      }
      running.then((result) => callback(undefined, result), (error: Error) => callback(error));
      return undefined as never;
    }
  } as unknown as typeof pg.Client;
}

class PostgresDisk implements Disk {
  readonly #url: string;
  readonly #drop: () => Promise<void>;
  readonly #eye: pg.Client;
  /** Sessions that were broken off, and may still do what they were sent. */
  readonly #dying = new Set<number>();

  constructor(url: string, eye: pg.Client, drop: () => Promise<void>) {
    this.#url = url;
    this.#eye = eye;
    this.#drop = drop;
  }

  async boot(fate: ServerFate): Promise<ServerProcess> {
    const pool = new pg.Pool({ connectionString: this.#url, max: 4, lock_timeout: lockTimeoutMs, pipeline: true, Client: mortalClient(fate, this.#dying) as never });
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    const listen = (heard: Heard, missed: () => void) => new PostgresListener(pg.Client, { connectionString: this.#url }, heard, missed);
    const store = new RelationalStore(new PostgresDatabase(pool, listen, lockTimeoutMs), testSealer());
    return { store, halt: () => store.close() };
  }

  async observe(): Promise<Rows> {
    while (this.#dying.size > 0) {
      const { rows } = await this.#eye.query('select pid from pg_stat_activity where pid = any($1)', [[...this.#dying]]);
      if (rows.length === 0) this.#dying.clear();
    }
    const results = (await this.#eye.query(observedTables.map((table) => `select * from ${table}`).join('; '))) as unknown as { rows: Row[] }[];
    return Object.fromEntries(observedTables.map((table, index) => [table, results[index]!.rows])) as unknown as Rows;
  }

  async contents(): Promise<Buffer> {
    const { rows: tables } = await this.#eye.query<{ name: string }>("select quote_ident(tablename) as name from pg_tables where schemaname = 'public'");
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await this.#eye.query<{ text: string }>(`select each::text as text from ${name} as each`);
      texts.push(...rows.map(({ text }) => text));
    }
    return Buffer.from(texts.join('\n'));
  }

  async remove(): Promise<void> {
    await this.#eye.end();
    await this.#drop();
  }
}

export async function postgresDisks(server: PostgresServer): Promise<Disks> {
  const template = await server.createDatabase();
  const store = await openStore({ url: template.url, sealer: testSealer() });
  await store.close();
  const templateName = new URL(template.url).pathname.slice(1);
  const administer = async (statement: string) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  let count = 0;
  return {
    name: 'PostgreSQL',
    async create() {
      count += 1;
      const name = `${templateName}_${count}`;
      await administer(`create database ${name} template ${templateName}`);
      const url = template.url.replace(templateName, name);
      const eye = new pg.Client({ connectionString: url });
      await eye.connect();
      return new PostgresDisk(url, eye, () => administer(`drop database ${name} with (force)`));
    },
    remove: () => template.drop(),
  };
}
