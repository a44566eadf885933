import { LatchkeyError } from '../../domain/errors.ts';
import type { Challenge } from '../../domain/network.ts';
import type { NetworksRole } from '../../roles/networks/ports.ts';
import type { BegunChallenges } from './begun-challenges.ts';

/** Those that were begun on this machine and are open still; others are forgotten here. Errors: those of `challenge`. */
export async function openChallenges(role: Pick<NetworksRole, 'challenge'>, begun: BegunChallenges): Promise<Challenge[]> {
  const ids = begun.all();
  const found = await Promise.all(ids.map((id) => role.challenge(id).catch((error: unknown) => {
    if (error instanceof LatchkeyError && error.code === 'challenge_not_found') {
      return undefined;
    }
    throw error;
  })));
  const open = found.filter((challenge) => challenge?.state === 'pending' || challenge?.state === 'processing') as Challenge[];
  if (open.length < ids.length) {
    begun.keep(open.map(({ id }) => id));
  }
  return open;
}
