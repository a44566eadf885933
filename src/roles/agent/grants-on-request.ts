import { isInForce, laterUsage, type Grant, type GrantUsage } from '../../domain/grant.ts';
import { trafficLeft, type Due, type GrantsInForce } from './grants-in-force.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { AskedAgent, AskedRadio, GrantedSession, RadioStatus, Session, SessionTerms } from './radio.ts';
import { RadioTrouble } from './radio-trouble.ts';
import type { GrantEnd } from './registry-copy.ts';
import type { SessionBook } from './session-book.ts';
import type { AgentStore, GrantForStation } from './store.ts';

interface Options {
  readonly radio: AskedRadio;
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly sessions: SessionBook;
  /** The network that is served. */
  readonly ssid: string;
  readonly now: () => Date | undefined;
  /** How long a spent grant whose policy is to restrict reaches the agent, in milliseconds. */
  readonly graceMs: number;
  /** The VLAN of a grant that names none itself. */
  readonly vlanOf: (grant: Pick<Grant, 'requestId'>) => number | undefined;
  /** Grants whose subjects are let in from now on. */
  readonly onNew: (grants: readonly Grant[]) => void;
  /** Grants whose subjects are let in, and whose time waited for that. */
  readonly onWaiting: (grants: readonly Grant[]) => void;
  /** There is something to be done before the next second. */
  readonly onDue: () => void;
  readonly log: Log;
}

/** How a session is to be: over, with the agent alone in reach, or as its grant says. */
type Standing = 'out' | 'restricted' | 'in';
type Bounds = Omit<GrantForStation, 'password'>;

/** So many grants are ended at once; the rest follows. */
const mostAtOnce = 500;
const longestTimeoutS = 0xffff_ffff;
/** How often a session is to be told of: where traffic is counted down, as often as the usual access point will. */
const countedDownS = 60;
const usualInterimS = 300;

/**
 * The grants for a radio that asks. They stay in the store: a station's is looked up when it comes, what time brings
 * about is found by its index, and only grants of sessions are looked at that were used or changed.
 */
export class GrantsOnRequest implements GrantsInForce, AskedAgent {
  readonly #options: Options;
  /** Active ones whose time has not come. */
  readonly #coming = new Map<string, Grant>();
  /** Grants whose sessions may not be what they should be. */
  readonly #odd = new Set<string>();
  readonly #underWay = new Set<string>();
  /** Why sessions of these grants are not what they should be. */
  readonly #failing = new Map<string, unknown>();
  readonly #trouble: { readonly reading: RadioTrouble; readonly writing: RadioTrouble; readonly sessions: RadioTrouble };
  /** Some of the odd ones were not tried yet. */
  #isBehind = false;

  constructor(options: Options) {
    const { radio: { kind }, now, log } = options;
    this.#options = options;
    const trouble = () => new RadioTrouble({ kind, now, log });
    this.#trouble = { reading: trouble(), writing: trouble(), sessions: trouble() };
  }

