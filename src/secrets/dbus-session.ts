import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeCall, type DbusCall, type DbusMessage, type DbusValue } from './dbus-message.ts';

const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

/** A D-Bus error reply. `errorName` is of the kind `org.freedesktop.DBus.Error.ServiceUnknown`. */
export class DbusError extends Error {
  readonly errorName: string;

  constructor(errorName: string) {
    super(`D-Bus says ${errorName}`);
    this.name = 'DbusError';
    this.errorName = errorName;
  }
}

export class DbusTimeout extends Error {
  override name = 'DbusTimeout';
}

/**
 * A connection to the session bus, just enough to ask a service and to hear a signal. Nothing on it outlives its
 * time limit: when that is over everything that waits rejects with `DbusTimeout` and the socket is closed.
 */
export class DbusSession {
  readonly #socket: Socket;
  readonly #replies = new Map<number, PromiseWithResolvers<DbusMessage>>();
  readonly #signals = new Set<{ matches(signal: DbusMessage): boolean; heard: PromiseWithResolvers<DbusMessage> }>();
  #received = Buffer.alloc(0);
  #serial = 0;
  #timer: NodeJS.Timeout | undefined;
  #overdue: NodeJS.Immediate | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Errors: `DbusTimeout`, and the socket's own. `socketPath`: see `sessionBusPath`. */
  static async open(socketPath: string, limitMs: number): Promise<DbusSession> {
    const session = new DbusSession(connect({ path: socketPath }));
    session.limit(limitMs);
    try {
      await session.#authenticate();
      await session.call({ ...bus, member: 'Hello' }, 's');
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  #endLimit(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#overdue);
  }

  /** From now on the session may take this long. */
  limit(ms: number): void {
    this.#endLimit();
    this.#timer = setTimeout(() => {
      // What has come is read first: under load it may be we who are late.
      this.#overdue = setImmediate(() => this.#socket.destroy(new DbusTimeout(`no answer over D-Bus in ${ms} ms`)));
    }, ms);
  }

  /** The reply's arguments, which must be of the signature `replies`. Errors: `DbusError`, `DbusTimeout`, the socket's. */
  async call(call: DbusCall, replies: string): Promise<readonly DbusValue[]> {
    if (this.#socket.destroyed) {
      throw new Error('the D-Bus connection is closed');
    }
    this.#serial += 1;
    const reply = Promise.withResolvers<DbusMessage>();
    this.#replies.set(this.#serial, reply);
    this.#socket.write(encodeCall(this.#serial, call));
    const message = await reply.promise;
    if (message.type === 'error') {
      throw new DbusError(message.errorName ?? 'an error without a name');
    }
    return message.body(replies);
  }

  /** Begins to listen: a signal that comes after this has resolved is not missed. */
  async subscribe(to: Pick<DbusCall, 'path' | 'interface' | 'member'>): Promise<{ readonly first: Promise<DbusMessage> }> {
    const rule = `type='signal',path='${to.path}',interface='${to.interface}',member='${to.member}'`;
    await this.call({ ...bus, member: 'AddMatch', signature: 's', args: [rule] }, '');
    const heard = Promise.withResolvers<DbusMessage>();
    // Whoever stops to wait need not hear that the session ended.
    heard.promise.catch(() => undefined);
    this.#signals.add({
      heard,
      matches: (it) => it.path === to.path && it.interface === to.interface && it.member === to.member,
    });
    return { first: heard.promise };
  }

  close(): void {
    this.#endLimit();
    this.#socket.destroy();
  }

  /** SASL EXTERNAL: the bus sees whose socket it is (D-Bus specification, "Authentication Protocol"). */
  async #authenticate(): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#socket.once('connect', () => {
      const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
      this.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    });
    const onLine = (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      const end = this.#received.indexOf('\r\n');
      if (end === -1) {
        return;
      }
      const answer = this.#received.toString('latin1', 0, end);
      this.#received = this.#received.subarray(end + 2);
      this.#socket.off('data', onLine);
      if (!answer.startsWith('OK ')) {
        this.#socket.destroy(new DbusError('an AUTH command with REJECTED'));
        return;
      }
      this.#socket.write('BEGIN\r\n');
      this.#socket.on('data', (more: Buffer) => this.#receive(more));
      done.resolve();
    };
    this.#socket.on('data', onLine);
    this.#socket.on('error', (error) => this.#fail(error, done));
    this.#socket.on('close', () => this.#fail(new Error('the D-Bus connection was closed'), done));
    await done.promise;
  }

  #fail(error: Error, authentication: PromiseWithResolvers<void>): void {
    this.#endLimit();
    authentication.reject(error);
    for (const { reject } of this.#replies.values()) {
      reject(error);
    }
    for (const { heard } of this.#signals) {
      heard.reject(error);
    }
    this.#replies.clear();
    this.#signals.clear();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      for (let next = decodeMessage(this.#received); next !== undefined; next = decodeMessage(this.#received)) {
        this.#received = this.#received.subarray(next.length);
        this.#deliver(next.message);
      }
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error('a D-Bus message makes no sense'));
    }
  }

  #deliver(message: DbusMessage): void {
    if (message.type === 'signal') {
      for (const waiting of this.#signals) {
        if (waiting.matches(message)) {
          this.#signals.delete(waiting);
          waiting.heard.resolve(message);
        }
      }
      return;
    }
    const reply = message.replySerial === undefined ? undefined : this.#replies.get(message.replySerial);
    this.#replies.delete(message.replySerial ?? 0);
    reply?.resolve(message);
  }
}

/**
 * The Unix socket of the session bus as libsecret would find it: the first one of DBUS_SESSION_BUS_ADDRESS (D-Bus
 * specification, "Server Addresses"), else `bus` in XDG_RUNTIME_DIR. Undefined if neither names one.
 */
export function sessionBusPath(env: NodeJS.ProcessEnv): string | undefined {
  const address = env['DBUS_SESSION_BUS_ADDRESS'];
  if (!address) {
    return env['XDG_RUNTIME_DIR'] ? `${env['XDG_RUNTIME_DIR']}/bus` : undefined;
  }
  for (const [, parameters = ''] of address.matchAll(/(?:^|;)unix:([^;]*)/g)) {
    for (const pair of parameters.split(',')) {
      const [key, value = ''] = pair.split('=', 2);
      if (key === 'path') {
        return unescaped(value);
      }
      if (key === 'abstract') {
        return `\0${unescaped(value)}`;
      }
    }
  }
  return undefined;
}

function unescaped(value: string): string {
  const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
