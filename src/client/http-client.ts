import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerCertificate } from 'node:tls';
import type { Agent, buildConnector, Dispatcher } from 'undici';
import { isLoopback } from '../api/loopback.ts';
import { problemFromWire, problemMediaType, problemSchema } from '../api/problem.ts';
import type { Route } from '../api/route.ts';
import type { BodyOf, ParamsOf, QueryOf, ReplyOf } from '../api/routes.ts';
import type { Schema } from '../api/schema.ts';
import { eventStreamMediaType, SentEventParser, type SentEvent } from '../api/event-stream.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { networkFailure } from './network-errors.ts';

export interface HttpClientOptions {
  /** `https://host[:port][/prefix]`; plain http to this machine, or elsewhere if allowed. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Certificates of the authorities to trust instead of the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** For a whole call with its repetitions. */
  readonly timeoutMs?: number | undefined;
  /** How often to try again when the connection fails. */
  readonly retries?: number | undefined;
  readonly allowInsecureHttp?: boolean | undefined;
  /** Who passes connections on to the server (protocol.md section 1, port 8432); over https, TLS is with the server all the same. */
  readonly via?: Gateway | undefined;
  /** Told with each reply how far this machine's clock is ahead of the server's, in milliseconds; negative if behind, 0 if that cannot be told. */
  readonly onClock?: ((aheadMs: number) => void) | undefined;
}

export interface Gateway {
  readonly host: string;
  readonly port: number;
}

/** What a route takes, each part where it takes it. */
export type CallInput<R> = Part<'params', ParamsOf<R>> & Part<'query', QueryOf<R>> & Part<'body', BodyOf<R>> & CallOptions;
type Part<Name extends string, T> = [T] extends [undefined] ? unknown : { readonly [N in Name]: T };

interface CallOptions {
  /** Made if absent, so that the call can be repeated safely. */
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Beyond the usual, for calls that wait at the server. */
  readonly waitMs?: number | undefined;
}

/** What to take of a stream. */
export interface StreamInput {
  /** Of the last block that came earlier. */
  readonly lastEventId: string | undefined;
  /** Without a byte for so long it is lost. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** One block of a stream, with its data checked when it is asked for. */
export interface StreamedBlock<R> extends Pick<SentEvent, 'id' | 'event' | 'retryMs'> {
  readonly reply: () => ReplyOf<R>;
}

interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

interface Modules {
  readonly agent: Agent;
  /** For calls that wait at the server: they neither hold up the others nor queue behind them. */
  readonly waiting: Agent;
  /** For streams, which are as long as they are. */
  readonly streaming: Agent;
  readonly parse: (schema: Schema, value: unknown) => unknown;
}

const usualTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
const largestReply = 64 * 1024 * 1024;
const longestBackoffMs = 5_000;

/**
 * Calls routes of a server. Every call may be repeated: those that change something carry an `Idempotency-Key`.
 * So it is repeated, within its time, when the connection fails and when the server says when to come again.
 * Errors: those of the route, `remote_unreachable`, `certificate_invalid`, `timed_out`, `bad_reply`, `interrupted`.
 */
export class HttpClient {
  readonly url: string;
  readonly #base: URL;
  readonly #options: HttpClientOptions;
  #modules: Promise<Modules> | undefined;

  /** Errors: `invalid_input`. */
  constructor(options: HttpClientOptions) {
    this.#base = parseBase(options);
    this.url = options.url;
    this.#options = options;
  }

  async call<const R extends Route>(route: R, input: CallInput<R>): Promise<ReplyOf<R>> {
    const { timeoutMs = usualTimeoutMs, retries = 2 } = this.#options;
    const key = route.idempotent !== undefined ? (input.idempotencyKey ?? randomBytes(16).toString('base64url')) : undefined;
    const modules = await this.#load();
    const endsAt = performance.now() + timeoutMs + (input.waitMs ?? 0);
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#exchange(modules, route, input as Parts, key, endsAt, input.signal);
      if ('reply' in outcome) {
        return outcome.reply as ReplyOf<R>;
      }
      const { error, retryAfterMs } = outcome;
      const backoff = Math.min(longestBackoffMs, 100 * 2 ** attempt) * (0.5 + Math.random());
      // Who says "at once" again and again is not asked any faster.
      const delay = retryAfterMs === undefined ? backoff : Math.max(retryAfterMs, backoff);
      const isLast = retryAfterMs === undefined && attempt >= retries;
      if (!outcome.mayRetry || isLast || performance.now() + delay >= endsAt) {
        throw error;
      }
      await this.#pause(delay, input.signal);
    }
  }

