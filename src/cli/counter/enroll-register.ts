import { LatchkeyError } from '../../domain/errors.ts';
import { parsePassphrase, type Security } from '../../domain/ssid.ts';
import { publicJwkOf } from '../../protocol/access-code.ts';
import { openAcceptancesAt, waitingIn } from '../accepting/open-acceptances.ts';
import { readyToAccept } from '../accepting/sync-trust.ts';
import { addProfile } from '../add-profile.ts';
import { localProfile, profiles, secretStore } from '../destination.ts';
import { openRegister, type Opening } from '../open-role.ts';
import { tokenName } from '../profiles.ts';
import { readSecret } from '../secret-input.ts';
import { openCounter, type Counter } from './open-counter.ts';
import { type NetworkPassword } from './register-secrets.ts';

export interface NetworkFlags {
  readonly ssid?: string | undefined;
  readonly 'password-file'?: string | undefined;
  readonly security: Security;
}

export interface EnrollRegisterFlags extends NetworkFlags {
  readonly server?: string | undefined;
  readonly ca?: string | undefined;
  readonly 'enroll-code-file'?: string | undefined;
  readonly name?: string | undefined;
  readonly profile: string;
  readonly account?: string | undefined;
}

/**
 * Enrols this machine as a cash register, at a server by a code or alone on this machine for an account, with a key of
 * its own. Errors: those of an enrolment, `account_not_found`,
 * `codes_unsettled`, `missing_input`.
 */
export async function enrollRegister(flags: EnrollRegisterFlags, opening: Opening): Promise<Counter> {
  // Before the code is used up.
  const network = await readNetwork(flags, opening);
  if (flags.server === undefined) {
    return enrolledHere(flags, network, opening);
  }
  if (flags.account !== undefined) {
    throw new LatchkeyError('invalid_input', 'Which account a register at a server charges for is said by its enrolment code: leave --account out.');
  }
  await addProfile({ ...flags, server: flags.server, name: flags.profile, 'token-name': flags.name, role: 'pos' }, opening);
  try {
    return await complete({ profile: flags.profile }, network, opening);
  } catch (error) {
    await forget(flags.profile, opening);
    throw error;
  }
}

async function enrolledHere({ account, ...flags }: EnrollRegisterFlags, network: Network, opening: Opening): Promise<Counter> {
  const stray = (['ca', 'enroll-code-file', 'name'] as const).find((name) => flags[name] !== undefined);
  if (stray !== undefined) {
    throw new LatchkeyError('invalid_input', `--${stray} goes with --server.`);
  }
  if (account === undefined) {
    throw new LatchkeyError('missing_input', 'Say where the register belongs: --server URL with an enrolment code, or alone on this machine --account NAME.');
  }
  const { pos, ledger } = await openRegister({ profile: localProfile }, opening);
  await requireSettled((await ledger.account(account)).id);
  await pos.describe({ account });
  return complete({ profile: localProfile }, network, opening);
}

/** Errors: `codes_unsettled` if codes were accepted for another account, which the register could not bring any more. */
async function requireSettled(payeeId: string): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const acceptances = await openAcceptancesAt(localProfile, { closing });
  if (acceptances !== undefined && acceptances.register.payeeId !== payeeId && waitingIn(acceptances).count > 0) {
    throw new LatchkeyError('codes_unsettled');
  }
}

interface Network {
  readonly ssid: string | undefined;
  readonly password: NetworkPassword | undefined;
}

/** Errors: `missing_input` for a network without a password. */
export async function readNetwork(flags: NetworkFlags, { sources }: Opening): Promise<Network> {
  const { ssid, security } = flags;
  if (ssid === undefined) {
    if (flags['password-file'] !== undefined) {
      throw new LatchkeyError('missing_input', 'The network is missing: give --ssid SSID.');
    }
    return { ssid, password: undefined };
  }
  const password = await readSecret({ name: 'password', file: flags['password-file'], message: `Password of ${ssid}:`, ...sources });
  return { ssid, password: { security, password: parsePassphrase(password) } };
}

async function complete(flags: { readonly profile: string }, { ssid, password }: Network, opening: Opening): Promise<Counter> {
  const counter = await openCounter(flags, opening);
  const jwk = JSON.stringify(publicJwkOf(await counter.secrets.haveKey()));
  const described = await counter.pos.describe({ ssid, jwk });
  const register = await readyToAccept({ ...counter, register: described }, flags);
  if (password !== undefined) {
    await counter.secrets.setNetworkPassword(password);
  }
  return { ...counter, register };
}

/** The network changed, or its password did. */
export async function setNetwork(counter: Counter, { ssid, password }: Network): Promise<Counter> {
  const register = await counter.pos.describe({ ssid });
  if (password !== undefined) {
    await counter.secrets.setNetworkPassword(password);
  }
  return { ...counter, register };
}

/** The code is used up, but what is kept of it is of no use. */
async function forget(profile: string, { sources }: Opening): Promise<void> {
  await (await secretStore(sources)).delete(tokenName(profile));
  profiles().remove(profile);
}
