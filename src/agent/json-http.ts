import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Checked } from '../api/check.ts';
import { problemMediaType, problemToWire } from '../api/problem.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';

/** The largest body that a device has any use for. */
const largestBody = 4096;
/** Requests under way on one connection; a device needs one. */
const mostAtOnce = 4;
/**
 * Requests that one connection is good for; whoever waits for longer makes another. Hundreds of requests in one
 * packet would all be held in memory until the last is answered, but for those beyond this.
 */
const mostOnOne = 16;

/** A request has to be there in full after this long. */
export const usualRequestMs = 10_000;

/** Options of every HTTP server here: nobody gets more time or room than a slow device needs. */
export function httpLimits(requestMs = usualRequestMs) {
  return {
    maxHeaderSize: 4096,
    headersTimeout: requestMs / 2,
    requestTimeout: requestMs,
    keepAliveTimeout: 10_000,
    connectionsCheckingInterval: requestMs / 10,
    noDelay: true,
  };
}
/** No traffic at all for this long ends a connection; longer than the longest wait for a decision. */
const silenceMs = 45_000;

export interface Call {
  readonly request: IncomingMessage;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** The body, checked. Errors: `invalid_input`, `payload_too_large`, `unsupported_media_type`. */
  body<T>(check: (value: unknown) => Checked<T>): Promise<T>;
  /** Aborts when the client goes away. */
  signal(): AbortSignal;
}

export interface Reply {
  readonly status: 200 | 201 | 204;
  readonly body?: object;
  /** In the place of a body: something else than JSON, or JSON of another media type. */
  readonly content?: { readonly type: string; readonly text: string } | undefined;
  /** In the place of a body: NDJSON, a line when it is there. It never rejects. */
  readonly lines?: ((write: (line: object) => void) => Promise<void>) | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called when the reply has left. */
  readonly sent?: (() => void) | undefined;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Each group in it is one of `params`. */
  readonly path: RegExp;
  handle(call: Call): Promise<Reply>;
}

interface ServeOptions {
  readonly routes: readonly Route[];
  readonly log: Log;
  /** A request that nobody could make sense of. */
  readonly onMalformed: (socket: Socket, detail: string) => void;
}

/** Serves JSON routes; every refusal is a problem document (RFC 9457) of the closed table. */
export function serveJson(server: Server, { routes, log, onMalformed }: ServeOptions): void {
  const underWay = new WeakMap<Socket, number>();
  server.setTimeout(silenceMs);
  server.maxRequestsPerSocket = mostOnOne;
  // Node would answer 503 for ever, and keep the connection.
  server.on('dropRequest', (_request: IncomingMessage, socket: Duplex) => socket.destroy());

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const count = (underWay.get(socket) ?? 0) + 1;
    if (count > mostAtOnce) {
      socket.destroy();
      return;
    }
    underWay.set(socket, count);
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    // An origin without a clock sends no Date (RFC 9110 section 6.6.1).
    response.sendDate = false;
    dispatch(routes, request, response).then(
      (reply) => send(response, reply),
      (error: unknown) => refuse(request, response, error, { log, onMalformed }),
    );
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const code = error.code ?? '';
    if (!(code.startsWith('HPE_') || code.startsWith('ERR_HTTP_')) || !socket.writable) {
      // The connection broke; nobody is there to be told.
      socket.destroy();
      return;
    }
    onMalformed(socket, code);
    const problem = JSON.stringify(problemToWire(new LatchkeyError('invalid_input', 'This is not a request that HTTP/1.1 knows.')));
    socket.end(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: ${problemMediaType}\r\ncontent-length: ${problem.length}\r\nconnection: close\r\n\r\n${problem}`,
      () => socket.destroy(),
    );
  });
}

async function dispatch(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<Reply> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  let allowed: string | undefined;
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match !== null && route.method === request.method) {
      return route.handle({
        request,
        params: match.slice(1),
        query: new URLSearchParams(search),
        body: (check) => readBody(request, check),
        signal: () => signalOf(response),
      });
    }
    allowed = match === null ? allowed : route.method;
  }
  if (allowed !== undefined) {
    response.setHeader('allow', allowed);
    throw new LatchkeyError('method_not_allowed');
  }
  throw new LatchkeyError('route_not_found', undefined, { hint: 'See protocol.md section 1.' });
}

function send(response: ServerResponse, { status, body, content, lines, headers, sent }: Reply): void {
  if (lines !== undefined) {
    response.writeHead(status, { 'content-type': 'application/x-ndjson', ...headers });
    void lines((line) => void response.write(`${JSON.stringify(line)}\n`)).then(() => response.end(sent));
    return;
  }
  const { type, text } = content ?? { type: 'application/json', text: body === undefined ? undefined : JSON.stringify(body) };
  if (text === undefined) {
    response.writeHead(status, headers);
    response.end(sent);
    return;
  }
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text, sent);
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  { log, onMalformed }: Pick<ServeOptions, 'log' | 'onMalformed'>,
): void {
  if (response.destroyed || response.headersSent) {
    return;
  }
  const error = thrown instanceof LatchkeyError ? thrown : new LatchkeyError('internal', undefined, { cause: thrown });
  if (error.code === 'internal') {
    log('error', 'A request failed inside the agent.', { path: request.url?.slice(0, 100), error: thrown });
  } else if (error.http === 400 || error.http === 413 || error.http === 415) {
    onMalformed(request.socket, error.code);
  }
  if (error.retryAfter !== undefined) {
    response.setHeader('retry-after', String(Math.ceil(error.retryAfter)));
  }
  if (hasUnreadBody(request) || error.code === 'hello_expired') {
    response.setHeader('connection', 'close');
  }
  const problem = JSON.stringify(problemToWire(error));
  response.writeHead(error.http, { 'content-type': problemMediaType, 'content-length': Buffer.byteLength(problem) });
  response.end(problem);
}

function hasUnreadBody({ headers, complete }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}

async function readBody<T>(request: IncomingMessage, check: (value: unknown) => Checked<T>): Promise<T> {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/json[ \t]*(?:;|$)/i.test(type)) {
    throw new LatchkeyError('unsupported_media_type');
  }
  const bytes = await readBytes(request);
  if (!isUtf8(bytes)) {
    throw new LatchkeyError('invalid_input', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new LatchkeyError('invalid_input', 'The body is not JSON.');
  }
  const checked = check(value);
  if (!checked.ok) {
    throw new LatchkeyError('invalid_input', undefined, { problems: checked.problems });
  }
  return checked.value;
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > largestBody) {
      reject(new LatchkeyError('payload_too_large'));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > largestBody) {
        request.pause();
        reject(new LatchkeyError('payload_too_large'));
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) {
        reject(new LatchkeyError('interrupted'));
      }
    });
  });
}

function signalOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