  /**
   * What a route streams, until the server ends it: over one connection, not repeated. Errors: as of a call; `timed_out` for an
   * answer that does not begin, or does not go on.
   */
  async *stream<const R extends Route>(route: R, { lastEventId, idleMs, signal }: StreamInput): AsyncGenerator<StreamedBlock<R>, void> {
    const { streaming, parse } = await this.#load();
    const askedAt = Date.now();
    let isBegun = false;
    try {
      const response = await streaming.request({
        origin: this.#base.origin,
        path: this.#pathOf(route, {}),
        method: route.method,
        headers: { ...this.#headers(false, undefined), accept: `${eventStreamMediaType}, ${problemMediaType}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
        headersTimeout: this.#options.timeoutMs ?? usualTimeoutMs,
        bodyTimeout: idleMs,
        signal,
      });
      this.#options.onClock?.(clockAhead(response.headers['date'], askedAt, Date.now()));
      const mediaType = mediaTypeOf(response);
      if (response.statusCode !== route.status || mediaType !== eventStreamMediaType) {
        throw refusal(response.statusCode, mediaType === problemMediaType ? await boundedText(response.body) : undefined, parse, retryAfterOf(response));
      }
      isBegun = true;
      const parser = new SentEventParser();
      for await (const piece of response.body) {
        for (const { data, ...block } of parser.push(piece as Uint8Array)) {
          yield { ...block, reply: () => parse(route.reply!, parseJson(data ?? '')) as ReplyOf<R> };
        }
      }
    } catch (error) {
      if (error instanceof LatchkeyError) {
        throw error;
      }
      if (signal.aborted) {
        throw new LatchkeyError('interrupted', undefined, { cause: error });
      }
      if (isIdle(error)) {
        throw new LatchkeyError('timed_out', `${this.#place} has said nothing for too long.`, { cause: error });
      }
      const failure = networkFailure(error, this.#place)?.error;
      // An end amid the body is one that the parser did not expect.
      throw isBegun && failure?.code === 'bad_reply' ? new LatchkeyError('remote_unreachable', `${this.#place} has gone away.`, { cause: error }) : failure ?? error;
    }
  }

  async close(): Promise<void> {
    const modules = await this.#modules;
    await Promise.all([modules?.agent.destroy(), modules?.waiting.destroy(), modules?.streaming.destroy()]);
    this.#modules = undefined;
  }

  /** Whom a connection is with, for people. */
  get #place(): string {
    const { via } = this.#options;
    return via === undefined ? this.#base.host : `${this.#base.host} by way of ${via.host}:${via.port}`;
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw new LatchkeyError('interrupted', undefined, { cause: error });
    }
  }

  async #exchange(
    { agent, waiting, parse }: Modules,
    route: Route,
    input: Parts,
    key: string | undefined,
    endsAt: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(endsAt - performance.now())));
    const askedAt = Date.now();
    try {
      const response = await (route.waits === true ? waiting : agent).request({
        origin: this.#base.origin,
        path: this.#pathOf(route, input),
        method: route.method,
        headers: this.#headers(input.body !== undefined, key),
        ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      this.#options.onClock?.(clockAhead(response.headers['date'], askedAt, Date.now()));
      return readReply(response, route, parse, await response.body.text());
    } catch (error) {
      if (error instanceof LatchkeyError) {
        throw error;
      }
      if (signal?.aborted === true) {
        throw new LatchkeyError('interrupted', undefined, { cause: error });
      }
      if (deadline.aborted) {
        throw new LatchkeyError('timed_out', `${this.#base.host} did not answer in time.`, { cause: error });
      }
      const failure = networkFailure(error, this.#place);
      if (failure === undefined) {
        throw error;
      }
      return { ...failure, retryAfterMs: undefined };
    }
  }

  #pathOf(route: Route, { params = {}, query = {} }: Parts): string {
    const path = route.path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(params[name])));
    const search = Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
      .join('&');
    return `${this.#base.pathname.replace(/\/$/, '')}${path}${search === '' ? '' : `?${search}`}`;
  }

  #headers(hasBody: boolean, key: string | undefined): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: `application/json, ${problemMediaType}`,
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    };
  }

  /** undici and the schema compiler cost start-up time, so they are loaded at the first call. */
  #load(): Promise<Modules> {
    return (this.#modules ??= (async () => {
      const [{ Agent, buildConnector }, { checker }] = await Promise.all([import('undici'), import('../api/check.ts')]);
      const { ca, via } = this.#options;
      const options = {
        allowH2: false,
        connections: 32,
        connectTimeout: connectTimeoutMs,
        // Bounded by the deadline of each call instead.
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: 30_000,
        maxResponseSize: largestReply,
        connect: via === undefined ? (ca === undefined ? {} : { ca }) : await connectorBy(via, this.#base, ca, buildConnector),
      };
      const checkers = new Map<Schema, ReturnType<typeof checker>>();
      const parse = (schema: Schema, value: unknown): unknown => {
        let check = checkers.get(schema);
        if (check === undefined) {
          check = checker(schema);
          checkers.set(schema, check);
        }
        const checked = check(value);
        if (!checked.ok) {
          const where = checked.problems.map(({ pointer, detail }) => `${pointer === '' ? 'it' : pointer} ${detail}`).join('; ');
          throw new LatchkeyError('bad_reply', `The reply is not what this call gives: ${where}.`);
        }
        return checked.value;
      };
      return { agent: new Agent(options), waiting: new Agent(options), streaming: new Agent({ ...options, maxResponseSize: -1 }), parse };
    })());
  }
}

