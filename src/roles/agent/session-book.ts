import { isSpent, laterUsage, noUsage, type GrantUsage } from '../../domain/grant.ts';
import { mostTraffic } from '../../domain/traffic.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { AccountingAccessPoint, Session, SessionReport, Station } from './radio.ts';
import type { RegistryLink } from './registry-link.ts';
import type { StationsOn } from './station-watch.ts';
import type { AgentStore } from './store.ts';

interface Options {
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly link: RegistryLink;
  /** The network whose sessions count; an access point may have others. */
  readonly ssid: string;
  readonly now: () => Date;
  /** The grant with whose password a station is let in now. */
  readonly admitted: (mac: string) => string | undefined;
  readonly onJoined: (grantId: string) => void;
  /** A session as it is after it was reported. */
  readonly onAccounted: (session: Session) => void;
  readonly log: Log;
}

/** Word of a session that is over may come again for so long. */
const forgetEndedMs = 86_400_000;
/** One that nobody speaks of any more; until then it is taken to be on, and is ended with its grant. */
const forgetUnheardMs = 30 * 86_400_000;
const forgetEveryTicks = 600;
const mostListed = 10_000;

/**
 * Sessions at access points that account for them, and what their grants use by them. A session is the same one by its
 * id, however late word of it comes; of its counters what is beyond those known is added to its grant, in one transaction: neither a report that comes
 * again or late nor a restart counts anything twice.
 */
export class SessionBook implements StationsOn {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  tick(ticks: number): undefined {
    if (ticks % forgetEveryTicks !== 0) {
      return;
    }
    const { store, commit, now, log } = this.#options;
    const ago = (ms: number) => new Date(now().getTime() - ms);
    commit.writeLater(() => store.sessions.forgetSessions({ ended: ago(forgetEndedMs), heard: ago(forgetUnheardMs) }))
      .catch((error: unknown) => log('error', 'Sessions that are long over could not be removed.', { error }));
  }

  async count(): Promise<readonly Station[]> {
    return this.#options.store.sessions.sessions(mostListed).map(toStation);
  }

  /** Resolves when the report is durable. */
  async account(report: SessionReport): Promise<void> {
    const { commit, link, ssid, onJoined, onAccounted } = this.#options;
    if (report.ssid !== undefined && report.ssid !== ssid) {
      return;
    }
    const session = await commit.write(() => this.#keep(report));
    if (session.grantId === undefined) {
      return;
    }
    if (session.endedAt === undefined) {
      onJoined(session.grantId);
    }
    link.deliverSoon();
    onAccounted(session);
  }

  async restarted(accessPoint: AccountingAccessPoint): Promise<void> {
    const { store, commit, now } = this.#options;
    await commit.write(() => store.sessions.endSessionsAt(accessPoint, now()));
  }

  async ended(session: Session): Promise<void> {
    const { store, commit, now } = this.#options;
    await commit.write(() => store.sessions.endSession(session, now()));
  }

  async restricted(session: Session, restricted: boolean): Promise<void> {
    const { store, commit } = this.#options;
    await commit.write(() => store.sessions.restrictSession(session, restricted));
  }

  #keep(report: SessionReport): Session {
    const { store, now } = this.#options;
    const at = now();
    const found = store.sessions.session(report);
    const before = found !== undefined && isAnew(report, found) ? undefined : found;
    const counters = laterUsage(before ?? noUsage, capped(report));
    const grantId = this.#grantOf(report) ?? found?.grantId;
    if (before === undefined && report.kind === 'start') {
      store.sessions.endSessionsBefore(report, at);
    }
    // What comes late does not bring back a session that is over; one that goes on was not over. One that seems to start
    // again is looked at: who has no right to be on may be.
    const goesOn = report.kind === 'start' || (report.kind === 'interim' && (before?.endedAt === undefined || report.seconds > before.seconds));
    const { nas, nasAddress, nasIdentifier, sessionId, mac } = report;
    const session: Session = {
      nas, nasAddress, nasIdentifier, sessionId, mac, grantId,
      restricted: before?.restricted ?? report.restricted,
      bytesIn: counters.bytesIn,
      bytesOut: counters.bytesOut,
      seconds: counters.seconds,
      heardAt: at,
      happenedAt: later(before?.happenedAt, report.happenedAt),
      endedAt: goesOn ? undefined : (before?.endedAt ?? at),
      lost: before?.lost === true && !goesOn,
    };
    store.sessions.saveSession(session);
    if (grantId !== undefined) {
      this.#add(grantId, counters, before ?? noUsage, at);
    }
    return session;
  }

  /** By what it was let in with; where an access point does not say that, by its address. */
  #grantOf({ grantId, mac }: SessionReport): string | undefined {
    const { store, admitted } = this.#options;
    // A word that is not ours is a controller's or a proxy's own.
    const named = grantId === undefined ? undefined : store.grants.grant(grantId)?.id;
    return named ?? admitted(mac) ?? store.grants.grantsOfStation(mac)[0]?.id;
  }

  #add(grantId: string, counters: GrantUsage, since: GrantUsage, at: Date): void {
    const { store } = this.#options;
    const before = store.meters.usage(grantId);
    const used = before ?? { ...noUsage, spentAt: undefined };
    const after = {
      ...capped({
        bytesIn: used.bytesIn + counters.bytesIn - since.bytesIn,
        bytesOut: used.bytesOut + counters.bytesOut - since.bytesOut,
        seconds: used.seconds + counters.seconds - since.seconds,
      }),
      spentAt: used.spentAt,
    };
    const grant = store.grants.grant(grantId);
    if (grant?.state === 'active' && isSpent({ ...grant, usage: laterUsage(grant.usage, after) })) {
      after.spentAt ??= at;
    }
    if (before === undefined || after.bytesIn !== used.bytesIn || after.bytesOut !== used.bytesOut || after.seconds !== used.seconds || after.spentAt !== used.spentAt) {
      store.meters.saveUsage(grantId, after);
    }
  }
}

/**
 * Whether a start begins another session than the one that had its id: hostapd gives a station that comes back the same
 * one, and an access point that started anew may begin its ids again. A start that only comes late is older than what is
 * known, where the access point tells the time.
 */
function isAnew({ kind, happenedAt: at }: SessionReport, { happenedAt: known, seconds, lost }: Session): boolean {
  return kind === 'start' && (lost || (at !== undefined && known !== undefined && (at > known || (seconds > 0 && at.getTime() === known.getTime()))));
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one !== undefined && (other === undefined || one > other) ? one : other;
}

/** Beyond what is counted exactly nothing is: it came from an access point that is out of its mind. */
function capped({ bytesIn, bytesOut, seconds }: GrantUsage): GrantUsage {
  const most = (bytes: bigint) => (bytes > mostTraffic ? mostTraffic : bytes);
  return { bytesIn: most(bytesIn), bytesOut: most(bytesOut), seconds };
}

function toStation({ nas, mac, grantId, bytesIn, bytesOut, seconds }: Session): Station {
  return { bss: nas, mac, grantId, bytesIn, bytesOut, seconds, signalDbm: undefined, rateInKbps: undefined, rateOutKbps: undefined };
}
