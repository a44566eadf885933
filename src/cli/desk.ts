import type { AccessRequest } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import type { AgentControl, AgentStatus } from '../roles/agent/ports.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';
import type { Page } from '../roles/page.ts';

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
  requests(options: { readonly all: boolean; readonly limit: number }): Promise<Page<AccessRequest>>;
  /** Errors: as `AgentControl.approve`. */
  approve(requestId: string): Promise<AccessRequest>;
  deny(requestId: string, reason?: string): Promise<AccessRequest>;
  attempts(options: { readonly uuid?: string | undefined; readonly limit: number }): Promise<Page<Attempt & { readonly apId: string }>>;
  accessPoints(): Promise<AccessPointStatus[]>;
}

export function agentDesk(agent: AgentControl): Desk {
  return {
    async requests({ all, limit }) {
      return firstPage(await agent.requests({ all }), limit);
    },
    approve: (requestId) => agent.approve(requestId),
    deny: (requestId, reason) => agent.deny(requestId, reason),
    async attempts({ uuid, limit }) {
      const { apId } = await agent.status();
      const attempts = await agent.attempts(uuid === undefined ? limit : mostAttempts);
      const wanted = attempts.filter((attempt) => uuid === undefined || attempt.uuid === uuid);
      return firstPage(wanted.map((attempt) => ({ ...attempt, apId })), limit);
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
    requests: ({ all, limit }) => owner.requests(all ? {} : { statuses: ['pending'] }, { limit }),
    approve: (requestId) => owner.approve(requestId),
    deny: (requestId, reason) => owner.deny(requestId, reason),
    attempts: ({ uuid, limit }) => owner.attempts({ uuid }, { limit }),
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

function firstPage<T>(all: readonly T[], limit: number): Page<T> {
  return { items: all.slice(0, limit), next: undefined };
}
