import { chmod, mkdir, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { accessRequestToWire } from '../api/access-requests.ts';
import { agentStatusToWire, checkAgentDenial } from '../api/agent-control.ts';
import { attemptToWire } from '../api/attempts.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import type { AgentControl } from '../roles/agent/ports.ts';
import { httpLimits, serveJson, type Call, type Route } from './json-http.ts';

const idPath = '([A-Za-z0-9_-]{1,64})';
const mostAttempts = 10_000;

/**
 * The agent's control over a Unix socket that only its user can open (mode 0600). Resolves when it listens; the
 * function that it resolves to ends it. Errors: `already_running`.
 */
export async function serveControl(control: AgentControl, path: string, log: Log): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await removeStale(path);
  const server = createServer(httpLimits());
  serveJson(server, { routes: routesOf(control), log, onMalformed: () => {} });

  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'EADDRINUSE' ? new LatchkeyError('already_running', 'An AP agent is running here already.') : error);
      });
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/** A socket nobody answers on is what a killed agent left behind. */
async function removeStale(path: string): Promise<void> {
  const state = await new Promise<string>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('alive');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
  if (state === 'alive') {
    throw new LatchkeyError('already_running', 'An AP agent is running here already.');
  }
  if (state === 'ECONNREFUSED') {
    await unlink(path);
  }
}

function routesOf(control: AgentControl): Route[] {
  const to = (path: string) => new RegExp(`^/v1${path}$`);
  return [
    {
      method: 'GET',
      path: to('/status'),
      handle: async () => ({ status: 200, body: agentStatusToWire(await control.status()) }),
    },
    {
      method: 'GET',
      path: to('/access-requests'),
      handle: async ({ query }) => {
        const requests = await control.requests({ all: query.get('all') === 'true' });
        return { status: 200, body: { items: requests.map(accessRequestToWire) } };
      },
    },
    {
      method: 'POST',
      path: to(`/access-requests/${idPath}/approve`),
      handle: async ({ params: [id = ''] }) => ({ status: 200, body: accessRequestToWire(await control.approve(id)) }),
    },
    {
      method: 'POST',
      path: to(`/access-requests/${idPath}/deny`),
      handle: async (call) => {
        const { reason } = await call.body(checkAgentDenial);
        return { status: 200, body: accessRequestToWire(await control.deny(call.params[0] ?? '', reason)) };
      },
    },
    {
      method: 'GET',
      path: to('/attempts'),
      handle: async (call) => ({ status: 200, body: { items: (await control.attempts(limitOf(call))).map(attemptToWire) } }),
    },
    {
      method: 'GET',
      path: to(`/grants/${idPath}/credential`),
      handle: async ({ params: [id = ''] }) => ({ status: 200, body: await control.reveal(id) }),
    },
  ];
}

function limitOf({ query }: Call): number {
  const limit = Number(query.get('limit') ?? '100');
  if (!Number.isInteger(limit) || limit < 1 || limit > mostAttempts) {
    throw new LatchkeyError('invalid_input', `"limit" is a number from 1 to ${mostAttempts}.`);
  }
  return limit;
}
