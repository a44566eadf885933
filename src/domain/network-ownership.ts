import { sameSsid } from './heard-network.ts';
import type { Challenge, ChallengeFault, ChallengeState, Observation } from './network.ts';

// Whether what was heard proves that a network is its sharer's (protocol.md section 6).

/** What was heard longer before it was handed over does not count. */
const oldestHeardMs = 60_000;
/** What sharer and witnesses hear belongs together for so long; and so long one of them that contradicts is in the way. */
export const proofWindowMs = 120_000;
/** A radio heard under two names within this time may be in the middle of being renamed: the next scan tells. */
export const renameMs = 5_000;
const mostErrors = 50;

export type ChallengeError = Challenge['errors'][number];

export interface Judgement {
  /** `processing` may be tried again; `invalid` is for good. */
  readonly state: Extract<ChallengeState, 'processing' | 'valid' | 'invalid'>;
  /** Witnesses who heard that radio which the fewest heard. */
  readonly witnessed: number;
  /** Why it is not valid. */
  readonly error: ChallengeError | undefined;
  /** A witness's that stands against it now, whatever the error is; its moment is that of the hearing. */
  readonly contradiction: ChallengeError | undefined;
}

type Heard = Pick<Observation, 'bssid' | 'ssid' | 'security' | 'heardAt'>;

/** Whether something that is handed over now was heard so late that it counts. */
export function isHeardInTime({ createdAt }: Challenge, heardAt: Date, at: Date): boolean {
  return heardAt >= createdAt && at.getTime() - heardAt.getTime() <= oldestHeardMs;
}

/**
 * Judges an open challenge by all that was heard of its radios and of its second identifier. Every claimed radio has to be
 * heard under the second identifier, secured as claimed, by the sharer and by as many witnesses as the challenge asks for,
 * though not all by the same, while none hears one under another name. What the sharer says alone may be made up: it makes a
 * challenge invalid, but proves no radio where witnesses are asked for, also none that is claimed beside one that they hear.
 * What a witness says makes none invalid: anybody within its reach could send that.
 *
 * @param observations Each heard in time; of one radio and observer there may be several, of several names.
 * @param stale Radios of which the sharer handed over what was not.
 */
export function judgeChallenge(challenge: Challenge, observations: readonly Observation[], at: Date, stale: readonly string[] = []): Judgement {
  const counted = observations.filter((each) => isCounted(challenge, each, at));
  const own = counted.filter(({ isWitness }) => !isWitness);
  const others = counted.filter(({ isWitness, observerId }) => isWitness && observerId !== challenge.terminalId);
  const counts = challenge.bssids.map((bssid) => witnessesOf(challenge, others.filter((each) => each.bssid === bssid)));
  const witnessed = Math.min(...counts);
  const contradiction = contradictionOf(challenge, own, others, at);
  const judged = (error: ChallengeError | undefined): Judgement =>
    ({ state: error === undefined ? 'valid' : isFinal(error.fault) ? 'invalid' : 'processing', witnessed, error, contradiction });

  const fault = ownFault(challenge, own, stale);
  if (fault !== undefined) {
    const [name, detail] = fault;
    return judged({ at, fault: name, detail });
  }
  if (contradiction !== undefined) {
    return judged(contradiction);
  }
  return judged(witnessed < challenge.witnesses
    ? { at, fault: 'witness_missing', detail: missingWitnesses(challenge, counts) }
    : undefined);
}

/** The record of what came to nothing, with one more: the latest, and until when a witness contradicted. */
export function withChallengeError(errors: readonly ChallengeError[], error: ChallengeError): readonly ChallengeError[] {
  const kept = error.fault === 'witness_contradicts' ? errors.filter(({ fault }) => fault !== error.fault) : errors;
  const all = [...kept, error];
  const latest = all.slice(-mostErrors);
  const contradiction = all.findLast(({ fault }) => fault === 'witness_contradicts');
  return contradiction === undefined || latest.includes(contradiction) ? latest : [contradiction, ...latest.slice(1)];
}

/**
 * What is to be kept of what one observer heard of one radio: the last, but no new name with which another was heard at
 * the same time.
 */
export function observationToKeep<H extends Heard>(second: Uint8Array, heard: readonly H[]): H | undefined {
  const last = latest(heard);
  return last !== undefined && sameSsid(last.ssid, second) ? latest(heard.filter((each) => isBesides(second, each, last))) ?? last : last;
}

/** Which faults no later scan mends: the network is on the air, and is not what was claimed. */
function isFinal(fault: ChallengeFault): boolean {
  return fault === 'wrong_name' || fault === 'bssid_conflict' || fault === 'security_changed';
}

/** Hidden names say nothing. */
function isCounted(challenge: Challenge, { ssid, heardAt }: Heard, at: Date): boolean {
  return ssid.length > 0 && heardAt >= challenge.createdAt && at.getTime() - heardAt.getTime() <= proofWindowMs;
}

/** Under another name at about the same time, or later. */
function isBesides(second: Uint8Array, other: Heard, under: Heard): boolean {
  return !sameSsid(other.ssid, second) && other.heardAt.getTime() > under.heardAt.getTime() - renameMs;
}

/** How many distinct ones count, of what all heard of one radio. */
function witnessesOf({ second, security }: Challenge, heard: readonly Observation[]): number {
  return new Set(heard.map(({ observerId }) => observerId)).values().filter((observer) => {
    const own = heard.filter(({ observerId }) => observerId === observer);
    const last = observationToKeep(second, own);
    return last !== undefined && sameSsid(last.ssid, second) && own.every((each) => !sameSsid(each.ssid, second) || each.security === security);
  }).toArray().length;
}

