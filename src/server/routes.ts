import { Buffer } from 'node:buffer';
import { problemMediaType, problemToWire } from '../api/problem.ts';
import type { Route } from '../api/route.ts';
import { routes, type RouteName } from '../api/routes.ts';
import { clientOf } from '../domain/client-address.ts';
import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import type { Actor, Token } from '../domain/token.ts';
import { secretHash } from '../roles/admin/token-secret.ts';
import type { Store } from '../roles/store.ts';
import { authorize, type Authentication, type LastUses } from './authentication.ts';
import type { EventSource, EventStreams } from './event-streams.ts';
import { jsonMediaType, type Exchange } from './exchange.ts';
import { handlers } from './handlers/index.ts';
import { JsonText, type Call } from './handlers/handler.ts';
import { parseJsonBody, requireJson } from './json-body.ts';
import { keepReply } from './kept-replies.ts';
import type { Metrics } from './metrics.ts';
import { refuseIf, type RateLimit } from '../roles/rate-limit.ts';
import type { Endpoint, PathParams } from './router.ts';
import { Services, type ServicesContext } from './services.ts';
import { bodyCheck, paramsCheck, queryCheck } from './validation.ts';

export interface RouteContext {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly clock: Clock;
  readonly context: (store: Store, actor: Actor) => ServicesContext;
  readonly lastUses: LastUses;
  readonly metrics: Metrics;
  readonly streams: EventStreams;
  readonly bodyBytes: number;
  readonly perToken: RateLimit;
  /** Tries of who has no token that is known here. */
  readonly guesses: RateLimit;
}

/** The API's endpoints, from the table of routes. */
export function apiEndpoints(context: RouteContext): Endpoint[] {
  return Object.entries<Route>(routes).map(([name, route]) => new ApiEndpoint(name as RouteName, route, context));
}

interface Input {
  readonly key?: string | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** One route: token and role before anything is read; then parse → role → render. */
class ApiEndpoint implements Endpoint {
  readonly method;
  readonly path;
  readonly metrics;
  readonly #name: RouteName;
  readonly #route: Route;
  readonly #context: RouteContext;
  readonly #handle: (call: Call<Route>) => Promise<unknown>;
  readonly #checkParams: ((params: unknown) => unknown) | undefined;
  readonly #checkQuery: ((search: string) => unknown) | undefined;
  readonly #checkBody: ((body: unknown) => unknown) | undefined;

  constructor(name: RouteName, route: Route, context: RouteContext) {
    this.method = route.method;
    this.path = route.path;
    this.metrics = context.metrics.route(route.method, route.path);
    this.#name = name;
    this.#route = route;
    this.#context = context;
    // Its input is checked against the route's schemas, from which the handler's types are made.
    this.#handle = handlers[name] as (call: Call<Route>) => Promise<unknown>;
    this.#checkParams = route.params === undefined ? undefined : paramsCheck(route.params);
    this.#checkQuery = route.query === undefined ? undefined : queryCheck(route.query);
    this.#checkBody = route.body === undefined ? undefined : bodyCheck(route.body);
  }

  async serve(exchange: Exchange, params: PathParams): Promise<void> {
    const { guesses } = this.#context;
    const { roles } = this.#route;
    if (roles !== 'anyone') {
      await this.#answer(exchange, await this.#admit(exchange, roles), params);
      return;
    }
    // What needs no token is tried by guessing: each try costs, and is given back when it was right.
    const address = clientOf(exchange.address);
    refuseIf(guesses.take(address));
    await this.#answer(exchange, { kind: 'newcomer', from: exchange.address }, params);
    guesses.giveBack(address);
  }

  async #authenticate(exchange: Exchange): Promise<Token> {
    const { authentication, guesses } = this.#context;
    const token = await authentication.token(exchange.header('authorization'));
    if (token === undefined) {
      refuseIf(guesses.take(clientOf(exchange.address)));
      throw new LatchkeyError('unauthorized');
    }
    return token;
  }

  async #admit(exchange: Exchange, roles: Exclude<Route['roles'], 'anyone'>): Promise<Actor> {
    const { perToken, lastUses } = this.#context;
    const token = await this.#authenticate(exchange);
    refuseIf(perToken.take(token.id));
    authorize(roles, token);
    lastUses.note(token.id);
    return { kind: 'token', token };
  }

  async #answer(exchange: Exchange, actor: Actor, params: PathParams): Promise<void> {
    const input = {
      params: this.#checkParams?.(params),
      query: this.#checkQuery?.(exchange.search),
      body: this.#checkBody?.(parseJsonBody(await this.#read(exchange))),
    };
    const { idempotent, streams } = this.#route;
    if (streams === true && actor.kind === 'token') {
      const source = await this.#work(this.#context.store, actor, input, exchange) as EventSource;
      await this.#context.streams.serve(exchange, actor.token.id, source);
      return;
    }
    const key = idempotent === undefined ? undefined : idempotencyKey(exchange);
    if (key === undefined || idempotent === 'service') {
      const reply = await this.#work(this.#context.store, actor, { ...input, key }, exchange);
      if (this.#route.waits === true) {
        // Meanwhile its token may have been revoked.
        await this.#authenticate(exchange);
      }
      exchange.send(this.#route.status, jsonMediaType, toJson(reply));
      return;
    }
    const { status, body } = await this.#once(exchange, actor, input, key);
    exchange.send(status, status < 400 ? jsonMediaType : problemMediaType, body === '' ? undefined : body);
  }

  #read(exchange: Exchange): Promise<Buffer> {
    requireJson(exchange);
    return exchange.body(this.#route.bodyLimit ?? this.#context.bodyBytes);
  }

  #work(store: Store, actor: Actor, input: Input, exchange: Exchange): Promise<unknown> {
    const services = new Services(this.#context.context(store, actor));
    const { params, query, body, key } = input as Call<Route>;
    return this.#handle({ params, query, body, key, lastEventId: exchange.header('last-event-id'), services, signal: () => exchange.signal() });
  }

  /** The change and its reply, once for an `Idempotency-Key` (protocol.md section 3). */
  #once(exchange: Exchange, actor: Actor, input: Input, key: string) {
    const { store, clock } = this.#context;
    const { method, url } = exchange.request;
    return keepReply(
      store,
      clock,
      {
        scope: `${actor.kind === 'token' ? actor.token.id : scopeOfCode(input.body)} ${this.#name}`,
        key,
        request: `${method} ${url}\n${JSON.stringify(input.body ?? null)}`,
      },
      async (tx) => ({ status: this.#route.status, body: toJson(await this.#work(tx, actor, input, exchange)) ?? '' }),
      // What nobody has to authenticate for must not fill the database.
      actor.kind === 'newcomer' ? undefined : (error) => ({ status: error.http, body: JSON.stringify(problemToWire(error, exchange.id)) }),
    );
  }
}

function toJson(reply: unknown): string | undefined {
  return reply === undefined ? undefined : reply instanceof JsonText ? reply.text : JSON.stringify(reply);
}

function idempotencyKey({ request }: Exchange): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !isId(key))) {
    throw new LatchkeyError('invalid_input', 'An Idempotency-Key has 1 to 64 letters, digits, "_" and "-".');
  }
  return key;
}

/** Keys are a token's own; who enrols has none yet, but a code. */
function scopeOfCode(body: unknown): string {
  const { code } = body as { code: string };
  return Buffer.from(secretHash(code)).toString('base64url');
}
