import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { accessRequestToWire } from '../api/access-requests.ts';
import { agentStatusToWire, checkAgentApproval, checkAgentDenial, credentialToWire, grantMeterToWire, stationToWire } from '../api/agent-control.ts';
import { attemptToWire } from '../api/attempts.ts';
import { termsFromWire } from '../api/grants.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import type { AgentControl } from '../roles/agent/ports.ts';
import { httpLimits, serveJson, type Call, type Route } from './json-http.ts';

const idPath = '([A-Za-z0-9_-]{1,64})';
const mostAttempts = 10_000;
/** SQLITE_BUSY. */
const busy = 5;

/**
 * The agent's control over a Unix socket that only its user can open (mode 0600). Resolves when it listens; the
 * function that it resolves to ends it. Errors: `already_running`, `file_exists` (something else is at `path`),
 * `forbidden` (it is another user's).
 */
export async function serveControl(control: AgentControl, path: string, log: Log): Promise<() => Promise<void>> {
  return serveSocket(path, { routes: routesOf(control), log, running: 'An AP agent is running here already.' });
}

interface Served {
  readonly routes: readonly Route[];
  readonly log: Log;
  /** The words of `already_running`. */
  readonly running: string;
}

/** As `serveControl`, for any routes. Whoever calls may wait for as long as they like. */
export async function serveSocket(path: string, { routes, log, running }: Served): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = await onlyAgent(`${path}.lock`, running);
  try {
    await removeStale(path);
    const server = createServer(httpLimits());
    serveJson(server, { routes, log, onMalformed: () => {} });
    server.setTimeout(0);
    await listenPrivately(server, path);
    return async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      lock.close();
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function listenPrivately(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
}

/**
 * What this agent holds while it runs: SQLite's lock of an empty file, which ends with its holder (see docs/adr on
 * locks). Whether somebody answers on the socket would not tell two agents apart that start at the same time.
 */
async function onlyAgent(path: string, running: string): Promise<{ close(): void }> {
  const { DatabaseSync } = await import('node:sqlite');
  await makeEmptyFile(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error instanceof Error && 'errcode' in error && error.errcode === busy
      ? new LatchkeyError('already_running', running)
      : error;
  }
}

/** Not by SQLite, which would let others read and so hold it; a file that is there is not opened: closing it would end its lock. */
async function makeEmptyFile(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

/** What an agent left behind that was killed. */
async function removeStale(path: string): Promise<void> {
  let found: Stats;
  try {
    found = await lstat(path);
  } catch {
    return;
  }
  if (!found.isSocket()) {
    throw new LatchkeyError('file_exists', `${path} is where the agent is asked, and something else is there.`, { hint: 'Move it away.' });
  }
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    throw new LatchkeyError('forbidden', `${path} is another user’s.`, { hint: 'Set LATCHKEY_STATE_HOME to a folder of your own.' });
  }
  await unlink(path);
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
      handle: async (call) => {
        const terms = termsFromWire(await call.body(checkAgentApproval));
        return { status: 200, body: accessRequestToWire(await control.approve(call.params[0] ?? '', terms)) };
      },
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
      path: to('/stations'),
      handle: async () => ({ status: 200, body: { items: (await control.stations()).map(stationToWire) } }),
    },
    {
      method: 'GET',
      path: to('/attempts'),
      handle: async (call) => ({ status: 200, body: { items: (await control.attempts(limitOf(call))).map(attemptToWire) } }),
    },
    {
      method: 'GET',
      path: to(`/grants/${idPath}/credential`),
      handle: async ({ params: [id = ''] }) => ({ status: 200, body: credentialToWire(await control.reveal(id)) }),
    },
    {
      method: 'POST',
      path: to(`/networks/${idPath}/claim`),
      handle: async ({ params: [id = ''] }) => {
        await control.claimNetwork(id);
        return { status: 200, body: {} };
      },
    },
    {
      method: 'GET',
      path: to(`/grants/${idPath}/usage`),
      handle: async ({ params: [id = ''] }) => ({ status: 200, body: grantMeterToWire(await control.usage(id)) }),
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