function missingWitnesses({ bssids, witnesses }: Challenge, counts: readonly number[]): string {
  const missing = bssids.filter((_, index) => counts[index]! < witnesses);
  return `You hear it; ${list(missing)} ${are(missing)} yet to be heard by ${witnesses === 1 ? 'a witness' : `${witnesses} witnesses`}.`;
}

/**
 * The latest time that a witness heard a claimed radio under another name after somebody had heard it under the second
 * identifier: two are on the air. It stands for a while, so that no scan that misses one of them proves the other.
 */
function contradictionOf({ bssids, second, errors }: Challenge, own: readonly Observation[], others: readonly Observation[], at: Date): ChallengeError | undefined {
  const under = [...own, ...others].filter(({ ssid }) => sameSsid(ssid, second));
  const last = latest(others.filter((other) => bssids.includes(other.bssid) && !sameSsid(other.ssid, second)
    && under.some((each) => each.bssid === other.bssid && each.heardAt < other.heardAt)));
  if (last !== undefined) {
    return { at: last.heardAt, fault: 'witness_contradicts', detail: `A witness hears ${last.bssid} under another name, and did so after the new one was on the air.` };
  }
  const earlier = errors.findLast(({ fault }) => fault === 'witness_contradicts');
  return earlier !== undefined && at.getTime() - earlier.at.getTime() <= proofWindowMs ? earlier : undefined;
}

function ownFault({ bssids, first, second, security }: Challenge, own: readonly Heard[], stale: readonly string[]): readonly [ChallengeFault, string] | undefined {
  const radios = bssids.map((bssid) => {
    const heard = own.filter((each) => each.bssid === bssid);
    const of = (isSo: (ssid: Uint8Array) => boolean) => latest(heard.filter(({ ssid }) => isSo(ssid)));
    return {
      bssid,
      second: of((ssid) => sameSsid(ssid, second)),
      first: of((ssid) => sameSsid(ssid, first)),
      third: of((ssid) => !sameSsid(ssid, first) && !sameSsid(ssid, second)),
      securities: heard.filter(({ ssid }) => sameSsid(ssid, second)).map((each) => each.security),
    };
  });
  const isOnAir = own.some(({ ssid }) => sameSsid(ssid, second));
  const elsewhere = own.find(({ bssid, ssid }) => sameSsid(ssid, second) && !bssids.includes(bssid));
  const those = (isSo: (radio: (typeof radios)[number]) => boolean) => radios.filter(isSo).map(({ bssid }) => bssid);

  const torn = those((radio) => radio.second !== undefined
    && ((radio.third !== undefined && isBesides(second, radio.third, radio.second)) || isNewerButNotBack(radio.first, radio.second)));
  if (torn.length > 0) {
    return ['bssid_conflict', `${list(torn)} ${are(torn)} heard under the new name and under another at once: somebody else sends under that address.`];
  }
  const misnamed = those((radio) => radio.third !== undefined && isNewest(radio.third, radio.first, radio.second));
  if (misnamed.length > 0) {
    return isOnAir
      ? ['bssid_conflict', `${list(misnamed)} ${are(misnamed)} heard under another name while the new one is on the air.`]
      : ['wrong_name', `${list(misnamed)} ${are(misnamed)} heard under a name that is neither the old nor the new one.`];
  }
  const changed = those((radio) => radio.securities.some((each) => each !== security));
  if (changed.length > 0) {
    return ['security_changed', `${list(changed)} ${are(changed)} heard under the new name, but not secured as claimed (${security}).`];
  }
  const missing = those((radio) => radio.second === undefined);
  if (missing.length > 0 && elsewhere !== undefined) {
    return ['wrong_radio', `The new name is heard from ${elsewhere.bssid}, which was not claimed, and not from ${list(missing)}.`];
  }
  const still = those((radio) => radio.first !== undefined && (radio.second === undefined || radio.first.heardAt.getTime() > radio.second.heardAt.getTime() - renameMs));
  if (still.length > 0) {
    return ['still_first', `${list(still)} ${are(still)} still heard under the old name.`];
  }
  const old = missing.filter((bssid) => stale.includes(bssid));
  if (old.length > 0) {
    return ['stale_scan', `What is heard of ${list(old)} is older than ${oldestHeardMs / 1000} s or than this verification.`];
  }
  return missing.length > 0 ? ['not_seen', `${list(missing)} ${are(missing)} not heard.`] : undefined;
}

/** The old name right after the new one is another radio's; long after it, it was put back. */
function isNewerButNotBack(first: Heard | undefined, second: Heard): boolean {
  const later = first === undefined ? 0 : first.heardAt.getTime() - second.heardAt.getTime();
  return later > 0 && later <= renameMs;
}

function isNewest(one: Heard, ...others: readonly (Heard | undefined)[]): boolean {
  return others.every((other) => other === undefined || other.heardAt <= one.heardAt);
}

function latest<H extends Heard>(heard: readonly H[]): H | undefined {
  return heard.reduce<H | undefined>((last, each) => (last === undefined || each.heardAt >= last.heardAt ? each : last), undefined);
}

function list(bssids: readonly string[]): string {
  return bssids.length < 2 ? bssids.join('') : `${bssids.slice(0, -1).join(', ')} and ${bssids.at(-1)!}`;
}

function are(bssids: readonly string[]): string {
  return bssids.length < 2 ? 'is' : 'are';
}
