import { randomBytes } from 'node:crypto';
import type { Clock } from '../../src/domain/clock.ts';
import type { Role, Scope, Token } from '../../src/domain/token.ts';
import { AdminService } from '../../src/roles/admin/service.ts';
import { EnrollmentService } from '../../src/roles/enrollment/service.ts';
import type { Store } from '../../src/roles/store.ts';
import { createServer, type LatchkeyServer, type ServerOptions } from '../../src/server/create-server.ts';
import { listen } from '../../src/server/listen.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import type { Certificate } from './certificates.ts';

export const systemClock: Clock = { now: () => new Date() };
export const systemRandom = { bytes: (length: number) => randomBytes(length) };

export interface RunningServer {
  readonly server: LatchkeyServer;
  readonly store: Store;
  readonly url: string;
  readonly port: number;
  /** A token of a role, enrolled as anybody is. */
  enroll(role: Role, scope?: Scope): Promise<{ secret: string; token: Token }>;
  stop(): Promise<void>;
}

/** A server on a free port of loopback, over a store in memory unless another is given. */
export async function startServer(
  options: Partial<ServerOptions> & { readonly tls?: Certificate; readonly store?: Store } = {},
): Promise<RunningServer> {
  const store = options.store ?? (await openMemoryStore(testSealer()));
  const server = createServer({ clock: systemClock, random: systemRandom, ...options, store });
  const { url, port } = await listen(server, { port: 0, tls: options.tls !== undefined });
  return {
    server,
    store,
    url,
    port,
    enroll: (role, scope = {}) => enrollIn(store, role, scope),
    async stop() {
      await server.stop(1_000);
      await store.close();
    },
  };
}

let names = 0;

/** Enrols behind the server's back, with the services that it would use. */
export async function enrollIn(
  store: Store,
  role: Role,
  scope: Scope = {},
  clock: Clock = systemClock,
): Promise<{ secret: string; token: Token }> {
  const context = { store, clock, random: systemRandom, actor: { kind: 'local' } } as const;
  const { code } = await new AdminService(context).createEnrollCode({ role, scope, lifetimeMs: 60_000 });
  return new EnrollmentService(context).enroll(code, `${role}-${(names += 1)}`);
}
