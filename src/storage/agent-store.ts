import type { AgentStore } from '../roles/agent/store.ts';
import type { Sealer } from '../roles/sealer.ts';
import { AgentFile } from './agent/agent-file.ts';
import { Attempts, type KeptAttempts } from './agent/attempts.ts';
import { GrantKeys } from './agent/grant-keys.ts';
import { Grants } from './agent/grants.ts';
import { Meters } from './agent/meters.ts';
import { Onboarding } from './agent/onboarding.ts';
import { StateOfRegistry } from './agent/registry-state.ts';
import { Sessions } from './agent/sessions.ts';
import { agentSchema } from './migrations/index.ts';
import { openSqliteFile } from './sqlite-file.ts';

export interface AgentStoreOptions {
  readonly path: string;
  readonly sealer: Sealer;
  /** How long to try again at the opening while others hold the file's lock; then `storage_locked`. */
  readonly lockTimeoutMs?: number;
  readonly attempts?: KeptAttempts;
}

const keptAttempts = { count: 100_000, days: 30 };

/**
 * So much of the file is read where the system has it, as grants are when their stations come: nearly two million of them
 * lie in as much, and are not asked of the system page by page.
 */
const mappedBytes = 2 ** 30;

/** Opens what an AP agent keeps over its restarts, a SQLite file. Errors: as `openStore`. */
export async function openAgentStore({ path, sealer, lockTimeoutMs = 30_000, attempts = keptAttempts }: AgentStoreOptions): Promise<AgentStore> {
  const connection = await openSqliteFile(path, agentSchema, lockTimeoutMs);
  connection.guarded(() => connection.database.exec(`pragma mmap_size = ${mappedBytes}`));
  const file = new AgentFile(connection);
  const grants = new Grants(file, sealer);
  const registry = new StateOfRegistry(file);
  return {
    onboarding: new Onboarding(file, sealer),
    attempts: new Attempts(file, attempts, () => registry.knownTime()),
    grants,
    keys: new GrantKeys(file, sealer),
    meters: new Meters(file),
    sessions: new Sessions(file),
    registry,
    transaction: (work) => file.transaction(work),
    close: () => file.close(),
  };
}
