import { accessRequestFromWire } from '../api/access-requests.ts';
import { agentStatusFromWire, checkAgentAttempts, checkAgentRequests, checkAgentStatus, checkCredential, checkDecided, checkGrantMeter, checkNothing, checkStations, credentialFromWire, grantMeterFromWire, stationFromWire } from '../api/agent-control.ts';
import { attemptFromWire } from '../api/attempts.ts';
import { termsToWire } from '../api/grants.ts';
import type { Checked } from '../api/check.ts';
import { present } from '../api/wire.ts';
import type { AccessRequest } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';
import type { GrantTerms } from '../domain/grant.ts';
import { parseId } from '../domain/identifiers.ts';
import type { AgentControl, AgentStatus, ConnectedStation, GrantMeter } from '../roles/agent/ports.ts';
import type { Credential } from '../roles/device/ports.ts';
import { callSocket } from './socket-call.ts';

const timeoutMs = 45_000;
/** The agent is there, its server is not. */
const awayCodes: ReadonlySet<ErrorCode> = new Set(['remote_unreachable', 'server_unavailable']);

/** The agent that runs on this machine, over its Unix socket. Errors besides its own: `agent_unreachable`, `timed_out`, `bad_reply`. */
export class AgentControlClient implements AgentControl {
  readonly #path: string;

  constructor(socketPath: string) {
    this.#path = socketPath;
  }

  async status(): Promise<AgentStatus> {
    return agentStatusFromWire(await this.#call('GET', '/v1/status', checkAgentStatus));
  }

  async requests({ all }: { readonly all: boolean }): Promise<AccessRequest[]> {
    const { items } = await this.#call('GET', `/v1/access-requests?all=${all}`, checkAgentRequests);
    return items.map(accessRequestFromWire);
  }

  async approve(requestId: string, terms: GrantTerms = {}): Promise<AccessRequest> {
    const path = `/v1/access-requests/${parseId(requestId, 'request id')}/approve`;
    return this.#decide(path, termsToWire(terms));
  }

  async deny(requestId: string, reason?: string): Promise<AccessRequest> {
    const path = `/v1/access-requests/${parseId(requestId, 'request id')}/deny`;
    return this.#decide(path, present({ reason }));
  }

  async #decide(path: string, body: object): Promise<AccessRequest> {
    try {
      return accessRequestFromWire(await this.#call('POST', path, checkDecided, body));
    } catch (error) {
      // It tells its own reasons to its log alone, and the owner would take himself for the one who reaches nobody.
      const away = error instanceof LatchkeyError && awayCodes.has(error.code);
      throw away ? new LatchkeyError(error.code, 'The agent cannot reach its server; a request that nobody has decided stays pending.', { cause: error }) : error;
    }
  }

  async attempts(limit: number): Promise<Attempt[]> {
    const { items } = await this.#call('GET', `/v1/attempts?limit=${limit}`, checkAgentAttempts);
    return items.map(attemptFromWire);
  }

  async reveal(grantId: string): Promise<Credential> {
    const path = `/v1/grants/${parseId(grantId, 'grant id')}/credential`;
    return credentialFromWire(await this.#call('GET', path, checkCredential));
  }

  async stations(): Promise<ConnectedStation[]> {
    const { items } = await this.#call('GET', '/v1/stations', checkStations);
    return items.map(stationFromWire);
  }

  async usage(grantId: string): Promise<GrantMeter> {
    const path = `/v1/grants/${parseId(grantId, 'grant id')}/usage`;
    return grantMeterFromWire(await this.#call('GET', path, checkGrantMeter));
  }

  async claimNetwork(networkId: string): Promise<void> {
    const path = `/v1/networks/${parseId(networkId, 'network id')}/claim`;
    await this.#call('POST', path, checkNothing);
  }

  #call<T>(method: 'GET' | 'POST', path: string, check: (value: unknown) => Checked<T>, body?: object): Promise<T> {
    return callSocket({ socketPath: this.#path, method, path, check, body, timeoutMs, unreachable: 'agent_unreachable' });
  }
}
