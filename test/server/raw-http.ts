import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

export interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection whose bytes are our own, for what no HTTP client would send. */
export class RawConnection {
  readonly socket: Socket;
  #received = '';
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => { this.#received += text; });
    // Being reset is one of the ways of being refused.
    socket.on('error', () => {});
    socket.on('close', () => { this.#ended = true; });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1' });
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** The next reply, or undefined if the connection closes without one. One to HEAD has a length and no body. */
  async reply({ toHead = false } = {}): Promise<RawReply | undefined> {
    for (;;) {
      const reply = this.#take(toHead);
      if (reply !== undefined || this.#ended) {
        return reply;
      }
      await this.#event();
    }
  }

  async closed(): Promise<void> {
    while (!this.#ended) {
      await this.#event();
    }
  }

  /** Something came or it is over; unlike `once` of node:events, a reset is no error here. */
  #event(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once('data', () => resolve());
      this.socket.once('close', () => resolve());
    });
  }

  #take(toHead: boolean): RawReply | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) {
      return undefined;
    }
    const [statusLine = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const bytes = Buffer.from(this.#received.slice(end + 4));
    const length = toHead ? 0 : Number(headers.get('content-length') ?? 0);
    if (bytes.length < length) {
      return undefined;
    }
    this.#received = bytes.subarray(length).toString();
    return { status: Number(statusLine.split(' ')[1]), headers, body: bytes.subarray(0, length).toString() };
  }
}

/** One request with the given bytes, and what comes back. */
export async function send(port: number, text: string | Uint8Array): Promise<RawReply | undefined> {
  const connection = await RawConnection.open(port);
  const reply = await connection.send(text).reply();
  connection.socket.destroy();
  return reply;
}

export interface RequestParts {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** The bytes of a request. */
export function requestBytes(method: string, path: string, { token, headers = {}, body }: RequestParts = {}): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body as string);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(bytes === undefined ? [] : [`Content-Length: ${bytes.length}`]),
    ...(bytes === undefined || 'Content-Type' in headers ? [] : ['Content-Type: application/json']),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes ?? Buffer.alloc(0)]);
}

/** One well-formed request on a connection of its own, and its reply. */
export async function ask(port: number, method: string, path: string, parts: RequestParts = {}): Promise<RawReply> {
  const reply = await send(port, requestBytes(method, path, parts));
  if (reply === undefined) {
    throw new Error(`${method} ${path}: the connection was closed`);
  }
  return reply;
}
