import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { RoleFlags } from '../destination.ts';
import { openRevealer, type Opening } from '../open-role.ts';
import { credentialFor } from './hand-over.ts';
import { openCounter } from './open-counter.ts';

/**
 * The password behind a grant that lets in, from whoever on this machine has it: its AP agent, or, for what was paid for,
 * the cash register. Errors: `grant_over`, `grant_paused`, those of both.
 */
export async function grantCredential(grant: Grant, flags: RoleFlags, opening: Opening, signal: AbortSignal): Promise<Credential> {
  if (grant.state === 'paused') {
    throw new LatchkeyError('grant_paused');
  }
  if (timeLeft(grant, new Date()) === 0) {
    throw new LatchkeyError('grant_over', `Grant ${grant.id} is over.`);
  }
  try {
    return await (await openRevealer())(grant.id);
  } catch (error) {
    const isElsewhere = error instanceof LatchkeyError && (error.code === 'agent_unreachable' || error.code === 'grant_not_found');
    if (!isElsewhere || grant.source !== 'payment') {
      throw error;
    }
  }
  return credentialFor(await openCounter(flags, opening), grant, signal);
}
