import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

export interface PostgresServer {
  /** `postgres://…` of its database `postgres`, on loopback. */
  readonly url: string;
  /** Its Unix socket's folder and its port, for clients that take them. */
  readonly socketFolder: string;
  readonly port: number;
  /** Ends every session at once and comes back on the same port. */
  restart(): Promise<void>;
  /** A new, empty database of its own. */
  createDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }>;
  stop(): Promise<void>;
}

/** Debian's folder of PostgreSQL's programs, the newest version's. */
export async function postgresBin(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? await readdir(root) : [];
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a));
  if (newest === undefined) {
    throw new Error('PostgreSQL is not installed: install the package postgresql.');
  }
  return join(root, newest, 'bin');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : Promise.reject(new Error('no port'));
}

/** PostgreSQL refuses to run as root: there it runs as the user that its package made. */
async function ownUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)));
  return { uid: uid!, gid: gid! };
}

/**
 * A PostgreSQL server of its own: in a new folder, on a free port of loopback, everybody trusted.
 * `durable`: whether it flushes to disk, as it does by default; without, it is faster.
 */
export async function startPostgres(options: { durable?: boolean } = {}): Promise<PostgresServer> {
  const bin = await postgresBin();
  const user = await ownUser();
  const folder = await mkdtemp(join(tmpdir(), 'lk-pg-'));
  await chmod(folder, 0o755);
  if (user !== undefined) {
    await chown(folder, user.uid, user.gid);
  }
  const data = join(folder, 'data');
  const as = { ...user, cwd: folder };
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'latchkey', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], as);

  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    max_connections: 200,
    fsync: options.durable === true ? 'on' : 'off',
    log_min_messages: 'fatal',
  };
  const arguments_ = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const url = `postgres://latchkey@127.0.0.1:${port}/postgres`;

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(join(bin, 'postgres'), arguments_, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text; });
    while (!(await answers(url))) {
      if (child.exitCode !== null) {
        throw new Error(`PostgreSQL did not start: ${complaints}`);
      }
      await delay(20);
    }
    return child;
  };
  const end = async (child: ChildProcess) => {
    const exited = once(child, 'exit');
    child.kill('SIGQUIT'); // immediate: ends sessions without asking
    await exited;
  };

  let child = await start();
  // Should the tests die before they stop it.
  const kill = () => child.kill('SIGQUIT');
  process.once('exit', kill);
  return {
    url,
    socketFolder: folder,
    port,
    async restart() {
      await end(child);
      child = await start();
    },
    async createDatabase() {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await administer(url, `create database ${name}`);
      return {
        url: url.replace(/[^/]*$/, name),
        drop: () => administer(url, `drop database ${name} with (force)`),
      };
    },
    async stop() {
      process.off('exit', kill);
      await end(child);
      await rm(folder, { recursive: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return administer(url, 'select 1').then(() => true, () => false);
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}
