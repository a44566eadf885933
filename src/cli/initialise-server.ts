import type { Enrollment } from '../roles/enrollment/ports.ts';
import { readAuthorities } from './destination.ts';
import { keepProfile, requireFreeName } from './keep-profile.ts';
import { databaseUrl, openRegistry, systemClock, systemRandom } from './local-registry.ts';
import type { Opening } from './open-role.ts';

export interface InitFlags {
  readonly database?: string | undefined;
  readonly store?: string | undefined;
  readonly url: string;
  readonly ca?: string | undefined;
}

/** Makes the database, its key and the first admin. Errors: `already_initialised`, those of storage and secret store. */
export async function initialiseServer(flags: InitFlags, { closing, sources }: Opening): Promise<Enrollment> {
  const { store: name, url: server } = flags;
  const ca = readAuthorities(flags.ca, '--ca');
  if (name !== undefined) {
    requireFreeName(name);
  }
  const { store } = await openRegistry(closing, sources, databaseUrl(flags.database), { initialise: true });
  const { AdminService } = await import('../roles/admin/service.ts');
  const admin = new AdminService({ store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } });
  return name === undefined ? admin.initialise() : keepProfile({ name, server, ca }, sources, () => admin.initialise());
}