/** Connects to the gateway, and to nobody's address but its own; the certificate has to be the server's. */
async function connectorBy(via: Gateway, { hostname, protocol }: URL, ca: string | undefined, build: typeof buildConnector): Promise<buildConnector.connector> {
  const [{ checkServerIdentity }, { isIP }] = await Promise.all([import('node:tls'), import('node:net')]);
  const server = hostname.replace(/^\[|\]$/g, '');
  const connect = build({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(ca === undefined ? {} : { ca }),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(server, certificate),
  });
  // No address is a name to ask for (RFC 6066, 3).
  const name = isIP(server) === 0 ? { servername: server } : {};
  return (_options, done) => connect({ hostname: via.host, protocol, port: String(via.port), ...name }, done);
}

type Outcome =
  | { readonly reply: unknown }
  | { readonly error: LatchkeyError; readonly mayRetry: boolean; readonly retryAfterMs: number | undefined };

/** By the Date of a reply (RFC 9110, 6.6.1), which is cut to the second, and was written between asking and hearing. */
function clockAhead(date: string | string[] | undefined, askedAt: number, heardAt: number): number {
  const writtenAt = Date.parse(String(date));
  const [earliest, latest] = [writtenAt, writtenAt + 999];
  return latest < askedAt ? askedAt - latest : earliest > heardAt ? heardAt - earliest : 0;
}

function parseBase({ url, allowInsecureHttp, via }: HttpClientOptions): URL {
  if (!URL.canParse(url)) {
    throw new LatchkeyError('invalid_input', 'The server’s address is not a URL such as https://latchkey.example.');
  }
  const base = new URL(url);
  if (base.protocol !== 'https:' && base.protocol !== 'http:') {
    throw new LatchkeyError('invalid_input', 'The server’s address begins with https:// (or http:// on this machine).');
  }
  if (base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
    throw new LatchkeyError('invalid_input', 'The server’s address has no user, password, query or fragment.');
  }
  const isNear = isLoopback(base.hostname) && (via === undefined || isLoopback(via.host));
  if (base.protocol === 'http:' && allowInsecureHttp !== true && !isNear) {
    throw new LatchkeyError('invalid_input', 'Plain http would show tokens and keys to everybody on the way: use https.');
  }
  return base;
}

function mediaTypeOf({ headers }: Dispatcher.ResponseData): string {
  return String(headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function retryAfterOf({ headers }: Dispatcher.ResponseData): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/** What does not fit is no problem document. */
async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Uint8Array[] = [];
  let left = 65_536;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    left -= piece.length;
    if (left < 0) break;
  }
  return Buffer.concat(pieces).toString();
}

/** undici's names for time-outs of its own. */
function isIdle(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'UND_ERR_BODY_TIMEOUT' || error.code === 'UND_ERR_HEADERS_TIMEOUT');
}

function readReply(
  response: Dispatcher.ResponseData,
  route: Route,
  parse: Modules['parse'],
  text: string,
): Outcome {
  const { statusCode } = response;
  const mediaType = mediaTypeOf(response);
  if (statusCode === route.status) {
    if (route.reply === undefined) {
      return { reply: undefined };
    }
    return { reply: parse(route.reply, mediaType === 'application/json' ? parseJson(text) : undefined) };
  }
  const retryAfter = retryAfterOf(response);
  const comeAgain = (statusCode === 503 || statusCode === 429) && retryAfter !== undefined;
  return {
    error: refusal(statusCode, mediaType === problemMediaType ? text : undefined, parse, retryAfter),
    mayRetry: comeAgain,
    retryAfterMs: comeAgain ? retryAfter * 1000 : undefined,
  };
}

function refusal(status: number, problem: string | undefined, parse: Modules['parse'], retryAfter: number | undefined): LatchkeyError {
  const options = retryAfter === undefined ? {} : { retryAfter };
  if (problem !== undefined) {
    const wire = parse(problemSchema, parseJson(problem)) as Parameters<typeof problemFromWire>[0];
    const known = problemFromWire(wire, retryAfter);
    return known ?? new LatchkeyError('bad_reply', `The server refuses with a code that is not known here (${status}).`);
  }
  return status === 502 || status === 503 || status === 504
    ? new LatchkeyError('server_unavailable', `Something before the server answers with ${status}.`, options)
    : new LatchkeyError('bad_reply', `The other side answers with ${status} and no problem document.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('bad_reply', 'The reply is not JSON.', { cause: error });
  }
}
