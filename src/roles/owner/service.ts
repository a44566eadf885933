import { mayFollow, type AccessRequest } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant, GrantIncrease, GrantTerms } from '../../domain/grant.ts';
import { mostTraffic } from '../../domain/traffic.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import { admitsAp, recordedActor } from '../../domain/token.ts';
import { closeRequest } from '../ap/closing.ts';
import { revokeGrant } from '../grants/ending.ts';
import { decide } from '../ap/decision.ts';
import { grantsClosed } from '../sharing/ending.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, scopeOf, within, type ServiceContext } from '../service-context.ts';
import type { AccessPoint, GrantFilter, RequestFilter, Store } from '../store.ts';
import type { OwnerRole } from './ports.ts';

export interface OwnerServiceContext extends ServiceContext {
  readonly reuse?: boolean | undefined;
}

export class OwnerService implements OwnerRole {
  readonly #context: OwnerServiceContext;

  constructor(context: OwnerServiceContext) {
    this.#context = context;
  }

  async requests(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>> {
    return this.#context.store.requests.list({ ...filter, apIds: this.#visibleAps(filter.apIds) }, page);
  }

  async request(id: string): Promise<AccessRequest> {
    const request = await this.#context.store.requests.find(id);
    if (request === undefined || !this.#maySee(request.apId)) {
      throw new LatchkeyError('request_not_found', `There is no request ${id}.`);
    }
    return request;
  }

  async approve(id: string, terms: GrantTerms = {}): Promise<AccessRequest> {
    const { actor, reuse } = this.#context;
    return decide(this.#context, id, (request) => this.#maySee(request.apId), {
      verdict: 'approve',
      by: recordedActor(actor),
      terms,
      reuse,
    });
  }

  async deny(id: string, reason?: string): Promise<AccessRequest> {
    return decide(this.#context, id, (request) => this.#maySee(request.apId), {
      verdict: 'deny',
      by: recordedActor(this.#context.actor),
      reason: reason === undefined ? undefined : parseDescription(reason, 'reason'),
    });
  }

  async attempts(
    filter: { uuid?: string | undefined },
    page: PageRequest,
  ): Promise<Page<Attempt & { readonly apId: string }>> {
    const uuid = filter.uuid === undefined ? undefined : parseUuid(filter.uuid);
    return this.#context.store.attempts.list({ uuid, apIds: this.#visibleAps(undefined) }, page);
  }

  async accessPoints(page: PageRequest): Promise<Page<AccessPoint>> {
    const { items, next } = await this.#context.store.accessPoints.list(page);
    return { items: items.filter((ap) => this.#maySee(ap.id)), next };
  }

  async grants(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>> {
    return this.#context.store.grants.list({ ...filter, apIds: this.#visibleAps(filter.apIds) }, page);
  }

  async grant(id: string): Promise<Grant> {
    return this.#grant(this.#context.store, id);
  }

  async increaseGrant(id: string, { validMs, quotaBytes }: GrantIncrease): Promise<Grant> {
    if (validMs === undefined && quotaBytes === undefined) {
      throw new LatchkeyError('invalid_input', 'Say how much time or traffic to add.');
    }
    return this.#context.store.transaction(async (tx) => {
      const { network } = await this.#grant(tx, id);
      const revision = await tx.accessPoints.nextRevision(network.apId);
      const grant = await this.#grant(tx, id);
      const context = within(this.#context, tx);
      const now = context.clock.now();
      if (grant.state !== 'active' || (grant.endsAt !== undefined && grant.endsAt <= now)) {
        throw new LatchkeyError('grant_over', `Grant ${id} is over.`);
      }
      const increased = await tx.grants.increase(id, { endsAt: laterEnd(grant, validMs), quotaBytes: largerQuota(grant, quotaBytes), revision });
      if (increased === undefined) {
        throw new LatchkeyError('internal', `Grant ${id} changed under its lock.`);
      }
      const detail = {
        grant_id: id,
        ...(validMs === undefined ? {} : { valid_s: Math.round(validMs / 1000) }),
        ...(quotaBytes === undefined ? {} : { quota_bytes: quotaBytes.toString() }),
      };
      const uuid = grant.subject.kind === 'device' ? grant.subject.id : undefined;
      await tx.audit.append(auditEntry(context, { action: 'grant.increased', uuid, apId: network.apId, detail }));
      return increased;
    });
  }

  async revokeGrant(id: string, reason?: string): Promise<Grant> {
    const why = reason === undefined ? undefined : parseDescription(reason, 'reason');
    return this.#context.store.transaction(async (tx) => {
      const grant = await this.#grant(tx, id);
      if (grant.state !== 'active') {
        return grant;
      }
      const revision = await tx.accessPoints.nextRevision(grant.network.apId);
      const context = within(this.#context, tx);
      await revokeGrant(context, id, revision, why);
      await grantsClosed(context, [id]);
      // Its request ends with it: one that is not yet joined would let the device in again as a retry.
      const request = grant.requestId === undefined ? undefined : await tx.requests.find(grant.requestId);
      if (request !== undefined && mayFollow(request.status, 'expired')) {
        await closeRequest(context, request, revision, { status: 'expired', reason: 'grant revoked' });
      }
      return this.#grant(tx, id);
    });
  }

  async #grant(store: Store, id: string): Promise<Grant> {
    const grant = await store.grants.find(id);
    if (grant === undefined || !this.#maySee(grant.network.apId)) {
      throw new LatchkeyError('grant_not_found', `There is no grant ${id}.`);
    }
    return grant;
  }

  /** An access point's own token sees that access point alone. */
  #maySee(apId: string): boolean {
    const { actor } = this.#context;
    return actor.kind === 'token' && actor.token.apId !== undefined
      ? actor.token.apId === apId
      : admitsAp(scopeOf(actor), apId);
  }

  #visibleAps(asked: readonly string[] | undefined): readonly string[] | undefined {
    const { actor } = this.#context;
    const own = actor.kind === 'token' && actor.token.apId !== undefined ? [actor.token.apId] : scopeOf(actor).aps;
    return asked === undefined ? own : asked.filter((apId) => this.#maySee(apId));
  }
}

function laterEnd({ id, endsAt }: Grant, validMs: number | undefined): Date | undefined {
  if (validMs !== undefined && endsAt === undefined) {
    throw new LatchkeyError('invalid_input', `Grant ${id} has no end that could be put off.`);
  }
  return endsAt === undefined ? undefined : new Date(endsAt.getTime() + (validMs ?? 0));
}

function largerQuota({ id, quotaBytes }: Grant, more: bigint | undefined): bigint | undefined {
  if (more !== undefined && quotaBytes === undefined) {
    throw new LatchkeyError('invalid_input', `Grant ${id} has no quota that could be raised.`);
  }
  if (more !== undefined && quotaBytes! + more > mostTraffic) {
    throw new LatchkeyError('invalid_input', `A quota is at most ${mostTraffic} bytes.`);
  }
  return quotaBytes === undefined ? undefined : quotaBytes + (more ?? 0n);
}
