import { deviceReports, mayFollow, type AccessRequest, type DeviceReport, type RequestStatus } from '../../domain/access-request.ts';
import { begunAt, type Grant } from '../../domain/grant.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AgentStore } from './store.ts';

const reports: readonly RequestStatus[] = deviceReports;

/** A grant that has come to its end, and why. */
export interface GrantEnd {
  readonly grant: Grant;
  readonly reason: string;
}

export interface RequestChange {
  readonly before: AccessRequest | undefined;
  readonly after: AccessRequest;
}

/** What the agent learned: of the registry, or of the device itself. */
export interface Applied {
  readonly requests: readonly RequestChange[];
  readonly grants: readonly Grant[];
}

export interface News {
  readonly requests?: readonly AccessRequest[];
  readonly grants?: readonly Grant[];
  /** What the copy is in step with once this is applied. */
  readonly revision?: number;
  readonly now?: Date | undefined;
  /** The registry was set back (restored from a backup, say): its word counts although its revisions are lower. */
  readonly setBack?: boolean;
}

/**
 * The agent's durable copy of its requests and grants at the registry. News may come twice and in any order: the
 * higher revision counts, and what a device has already said here is not taken back by a registry that has yet
 * to be told. Listeners hear what changed once it is durable.
 */
export class RegistryCopy {
  readonly #store: AgentStore;
  readonly #commit: GroupCommit;
  readonly #listeners: ((applied: Applied) => void)[] = [];

  constructor(store: AgentStore, commit: GroupCommit) {
    this.#store = store;
    this.#commit = commit;
  }

  onApplied(listener: (applied: Applied) => void): void {
    this.#listeners.push(listener);
  }

  /** `alongside` is stored in the same transaction. */
  async apply(news: News, alongside?: () => void): Promise<void> {
    const applied = await this.#commit.write(() => {
      alongside?.();
      if (news.revision !== undefined) {
        this.#store.registry.saveRevision(news.revision);
      }
      if (news.now !== undefined) {
        this.#store.registry.saveKnownTime(news.now);
      }
      return {
        requests: (news.requests ?? []).flatMap((request) => this.#mergeRequest(request, news.setBack === true)),
        grants: (news.grants ?? []).flatMap((grant) => this.#mergeGrant(grant, news.setBack === true)),
      };
    });
    this.#tell(applied);
  }

  /**
   * What the device did, told to the registry later. False if the request is in no state for it; the same again
   * changes nothing.
   */
  async advance(requestId: string, status: DeviceReport, at: Date): Promise<boolean> {
    // That the password was read is nobody's promise: lost in a crash, it is read again or `joined` follows.
    const { applied, allowed } = await this.#commit[status === 'delivered' ? 'writeLater' : 'write'](() => {
      const before = this.#store.onboarding.request(requestId);
      if (before === undefined || !mayFollow(before.status, status)) {
        return { applied: { requests: [], grants: [] }, allowed: before?.status === status };
      }
      // Who joins has read the password, also where word of that comes later than the device.
      const readUnnoticed = status === 'joined' && before.status === 'approved';
      if (readUnnoticed) {
        this.#store.onboarding.oweReport(requestId, 'delivered');
      }
      const after: AccessRequest = {
        ...before,
        status,
        deliveredAt: status === 'delivered' || readUnnoticed ? at : before.deliveredAt,
        joinedAt: status === 'joined' ? at : before.joinedAt,
      };
      this.#store.onboarding.saveRequest(after);
      this.#store.onboarding.oweReport(requestId, status);
      const grants = status === 'declined' ? this.#giveBack(after, at) : [];
      return { applied: { requests: [{ before, after }], grants }, allowed: true };
    });
    this.#tell(applied);
    return allowed;
  }

  /** Grants that have come to their end do so for good: if the clock has to go back, they do not come back with it. */
  async endGrants(ends: readonly GrantEnd[], at: Date): Promise<void> {
    const grants = await this.#commit.write(() =>
      ends.flatMap(({ grant: { id, revision }, reason }): Grant[] => {
        const grant = this.#store.grants.grant(id);
        // What the registry has changed meanwhile is looked at anew.
        if (grant?.state !== 'active' || grant.revision !== revision) {
          return [];
        }
        const ended: Grant = { ...grant, state: 'ended', closedAt: at, closedBy: 'agent', reason };
        this.#store.grants.saveGrant(ended);
        return [ended];
      }));
    this.#tell({ requests: [], grants });
  }

  /** The radio has them: what of their time waits for that runs from now on, for the registry as soon as it hears. */
  async beginGrants(grants: readonly Grant[], at: Date): Promise<void> {
    const begun = await this.#commit.write(() =>
      grants.flatMap(({ id, revision }): Grant[] => {
        const grant = this.#store.grants.grant(id);
        if (grant?.state !== 'active' || grant.waitingMs === undefined || grant.revision !== revision) {
          return [];
        }
        return [this.#begin(grant, at)];
      }));
    this.#tell({ requests: [], grants: begun });
  }

  #begin(grant: Grant, at: Date): Grant {
    const running = begunAt(grant, at);
    this.#store.grants.saveGrant(running);
    this.#store.grants.saveBegun(grant.id, { at, revision: grant.revision });
    return running;
  }

  #tell(applied: Applied): void {
    if (applied.requests.length > 0 || applied.grants.length > 0) {
      for (const listener of this.#listeners) {
        listener(applied);
      }
    }
  }

  #mergeRequest(incoming: AccessRequest, setBack: boolean): RequestChange[] {
    const before = this.#store.onboarding.request(incoming.id);
    if (before !== undefined && !setBack && incoming.revision < before.revision) {
      return [];
    }
    const ahead = before !== undefined && reports.includes(before.status) && mayFollow(incoming.status, before.status);
    const after = ahead
      ? {
          ...incoming,
          status: before.status,
          deliveredAt: incoming.deliveredAt ?? before.deliveredAt,
          joinedAt: incoming.joinedAt ?? before.joinedAt,
        }
      : incoming;
    if (before !== undefined && before.revision === after.revision && before.status === after.status) {
      return [];
    }
    this.#store.onboarding.saveRequest(after);
    return [{ before, after }];
  }

  #mergeGrant(incoming: Grant, setBack: boolean): Grant[] {
    const before = this.#store.grants.grant(incoming.id);
    if (before !== undefined && !setBack && incoming.revision <= before.revision) {
      return [];
    }
    const begun = incoming.state === 'active' && incoming.waitingMs !== undefined ? this.#store.grants.begun(incoming.id) : undefined;
    if (begun?.revision === incoming.revision) {
      // The registry was set back to before it heard: the time has run since all the same.
      return [this.#begin(incoming, begun.at)];
    }
    this.#store.grants.saveGrant(incoming);
    return [incoming];
  }

  /** A declined grant goes off the air at once, whether or not the registry can be told. */
  #giveBack(request: AccessRequest, at: Date): Grant[] {
    const grant = request.grantId === undefined ? undefined : this.#store.grants.grant(request.grantId);
    if (grant?.state !== 'active') {
      return [];
    }
    const revoked: Grant = { ...grant, state: 'revoked', closedAt: at, closedBy: 'device', reason: 'declined by the device’s user' };
    this.#store.grants.saveGrant(revoked);
    return [revoked];
  }
}
