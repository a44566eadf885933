import type { HttpClient } from '../client/http-client.ts';
import type { Actor } from '../domain/token.ts';
import type { AdminRole } from '../roles/admin/ports.ts';
import type { Credential } from '../roles/device/ports.ts';
import type { EnrollmentRole } from '../roles/enrollment/ports.ts';
import type { FactoryRole } from '../roles/factory/ports.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';
import type { ServiceContext } from '../roles/service-context.ts';
import { destination, type RoleFlags, type ServerAccess } from './destination.ts';
import { openRegistry, systemClock, systemRandom } from './local-registry.ts';
import type { SecretSources } from './secret-input.ts';

/** What a command lends to the roles that it opens. */
export interface Opening {
  /** Where a role leaves what must be closed. */
  readonly closing: AsyncDisposableStack;
  readonly sources: SecretSources;
  /** From --timeout. */
  readonly timeoutMs: number | undefined;
}

/**
 * The composition root: the one place that knows that a role is either a service over the database on this machine
 * or a client of a server.
 */
export async function openFactory(flags: RoleFlags, opening: Opening): Promise<FactoryRole> {
  return openRole<FactoryRole>(flags, opening, {
    local: async (context) => new (await import('../roles/factory/service.ts')).FactoryService(context),
    remote: async (http) => new (await import('../client/factory-client.ts')).FactoryClient(http),
  });
}

export async function openOwner(flags: RoleFlags, opening: Opening): Promise<OwnerRole> {
  return openRole<OwnerRole>(flags, opening, {
    local: async (context) => new (await import('../roles/owner/service.ts')).OwnerService(context),
    remote: async (http) => new (await import('../client/owner-client.ts')).OwnerClient(http),
  });
}

export async function openAdmin(flags: RoleFlags, opening: Opening): Promise<AdminRole> {
  return openRole<AdminRole>(flags, opening, {
    local: async (context) => new (await import('../roles/admin/service.ts')).AdminService(context),
    remote: async (http) => new (await import('../client/admin-client.ts')).AdminClient(http),
  });
}

export async function openEnrollment(flags: RoleFlags, opening: Opening): Promise<EnrollmentRole> {
  return openRole<EnrollmentRole>(flags, opening, {
    local: async (context) => new (await import('../roles/enrollment/service.ts')).EnrollmentService(context),
    remote: async (http) => new (await import('../client/enrollment-client.ts')).EnrollmentClient(http),
  });
}

/** At a server that no profile names yet. */
export async function openEnrollmentAt(server: ServerAccess, opening: Opening): Promise<EnrollmentRole> {
  const { EnrollmentClient } = await import('../client/enrollment-client.ts');
  return new EnrollmentClient(await openHttp(server, opening));
}

/** Asks the agent on this machine for the password behind a grant. Errors: `agent_unreachable`. */
export async function openRevealer(_opening: Opening): Promise<(grantId: string) => Promise<Credential>> {
  throw new Error('not yet');
}

interface Sides<Role> {
  readonly local: (context: ServiceContext) => Promise<Role>;
  readonly remote: (http: HttpClient) => Promise<Role>;
}

async function openRole<Role>(flags: RoleFlags, opening: Opening, sides: Sides<Role>): Promise<Role> {
  const server = await destination(flags, opening.sources);
  return server === undefined ? sides.local(await openLocal(opening)) : sides.remote(await openHttp(server, opening));
}

async function openLocal({ closing, sources }: Opening, actor: Actor = { kind: 'local' }): Promise<ServiceContext> {
  return { store: await openRegistry(closing, sources), clock: systemClock, random: systemRandom, actor };
}

async function openHttp({ url, token, ca }: ServerAccess, { closing, timeoutMs }: Opening): Promise<HttpClient> {
  const { HttpClient } = await import('../client/http-client.ts');
  const http = new HttpClient({ url, token, ca, timeoutMs });
  closing.defer(() => http.close());
  return http;
}
