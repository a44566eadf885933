import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemMediaType, problemToWire } from '../api/problem.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { problemHeaders } from './problems.ts';

export const jsonMediaType = 'application/json';

/** What may still come of a body that nobody wants, before the connection is closed. */
const unwantedBytes = 1_048_576;

/** An answer as it goes on. */
export interface StreamedBody {
  /** Of what was written, too much has not been taken yet. */
  readonly isFull: boolean;
  write(text: string): void;
  /** Resolves once it is not full any more; to false if the client is gone or the time is over. */
  drained(withinMs: number): Promise<boolean>;
  end(): void;
  cut(): void;
}

/** One request and its answer. */
export class Exchange {
  /** Names the request in log and answer. */
  readonly id: string;
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stopping: AbortSignal;
  /** Of the client, which is not always that of the connection. */
  readonly address: string;

  constructor(id: string, request: IncomingMessage, response: ServerResponse, address: string, stopping: AbortSignal) {
    this.id = id;
    this.request = request;
    this.#response = response;
    this.address = address;
    this.#stopping = stopping;
  }

  get method(): string {
    return this.request.method ?? '';
  }

  get path(): string {
    const { url = '' } = this.request;
    const at = url.indexOf('?');
    return at < 0 ? url : url.slice(0, at);
  }

  get status(): number {
    return this.#response.statusCode;
  }

  /** The text after `?`, if there is one. */
  get search(): string {
    const { url = '' } = this.request;
    const at = url.indexOf('?');
    return at < 0 ? '' : url.slice(at + 1);
  }

  /**
   * The first of the headers of this name, which is in lower case. Node makes an object of all of them when it is
   * asked for one, which takes longer than looking through the few that there are.
   */
  header(name: string): string | undefined {
    const { rawHeaders } = this.request;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const found = rawHeaders[at]!;
      if (found.length === name.length && found.toLowerCase() === name) {
        return rawHeaders[at + 1];
      }
    }
    return undefined;
  }

  /** Aborted when the caller is gone or the server stops: what waits answers at once. */
  signal(): AbortSignal {
    return AbortSignal.any([this.#stopping, gone(this.#response)]);
  }

  /**
   * The whole body, none if there is none. Errors: `payload_too_large`; `interrupted` if the caller went away, which
   * nobody hears of.
   */
  body(limit: number): Promise<Buffer> {
    const { request } = this;
    if (Number(this.header('content-length') ?? 0) > limit) {
      return Promise.reject(new LatchkeyError('payload_too_large'));
    }
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const onData = (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) {
          request.off('data', onData);
          reject(new LatchkeyError('payload_too_large'));
        } else {
          chunks.push(chunk);
        }
      };
      request.on('data', onData);
      request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
      request.on('close', () => {
        if (!request.complete) {
          reject(new LatchkeyError('interrupted', 'The caller went away.'));
        }
      });
    });
  }

  /** Answers; `body` undefined is an answer without one. */
  send(status: number, mediaType: string, body: string | undefined, headers: readonly string[] = []): void {
    const response = this.#response;
    if (response.headersSent) {
      return;
    }
    const all = ['X-Request-Id', this.id, ...headers];
    if (this.method === 'GET') {
      all.push('Cache-Control', 'no-store');
    }
    if (body !== undefined) {
      all.push('Content-Type', mediaType, 'Content-Length', String(Buffer.byteLength(body)));
    }
    if (this.#stopping.aborted) {
      all.push('Connection', 'close');
    }
    response.writeHead(status, all);
    response.end(body);
  }

  /** Begins an answer that goes on; the connection serves nothing after it. */
  stream(mediaType: string): StreamedBody {
    const response = this.#response;
    // Proxies, too, are to let it through as it comes.
    response.writeHead(200, ['X-Request-Id', this.id, 'Content-Type', mediaType, 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'no', 'Connection', 'close']);
    return {
      get isFull() { return response.writableNeedDrain; },
      // To who is gone it is an error that nobody waits for.
      write: (text) => void (response.destroyed || response.write(text)),
      async drained(withinMs) {
        try {
          await once(response, 'drain', { signal: AbortSignal.any([AbortSignal.timeout(withinMs), gone(response)]) });
          return true;
        } catch {
          return false;
        }
      },
      end: () => void response.end(),
      cut: () => void response.destroy(),
    };
  }

  refuse(error: LatchkeyError, headers: readonly string[] = []): void {
    this.#discardBody();
    const problem = JSON.stringify(problemToWire(error, this.id));
    this.send(error.http, problemMediaType, problem, [...problemHeaders(error), ...headers]);
  }

  /** Reads on, so that the answer is not lost in a reset connection, but not for ever. */
  #discardBody(): void {
    const { request } = this;
    if (request.complete) {
      return;
    }
    let left = unwantedBytes;
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) {
        request.destroy();
      }
    });
  }
}

/** Aborted when the connection is closed. */
function gone(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return closed.signal;
}
