import { LatchkeyError } from '../../domain/errors.ts';
import type { Actor } from '../../domain/token.ts';
import { requireKnown } from '../service-context.ts';

/** The terminal that the person at this machine's own database is. */
const localTerminalId = 'terminal_local';

/** The terminal that the actor is. Errors: `forbidden`, `unauthorized`. */
export function terminalIdOf(actor: Actor): string {
  const who = requireKnown(actor);
  if (who.kind === 'token' && who.token.role !== 'terminal') {
    throw new LatchkeyError('forbidden', 'Only a terminal may do that.');
  }
  return who.kind === 'local' ? localTerminalId : who.token.id;
}
