import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DbusSession } from '../../src/secrets/dbus-session.ts';

const startMs = 10_000;

/** A D-Bus session of its own, in a home of its own. */
export interface Session {
  /** To be merged into the environment of children; the session belongs to whoever has it. */
  readonly env: Readonly<Record<string, string>>;
  readonly socketPath: string;
  /** Ends everything that was started and removes its files. */
  stop(): Promise<void>;
}

export interface SecretService extends Session {
  /** Locks the default collection, for good: nobody is there to unlock it. */
  lock(): Promise<void>;
  /** Stops the daemon where it stands, so that it answers nothing; `thaw` lets it go on. */
  freeze(): Promise<{ thaw(): void }>;
}

/** GNOME Keyring as on a machine without a desktop, with an unlocked, empty default collection. */
export async function startSecretService(): Promise<SecretService> {
  const session = await startEmptySession();
  // The lone newline is the password of the new keyring.
  const keyring = startTied(`printf '\\n' | gnome-keyring-daemon --unlock --components=secrets --foreground`, session.env);
  const stop = async () => {
    await keyring.stop();
    await session.stop();
  };
  try {
    await overDbus(session.socketPath, untilOnTheBus);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...session,
    stop,
    lock: () => overDbus(session.socketPath, lock),
    async freeze() {
      const pid = await overDbus(session.socketPath, pidOfService);
      process.kill(pid, 'SIGSTOP');
      return { thaw: () => process.kill(pid, 'SIGCONT') };
    },
  };
}

/** A D-Bus session in which nothing offers secrets, nor can be started to. */
export async function startEmptySession(): Promise<Session> {
  const home = await mkdtemp(join(tmpdir(), 'lk-dbus-'));
  const socketPath = join(home, 'bus');
  const configFile = join(home, 'dbus.conf');
  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${socketPath}`,
    DISPLAY: '',
    WAYLAND_DISPLAY: '',
  };
  await mkdir(env.XDG_DATA_HOME, { mode: 0o700 });
  await writeFile(configFile, busConfig(socketPath));
  const bus = startTied(`dbus-daemon --config-file=${configFile} --nofork --print-address`, env);
  const stop = async () => {
    await bus.stop();
    await rm(home, { recursive: true, force: true });
  };
  try {
    // It prints its address as soon as it listens.
    await once(bus.stdout, 'data', { signal: AbortSignal.timeout(startMs) });
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, socketPath, stop };
}

/** A daemon that ends by its pid when it is stopped, and also when this process is killed: its shell waits on a pipe. */
function startTied(command: string, env: Session['env']) {
  const script = `${command} & daemon=$!; cat >/dev/null; kill $daemon; wait $daemon; exit 0`;
  const shell = spawn('sh', ['-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(shell, 'exit');
  return {
    stdout: shell.stdout,
    async stop() {
      shell.stdin.end();
      shell.stdout.resume();
      await exited;
    },
  };
}

const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
const secrets = {
  destination: 'org.freedesktop.secrets',
  path: '/org/freedesktop/secrets',
  interface: 'org.freedesktop.Secret.Service',
};

async function untilOnTheBus(session: DbusSession): Promise<void> {
  const change = await session.subscribe({ ...bus, member: 'NameOwnerChanged' });
  const [isThere] = await session.call(
    { ...bus, member: 'NameHasOwner', signature: 's', args: [secrets.destination] },
    'b',
  );
  if (isThere !== true) {
    await change.first;
    await untilOnTheBus(session);
  }
}

async function lock(session: DbusSession): Promise<void> {
  const [collection = ''] = await session.call({ ...secrets, member: 'ReadAlias', signature: 's', args: ['default'] }, 'o');
  await session.call({ ...secrets, member: 'Lock', signature: 'ao', args: [[collection]] }, 'aoo');
}

async function pidOfService(session: DbusSession): Promise<number> {
  const [pid] = await session.call(
    { ...bus, member: 'GetConnectionUnixProcessID', signature: 's', args: [secrets.destination] },
    'u',
  );
  return Number(pid);
}

async function overDbus<T>(socketPath: string, work: (session: DbusSession) => Promise<T>): Promise<T> {
  const session = await DbusSession.open(socketPath, startMs);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}

function busConfig(socketPath: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socketPath}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}
