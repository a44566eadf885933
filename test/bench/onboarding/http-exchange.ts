import type { Duplex } from 'node:stream';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One question at a time in HTTP/1.1 over a connection that is open: all that a device needs, and cheap. */
export class HttpExchange {
  readonly #connection: Duplex;
  #received = '';
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(connection: Duplex) {
    this.#connection = connection;
    connection.setEncoding('utf8');
    connection.on('data', (chunk: string) => this.#receive(chunk));
    connection.on('error', (error: Error) => this.#fail(error));
    connection.on('close', () => this.#fail(new Error('the other side closed the connection')));
  }

  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const content = body === undefined
      ? ''
      : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
    this.#connection.write(`${method} ${path} HTTP/1.1\r\nHost: latchkey\r\n${content}\r\n${text}`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const bodyStart = this.#received.indexOf('\r\n\r\n') + 4;
    if (bodyStart < 4) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1]);
    const body = this.#received.slice(bodyStart);
    // Characters are fewer than bytes at most: what is asked here answers in ASCII.
    if (body.length < length) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, body: JSON.parse(body) as Record<string, unknown> });
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
