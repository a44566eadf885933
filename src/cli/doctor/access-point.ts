import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { tolerableMs } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { AgentStatus } from '../../roles/agent/ports.ts';
import { openAgentControl } from '../open-role.ts';
import { span } from '../present/time.ts';
import type { Check } from './checks.ts';

interface Listening {
  readonly host: string;
  readonly ports: readonly number[];
}

/** The agent's ports are its own, or free. */
export function portsCheck({ host, ports }: Listening): Check {
  return {
    name: 'ports',
    async look() {
      const agent = await runningAgent();
      for (const port of ports) {
        if (agent === undefined || ![agent.helloPort, agent.securePort].includes(port)) {
          await requireFree(port, host);
        }
      }
      return agent === undefined ? `${ports.join(' and ')} are free` : `the agent listens on ${agent.helloPort} and ${agent.securePort}`;
    },
  };
}

/** The agent, if it runs, reaches its server and agrees with it about the time. */
export function agentCheck(running: () => Promise<AgentStatus | undefined> = runningAgent): Check {
  return {
    name: 'agent',
    async look() {
      const agent = await running();
      if (agent === undefined) {
        return 'does not run';
      }
      if (!agent.server.reachable) {
        throw new LatchkeyError('server_unavailable', `The agent (process ${agent.pid}) does not reach its server.`, {
          hint: 'Check the network and the server; what is granted goes on meanwhile.',
        });
      }
      const { aheadMs = 0 } = agent.server;
      if (Math.abs(aheadMs) > tolerableMs) {
        throw new LatchkeyError('check_failed', `The agent’s clock is ${span(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} its server’s.`, {
          hint: 'Set the server’s clock if that is the wrong one. The agent follows what its server says for ten minutes.',
        });
      }
      return `runs as process ${agent.pid}`;
    },
  };
}

/** The radio, if the agent runs, has what the grants say. */
export function radioCheck(running: () => Promise<AgentStatus | undefined> = runningAgent): Check {
  return {
    name: 'radio',
    async look() {
      const agent = await running();
      if (agent === undefined) {
        return undefined;
      }
      const { kind, enforcement, trouble } = agent.radio;
      if (trouble !== undefined) {
        throw new LatchkeyError('radio_unreachable', trouble.detail, { hint: trouble.hint });
      }
      return enforcement === 'per-grant' ? `${kind}, in step with the grants` : `${kind}, ${enforcement === 'none' ? 'which enforces nothing' : 'one password for all'}`;
    },
  };
}

async function runningAgent(): Promise<AgentStatus | undefined> {
  const agent = await openAgentControl();
  try {
    return await agent.status();
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'agent_unreachable') {
      return undefined;
    }
    throw error;
  }
}

async function requireFree(port: number, host: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LatchkeyError('address_in_use', `Port ${port} is in use by another program.`, { hint: `Stop it (ss -ltnp 'sport = :${port}' names it), or choose another with --port and --secure-port.` })
          : new LatchkeyError('invalid_input', `It is not possible to listen on ${host}, port ${port}.`, { cause: error }),
      );
    });
    server.listen({ port, host }, resolve);
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** The interface of the onboarding network is there, up, and has an address. */
export function interfaceCheck(name: string | undefined): Check {
  return {
    name: 'onboarding interface',
    async look() {
      if (name === undefined) {
        return undefined;
      }
      const addresses = networkInterfaces()[name] ?? [];
      const state = operationalState(name);
      if (addresses.length === 0 && state === undefined) {
        throw new LatchkeyError('check_failed', `There is no interface ${name}.`, { hint: 'See `ip link` for those that there are.' });
      }
      if (state === 'down') {
        throw new LatchkeyError('check_failed', `${name} is down.`, { hint: `ip link set ${name} up` });
      }
      const ipv4 = addresses.find(({ family }) => family === 'IPv4');
      if (ipv4 === undefined) {
        throw new LatchkeyError('check_failed', `${name} has no IPv4 address.`, { hint: `Give it one: ip address add 192.168.4.1/24 dev ${name}` });
      }
      return `${name}, ${ipv4.address}`;
    },
  };
}

function operationalState(name: string): string | undefined {
  const path = `/sys/class/net/${name}/operstate`;
  return /^[\w.:@-]+$/.test(name) && existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
