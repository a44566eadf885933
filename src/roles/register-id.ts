import { LatchkeyError } from '../domain/errors.ts';
import type { Actor } from '../domain/token.ts';
import { requireKnown } from './service-context.ts';

/** The register that the person at this machine's own database is; its network is that person's access point. */
const localRegisterId = 'pos_local';

/** The cash register that the actor is. Errors: `forbidden`, `unauthorized`. */
export function registerIdOf(actor: Actor): string {
  const who = requireKnown(actor);
  if (who.kind === 'token' && who.token.role !== 'pos') {
    throw new LatchkeyError('forbidden', 'Only a cash register may do that.');
  }
  return who.kind === 'local' ? localRegisterId : who.token.id;
}
