import type { CreditCode } from '../../domain/credit-code.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { CodesRole } from '../../roles/codes/ports.ts';
import type { RoleFlags } from '../destination.ts';
import { openCodes, type Opening } from '../open-role.ts';
import { withCode } from './open-payer.ts';
import { knownCodes, openHeldCodes } from './open-own-codes.ts';

/** At the server first; then this wallet shows it no more. Errors: `code_not_found`, those of the role. */
export async function revokeCode(id: string, flags: RoleFlags, opening: Opening): Promise<CreditCode> {
  const codes = await openCodes('terminal', flags, opening);
  const revoked = await revokeAtServer(codes, id);
  const held = await openHeldCodes(opening.sources);
  const { revokedAt } = revoked;
  const known = (await knownCodes(held)).find(({ code }) => code.token.id === id);
  if (known !== undefined && revokedAt !== undefined && (known.history instanceof Error || known.history.revokedAt === undefined)) {
    await withCode(id, async () => {
      if (known.history instanceof Error) {
        // Of a revoked code nothing else has to be known, and nothing can be added to what is damaged.
        await held.journal.forget(id);
      }
      await held.journal.correct(id, { settled: [], revokedAt });
    });
  }
  return revoked;
}

async function revokeAtServer(codes: Pick<CodesRole, 'revoke'>, id: string): Promise<CreditCode> {
  try {
    return await codes.revoke(id);
  } catch (error) {
    throw isServerAway(error)
      ? withOutcome(error, 'The code may be good as before.', 'Run it again when the server can be reached; that changes nothing if it is revoked already.')
      : error;
  }
}