  async start(): Promise<void> {
    const { radio, store } = this.#options;
    store.sessions.grantsWithOddSessions().forEach((id) => this.#odd.add(id));
    await radio.open(this);
    void this.converge();
  }

  get activeCount(): number {
    return this.#options.store.grants.activeGrantCount();
  }

  take(grants: readonly Grant[]): void {
    const { store, now, onNew } = this.#options;
    const at = now();
    for (const grant of grants) {
      this.#coming.delete(grant.id);
      if (grant.state === 'active' && at !== undefined && grant.startsAt > at) {
        this.#coming.set(grant.id, grant);
      }
      if (store.sessions.sessionsOf(grant.id).length > 0 || store.meters.usage(grant.id)?.spentAt !== undefined) {
        this.#look(grant.id);
      }
    }
    onNew(grants.filter(({ id, state }) => state === 'active' && !this.#coming.has(id)));
  }

  find(grantId: string): Grant | undefined {
    const grant = this.#options.store.grants.grant(grantId);
    return grant?.state === 'active' ? grant : undefined;
  }

  onAir(grantId: string): Grant | undefined {
    const grant = this.find(grantId);
    const now = this.#options.now();
    return grant !== undefined && now !== undefined && isInForce(grant, now) ? grant : undefined;
  }

  usage(grant: Grant): GrantUsage {
    return this.#metered(grant).usage;
  }

  isRestricted(grantId: string): boolean {
    return this.#standingOf(grantId, this.#options.now()) === 'restricted';
  }

  status(): RadioStatus {
    const { kind, enforcement, counters } = this.#options.radio;
    const troubles = Object.values(this.#trouble).map(({ status }) => status);
    return {
      kind,
      enforcement,
      trouble: troubles.find(({ trouble }) => trouble !== undefined)?.trouble,
      failures: troubles.reduce((sum, { failures }) => sum + failures, 0),
      counters,
    };
  }

  admit({ mac, ssid }: { readonly mac: string; readonly ssid: string | undefined }): GrantedSession | undefined {
    try {
      const admitted = this.#admit(mac, ssid);
      this.#trouble.reading.over();
      return admitted;
    } catch (error) {
      this.#trouble.reading.failed(error);
      throw error;
    }
  }

  /** The grant with whose password a station is let in now. */
  admitted(mac: string): string | undefined {
    return this.#admit(mac, this.#options.ssid)?.grantId;
  }

  #admit(mac: string, ssid: string | undefined): GrantedSession | undefined {
    const now = this.#options.now();
    if (now === undefined || (ssid !== undefined && ssid !== this.#options.ssid)) {
      return undefined;
    }
    for (const grant of this.#options.store.grants.grantsOfStation(mac)) {
      const standing = this.#standing(grant, now);
      const password = standing === 'out' ? undefined : grant.password();
      // Nobody can have a password that was not handed out.
      if (password !== undefined) {
        return {
          grantId: grant.id,
          password,
          restricted: standing === 'restricted',
          ...this.#terms(grant, standing, now),
          interimS: grant.quotaBytes === undefined ? usualInterimS : countedDownS,
        };
      }
    }
    return undefined;
  }

  async account(report: Parameters<AskedAgent['account']>[0]): Promise<void> {
    await this.#written(this.#options.sessions.account(report));
  }

  async restarted(accessPoint: Parameters<AskedAgent['restarted']>[0]): Promise<void> {
    await this.#written(this.#options.sessions.restarted(accessPoint));
  }

  /** Looks whether a session is as it should be, and whether its grant may go on. */
  review(session: Session): void {
    if (session.grantId === undefined) {
      return;
    }
    const now = this.#options.now();
    const standing = this.#standingOf(session.grantId, now);
    if (standing === 'out' || (session.endedAt === undefined && (standing === 'restricted') !== session.restricted)) {
      this.#look(session.grantId);
      this.#options.onDue();
    }
  }

  due(): Due {
    const { store, now, graceMs } = this.#options;
    const at = now();
    if (at === undefined) {
      return { over: [], nextAt: Infinity, isBehind: this.#isBehind };
    }
    const begun = [...this.#coming.values()].filter(({ startsAt }) => startsAt <= at);
    if (begun.length > 0) {
      begun.forEach(({ id }) => this.#coming.delete(id));
      this.#options.onNew(begun);
    }
    const graceBegan = new Date(at.getTime() - graceMs);
    const spent = [
      ...store.grants.grantsSpentBy(graceBegan, mostAtOnce),
      ...[...this.#odd].flatMap((id) => this.find(id) ?? []),
    ];
    const over: GrantEnd[] = [
      ...store.grants.grantsEndingBy(at, mostAtOnce).map((grant) => ({ grant, reason: 'its time is over' })),
      ...spent.filter((grant) => this.#trafficLeft(grant, at) === 'none').map((grant) => ({ grant, reason: 'its traffic is used up' })),
    ];
    const nextAt = Math.min(
      store.grants.firstEndAfter(at)?.getTime() ?? Infinity,
      (store.grants.firstSpentAfter(graceBegan)?.getTime() ?? Infinity) + graceMs,
      ...[...this.#coming.values()].map(({ startsAt }) => startsAt.getTime()),
    );
    return { over, nextAt, isBehind: this.#isBehind };
  }

  async converge(): Promise<void> {
    this.#isBehind = false;
    this.#beginWaiting();
    await Promise.all([...this.#odd].map((id) => this.#bring(id)));
    const [[, reason] = []] = this.#failing;
    if (reason === undefined) {
      this.#trouble.sessions.over();
    } else {
      this.#trouble.sessions.failed(reason);
    }
  }

  /** Nothing has to be told to a radio that asks: whoever has the password is let in from when the grant is known here. */
  #beginWaiting(): void {
    const { store, now, onWaiting } = this.#options;
    const at = now();
    const waiting = at === undefined ? [] : store.grants.waitingGrants(at, mostAtOnce);
    if (waiting.length > 0) {
      onWaiting(waiting);
    }
  }

  #look(grantId: string): void {
    this.#odd.add(grantId);
    this.#isBehind = true;
  }

  /** Brings a grant's sessions to what they should be; where that fails, it is tried again. */
  async #bring(id: string): Promise<void> {
    if (this.#underWay.has(id)) {
      this.#isBehind = true;
      return;
    }
    this.#underWay.add(id);
    this.#odd.delete(id);
    try {
      await this.#forgetSpent(id);
      const now = this.#options.now();
      const standing = this.#standingOf(id, now);
      const outcomes = await Promise.allSettled(this.#options.store.sessions.sessionsOf(id).map((session) => this.#bringSession(session, standing, now)));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) {
        throw failed.reason;
      }
      this.#failing.delete(id);
      const grant = this.find(id);
      if (grant !== undefined && this.#trafficLeft(grant, now) === 'none') {
        // That it ended is not kept yet.
        this.#odd.add(id);
      }
    } catch (error) {
      this.#failing.set(id, error);
      this.#odd.add(id);
    } finally {
      this.#underWay.delete(id);
    }
  }

  /** That its traffic is used up, once there is more of it. */
  async #forgetSpent(id: string): Promise<void> {
    const { store, commit, now } = this.#options;
    const usage = store.meters.usage(id);
    const grant = this.find(id);
    if (usage?.spentAt !== undefined && grant !== undefined && this.#trafficLeft(grant, now()) === 'some') {
      await commit.write(() => store.meters.saveUsage(id, { ...(store.meters.usage(id) ?? usage), spentAt: undefined }));
    }
  }

  async #bringSession(session: Session, standing: Standing, now: Date | undefined): Promise<void> {
    const { radio, sessions } = this.#options;
    const grant = standing === 'out' || now === undefined ? undefined : this.find(session.grantId!);
    if (grant === undefined) {
      await radio.end(session);
      await sessions.ended(session);
      return;
    }
    const restricted = standing === 'restricted';
    if (session.restricted === restricted) {
      return;
    }
    const terms = this.#terms({ ...grant, spentAt: this.#options.store.meters.usage(grant.id)?.spentAt }, standing, now!);
    if (await radio.change(session, terms)) {
      await sessions.restricted(session, restricted);
    } else {
      await sessions.ended(session);
    }
  }

  #standingOf(grantId: string, now: Date | undefined): Standing {
    const grant = this.find(grantId);
    return grant === undefined || now === undefined ? 'out' : this.#standing(this.#metered(grant), now);
  }

  #standing(grant: Bounds, now: Date): Standing {
    if (!isInForce(grant, now)) {
      return 'out';
    }
    const left = trafficLeft(grant, now, this.#options.graceMs);
    return left === 'some' ? 'in' : left === 'restricted' && this.#options.radio.restrictedVlan !== undefined ? 'restricted' : 'out';
  }

  #trafficLeft(grant: Grant, now: Date | undefined) {
    return trafficLeft(this.#metered(grant), now, this.#options.graceMs);
  }

  #metered(grant: Grant): Grant & { readonly spentAt: Date | undefined } {
    const usage = this.#options.store.meters.usage(grant.id);
    return { ...grant, usage: usage === undefined ? grant.usage : laterUsage(grant.usage, usage), spentAt: usage?.spentAt };
  }

  #terms(grant: Pick<Bounds, 'requestId' | 'endsAt' | 'vlan' | 'spentAt'>, standing: Standing, now: Date): SessionTerms {
    const { radio, graceMs, vlanOf } = this.#options;
    const restricted = standing === 'restricted';
    const end = Math.min(
      grant.endsAt?.getTime() ?? Infinity,
      restricted ? (grant.spentAt ?? now).getTime() + graceMs : Infinity,
    );
    return {
      vlan: restricted ? radio.restrictedVlan : (grant.vlan ?? vlanOf(grant)),
      sessionTimeoutS: end === Infinity ? undefined : Math.min(longestTimeoutS, Math.max(1, Math.ceil((end - now.getTime()) / 1000))),
    };
  }

  async #written(writing: Promise<void>): Promise<void> {
    try {
      await writing;
      this.#trouble.writing.over();
    } catch (error) {
      this.#trouble.writing.failed(error);
      throw error;
    }
  }
}
