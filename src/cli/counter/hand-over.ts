import { LatchkeyError } from '../../domain/errors.ts';
import { isEnforced, type Grant } from '../../domain/grant.ts';
import { openAccessCode } from '../../protocol/access-code.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { Counter } from './open-counter.ts';

/** An agent that runs has the grant in force, and its code at the server, within about a second. */
const waitMs = 10_000;

/**
 * The password for a grant: its own, sealed by the network's agent for this register and kept by nobody here; or the one
 * of a network that no agent serves. Errors: `access_code_pending`, `access_code_invalid`, `secret_not_found`.
 */
export async function credentialFor({ pos, secrets }: Pick<Counter, 'pos' | 'register' | 'secrets'>, grant: Grant, signal: AbortSignal): Promise<Credential> {
  const network = await pos.network();
  const shared = isEnforced(network.enforcement) ? undefined : await secrets.networkPassword();
  if (shared !== undefined) {
    return { ssid: network.ssid ?? grant.network.ssid, ...shared };
  }
  if (network.onboardingSsid === undefined) {
    throw new LatchkeyError('secret_not_found', 'No agent serves this network, and its password is not in the secret store of this machine.', { hint: 'Set it with `latchkey pos network set`.' });
  }
  const key = await secrets.key();
  if (key === undefined) {
    throw new LatchkeyError('secret_not_found', 'The key of this cash register is not in the secret store of this machine.', { hint: 'Enrol it anew with `latchkey pos enroll`.' });
  }
  const sealed = await pos.accessCode(grant.id, waitMs, signal);
  if (sealed === undefined) {
    throw new LatchkeyError('access_code_pending');
  }
  const credential = await openAccessCode(sealed, key, grant.id);
  await pos.acknowledge(grant.id);
  return credential;
}
