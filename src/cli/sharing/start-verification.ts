import { LatchkeyError } from '../../domain/errors.ts';
import type { Challenge, Network } from '../../domain/network.ts';
import { quoted } from '../../domain/shown-text.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import type { NetworkClaim, NetworksRole } from '../../roles/networks/ports.ts';
import type { Renaming } from '../../roles/networks/renaming.ts';
import { roleDestinationName, type RoleFlags } from '../destination.ts';
import { openNetworks, type Opening } from '../open-role.ts';
import { localTime } from '../present/time.ts';
import { BegunChallenges } from './begun-challenges.ts';
import { claimOf, type ClaimFlags } from './claim.ts';
import { hear, type HearingFlags } from './heard.ts';
import { openRenaming, renameAndProve, requireRepeatable, usualWithinMs, type RenamingFlags } from './rename-network.ts';

export interface StartFlags extends RoleFlags, ClaimFlags, HearingFlags, RenamingFlags {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

/** What a command lends to it. */
export interface Starting extends Opening {
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  readonly note: (text: string) => Promise<void>;
  readonly caution: (text: string) => Promise<void>;
  readonly confirm: (question: string, yes: boolean) => Promise<void>;
}

export interface Started {
  readonly claim: NetworkClaim;
  /** Undefined under --dry-run. */
  readonly challenge: Challenge | undefined;
  /** Whether the network was renamed and judged; else that is still to be done. */
  readonly isJudged: boolean;
}

/** Errors: those of `claimOf`, of `startVerification`, of the renaming; `missing_input` if nobody is there to agree to it. */
export async function startVerification(flags: StartFlags, starting: Starting): Promise<Started> {
  const { interactive, signal, note } = starting;
  const renaming = await openRenaming(flags);
  if (renaming !== undefined) {
    requireRepeatable(flags, 'renaming');
    if (!flags.yes && !flags['dry-run'] && !interactive) {
      throw new LatchkeyError('missing_input', 'Nobody can join a network by its own name while it is renamed. Nobody is here to agree: pass --yes.');
    }
  }
  let opened: Promise<NetworksRole> | undefined;
  const networks = () => (opened ??= openNetworks(flags, starting));
  const claim = await claimOf(flags, {
    hear: () => hear(flags, signal),
    claimed: async () => ownNetworks(await networks()),
    choose: interactive ? async (message, choices) => (await import('../question.ts')).askWhich(message, choices, signal) : undefined,
  });
  const name = quoted(ssidText(claim.ssid));
  if (flags['dry-run']) {
    await note(`A second name for ${name} would be asked for. ${whatHappens(name, renaming)}`);
    return { claim, challenge: undefined, isJudged: false };
  }
  if (renaming !== undefined) {
    // What cannot hear anything proves nothing: better known before anybody is disconnected.
    const heard = await hear(flags, signal);
    const unheard = claim.bssids.filter((bssid) => !heard.some((network) => network.bssid === bssid));
    if (unheard.length > 0) {
      await starting.caution(`This machine does not hear ${unheard.join(', ')} now: come nearer, or it will prove nothing.`);
    }
  }
  const challenge = await (await networks()).startVerification(claim);
  new BegunChallenges(roleDestinationName('terminal', flags)).add(challenge.id);
  if (renaming === undefined) {
    return { claim, challenge, isJudged: false };
  }
  await note(`${name} is to be called ${quoted(ssidText(challenge.second))}, until ${localTime(challenge.expiresAt.toISOString())} at the latest.`);
  await starting.confirm(`${whatHappens(name, renaming)} Rename it now?`, flags.yes);
  const judged = await renameAndProve(challenge, { ...starting, networks: await networks(), renaming, hearing: flags, withinMs: flags.within ?? usualWithinMs });
  return { claim, challenge: judged, isJudged: true };
}

function whatHappens(name: string, renaming: Renaming | undefined): string {
  return renaming === undefined
    ? `You would rename it: everybody on ${name} is disconnected then, and again when it is set back.`
    : renaming.description;
}

/** Those of the accounts that this terminal is bound to. */
export async function ownNetworks(role: Pick<NetworksRole, 'networks'>): Promise<readonly Network[]> {
  return (await role.networks({ limit: 100 })).items;
}

/** What is to be done by hand, as sentences. */
export function byHand({ id, first, second, witnesses }: Challenge): string[] {
  return [
    `Rename the network to ${quoted(ssidText(second))}. Everybody on it is disconnected then, and again when you set its name back.`,
    `Then, while it has that name: latchkey share verify confirm ${id}`,
    ...(witnesses === 0 ? [] : [`${witnesses === 1 ? 'A witness has' : `${witnesses} witnesses have`} to hear it, too: leave it so until it is valid.`]),
    `At the end set its name back to ${quoted(ssidText(first))}.`,
  ];
}

/** Fails if that was judged to be no proof, or not yet. */
export function judgementError({ state, errors }: Challenge): LatchkeyError | undefined {
  if (state === 'valid') {
    return undefined;
  }
  const last = errors.at(-1);
  const why = last === undefined ? `The verification is ${state}.` : last.detail;
  const hint = state === 'invalid' || state === 'expired' ? 'Begin another: `latchkey share verify start`.' : 'Try again while the network has its second name: `latchkey share verify confirm`.';
  return new LatchkeyError('check_failed', `The network is not proven: ${why}`, { hint });
}
