import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import type { Observation } from '../../domain/network.ts';
import { judgeChallenge, observationToKeep, withChallengeError } from '../../domain/network-ownership.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import { requireKnown, within } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { WitnessRole } from './ports.ts';
import { isOpenState, prove, stateAt, type NetworksServiceContext } from './proof.ts';
import { checkScan, observe } from './scan.ts';

export class WitnessService implements WitnessRole {
  readonly #context: NetworksServiceContext;

  constructor(context: NetworksServiceContext) {
    this.#context = context;
  }

  async report(heard: readonly HeardNetwork[]): Promise<{ readonly kept: number }> {
    const { store, clock } = this.#context;
    const witnessId = this.#witnessId;
    checkScan(heard);
    const now = clock.now();
    let kept = 0;
    for (const challenge of await store.challenges.openAbout([...new Set(heard.map(({ bssid }) => bssid))])) {
      const about = heard.filter(({ bssid }) => challenge.bssids.includes(bssid));
      const { observations } = observe(challenge, { observerId: witnessId, isWitness: true }, about, now);
      // A terminal of the sharer's own, or of its account, is no witness of what is its own.
      const isOwn = challenge.terminalId === witnessId || (await store.bindings.find(challenge.accountId, witnessId)) !== undefined;
      if (!isOwn && observations.length > 0) {
        kept += await store.transaction((tx) => this.#witness(tx, challenge.id, observations, now));
      }
    }
    return { kept };
  }

  /** May complete what the sharer has proven for its part; that it may be waiting for this is no attempt of its own. */
  async #witness(tx: Store, challengeId: string, observations: readonly Observation[], now: Date): Promise<number> {
    const challenge = await tx.challenges.lock(challengeId);
    if (challenge === undefined || !isOpenState(stateAt(challenge, now))) {
      return 0;
    }
    const earlier = await tx.challenges.observations(challengeId);
    const { error, witnessed, contradiction } = judgeChallenge(challenge, [...earlier, ...observations], now);
    if (error === undefined) {
      const { events } = await prove(within(this.#context, tx), tx, challenge, witnessed, now);
      await tx.events.append(events);
      return observations.length;
    }
    const own = [...earlier.filter(({ observerId }) => observerId === observations[0]!.observerId), ...observations];
    const last = challenge.bssids.flatMap((bssid) => observationToKeep(challenge.second, own.filter((each) => each.bssid === bssid)) ?? []);
    await tx.challenges.observe(last);
    if (contradiction !== undefined || witnessed !== challenge.witnessed) {
      const errors = contradiction === undefined ? challenge.errors : withChallengeError(challenge.errors, contradiction);
      await tx.challenges.change(challengeId, { state: challenge.state, witnessed, errors });
    }
    return observations.length;
  }

  get #witnessId(): string {
    const who = requireKnown(this.#context.actor);
    if (who.kind === 'token' && who.token.role !== 'witness') {
      throw new LatchkeyError('forbidden', 'Only a witness may do that.');
    }
    // The person here is no witness of networks that it claims as a terminal.
    return who.kind === 'local' ? terminalIdOf(who) : who.token.id;
  }
}
