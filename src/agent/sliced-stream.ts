import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * A connection whose input comes in small slices, one a turn, and not at all once it is destroyed. Node's HTTP
 * parser makes objects for all requests that one packet of 64 KiB holds, thousands at the least size, before
 * anybody can say that this is too many; of a slice it makes a few.
 */
export class SlicedStream extends Duplex {
  readonly #socket: Socket;
  readonly #bytes: number;
  #rest: Buffer | undefined;

  constructor(socket: Socket, bytes: number) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#socket = socket;
    this.#bytes = bytes;
    socket.on('data', (chunk: Buffer) => {
      socket.pause();
      this.#rest = chunk;
      this.#slice();
    });
    socket.once('end', () => this.push(null));
    socket.once('error', (error) => this.destroy(error));
    socket.once('close', () => this.destroy());
    socket.on('timeout', () => this.emit('timeout'));
    socket.pause();
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  setTimeout(ms: number): this {
    this.#socket.setTimeout(ms);
    return this;
  }

  override _read(): void {
    if (this.#rest === undefined) {
      this.#socket.resume();
    } else {
      setImmediate(() => this.#slice());
    }
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#rest = undefined;
    this.#socket.destroy();
    done(error);
  }

  #slice(): void {
    const rest = this.#rest;
    if (rest === undefined || this.destroyed) {
      return;
    }
    this.#rest = rest.length > this.#bytes ? rest.subarray(this.#bytes) : undefined;
    this.push(rest.subarray(0, this.#bytes));
  }
}
