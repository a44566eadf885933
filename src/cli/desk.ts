import type { AccessRequest } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { GrantTerms } from '../domain/grant.ts';
import type { AgentControl, AgentStatus } from '../roles/agent/ports.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';

/** An access point as its owner sees it; `agent` only where the agent itself is asked. */
export interface AccessPointStatus {
  readonly apId: string;
  readonly name: string;
  readonly ssid: string | undefined;
  readonly onboardingSsid: string | undefined;
  readonly lastSeenAt: Date | undefined;
  readonly pending: number;
  readonly agent: AgentStatus | undefined;
}

/** Where the owner decides: beside the running agent, or at the server from anywhere. */
export interface Desk {
  requests(options: { readonly all: boolean }, page: PageRequest): Promise<Page<AccessRequest>>;
  /** Errors: as `AgentControl.approve`. */
  approve(requestId: string, terms?: GrantTerms): Promise<AccessRequest>;
  deny(requestId: string, reason?: string): Promise<AccessRequest>;
  attempts(options: { readonly uuid?: string | undefined }, page: PageRequest): Promise<Page<Attempt & { readonly apId: string }>>;
  accessPoints(): Promise<AccessPointStatus[]>;
}

export function agentDesk(agent: AgentControl): Desk {
  return {
    async requests({ all }, page) {
      return pageOf(await agent.requests({ all }), page);
    },
    approve: (requestId, terms) => agent.approve(requestId, terms),
    deny: (requestId, reason) => agent.deny(requestId, reason),
    async attempts({ uuid }, page) {
      const { apId } = await agent.status();
      const attempts = await agent.attempts(mostAttempts);
      const wanted = attempts.filter((attempt) => uuid === undefined || attempt.uuid === uuid);
      return pageOf(wanted.map((attempt) => ({ ...attempt, apId })), page);
    },
    async accessPoints() {
      const status = await agent.status();
      const { apId, name, ssid, onboardingSsid, pending, server } = status;
      return [{ apId, name, ssid, onboardingSsid, lastSeenAt: server.lastContactAt, pending, agent: status }];
    },
  };
}

export function serverDesk(owner: OwnerRole): Desk {
  return {
    requests: ({ all }, page) => owner.requests(all ? {} : { statuses: ['pending'] }, page),
    approve: (requestId, terms) => owner.approve(requestId, terms),
    deny: (requestId, reason) => owner.deny(requestId, reason),
    attempts: ({ uuid }, page) => owner.attempts({ uuid }, page),
    async accessPoints() {
      const { items } = await owner.accessPoints({ limit: 1000 });
      const pending = await owner.requests({ statuses: ['pending'] }, { limit: 1000 });
      return items.map(({ id, name, ssid, onboardingSsid, lastSeenAt }) => ({
        apId: id,
        name,
        ssid,
        onboardingSsid,
        lastSeenAt,
        pending: pending.items.filter((request) => request.apId === id).length,
        agent: undefined,
      }));
    },
  };
}

const mostAttempts = 10_000;

/** Of all that the agent has; what came since the page before does not shift it. */
function pageOf<T extends { readonly id: string }>(all: readonly T[], { after, limit }: PageRequest): Page<T> {
  const before = after === undefined ? -1 : all.findIndex(({ id }) => id === after);
  if (after !== undefined && before < 0) {
    throw new LatchkeyError('invalid_input', 'This page does not continue this list.');
  }
  const start = before + 1;
  const items = all.slice(start, start + limit);
  return { items, next: start + limit < all.length ? items.at(-1)?.id : undefined };
}
