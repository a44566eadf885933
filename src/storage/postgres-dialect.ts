import {
  PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler,
  type CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type Kysely, type PostgresPool, type QueryResult,
} from 'kysely';
import { postgresError } from './postgres-errors.ts';

/** kysely's PostgreSQL dialect, with the errors as the roles know them. */
export function postgresDialect(pool: PostgresPool): Dialect {
  return {
    createDriver: () => new TranslatingDriver({ pool }),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  };
}

const translated = new WeakSet<DatabaseConnection>();

class TranslatingDriver extends PostgresDriver implements Driver {
  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await translating(super.acquireConnection());
    if (!translated.has(connection)) {
      const execute = connection.executeQuery.bind(connection);
      connection.executeQuery = <R>(query: CompiledQuery): Promise<QueryResult<R>> => translating(execute<R>(query));
      translated.add(connection);
    }
    return connection;
  }
}

export async function translating<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw postgresError(error);
  }
}
