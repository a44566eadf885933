import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemMediaType } from '../api/problem.ts';
import { routes, type Route, type RouteName } from '../api/routes.ts';
import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import type { Actor } from '../domain/token.ts';
import { secretHash } from '../roles/admin/token-secret.ts';
import type { ApServiceContext } from '../roles/ap/service.ts';
import type { Store } from '../roles/store.ts';
import { authenticate, authorize, type LastUses } from './authentication.ts';
import { handlers } from './handlers/index.ts';
import type { Call } from './handlers/handler.ts';
import { keepReply } from './kept-replies.ts';
import type { Metrics } from './metrics.ts';
import { renderProblem } from './problems.ts';
import { addressKey, type RateLimit } from './rate-limit.ts';
import { Services } from './services.ts';

export interface RouteContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly context: (store: Store, actor: Actor) => ApServiceContext;
  readonly lastUses: LastUses;
  readonly metrics: Metrics;
  readonly stopping: AbortSignal;
  readonly perToken: RateLimit;
  readonly perAddress: RateLimit;
  readonly guesses: RateLimit;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; before somebody is known, the server itself. */
    actor: Actor;
  }
}

/** Who asks where no token is needed. */
const nobody: Actor = { kind: 'local' };

export function addRoutes(app: FastifyInstance, context: RouteContext): void {
  app.decorateRequest('actor');
  for (const [name, route] of Object.entries<Route>(routes)) {
    addRoute(app, name as RouteName, route, context);
  }
}

function addRoute(app: FastifyInstance, name: RouteName, route: Route, context: RouteContext): void {
  const counted = context.metrics.route(route.method, route.path);
  app.route({
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    schema: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(route.body === undefined ? {} : { body: route.body }),
      ...(route.reply === undefined ? {} : { response: { [route.status]: route.reply } }),
    },
    onRequest: (request, reply, done) => {
      admit(route, context, request, reply).then(() => done(), done);
    },
    onResponse: (_request, reply, done) => {
      counted.observe(reply.statusCode, reply.elapsedTime / 1000);
      done();
    },
    handler: (request, reply) => answer(name, route, context, request, reply),
  });
}

/** Limits, token and role, before a body is read. */
async function admit(route: Route, context: RouteContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { store, perAddress, perToken, guesses, lastUses, stopping } = context;
  reply.header('x-request-id', request.id).header('cache-control', 'no-store');
  if (stopping.aborted) {
    reply.header('connection', 'close');
  }
  const address = addressKey(request.ip);
  refuseIf(perAddress.take(address));
  if (request.headers['content-encoding'] !== undefined) {
    throw new LatchkeyError('unsupported_media_type', 'Send the body as it is, without a content encoding.');
  }
  if (route.roles === 'anyone') {
    request.actor = nobody;
    return;
  }
  const token = await authenticate(store, request.headers.authorization).catch((error: unknown) => {
    refuseIf(error instanceof LatchkeyError && error.http === 401 ? guesses.take(address) : 0);
    throw error;
  });
  refuseIf(perToken.take(token.id));
  authorize(route.roles, token);
  lastUses.note(token.id);
  request.actor = { kind: 'token', token };
}

function refuseIf(waitSeconds: number): void {
  if (waitSeconds > 0) {
    throw new LatchkeyError('rate_limited', undefined, { retryAfter: waitSeconds });
  }
}

async function answer(
  name: RouteName,
  route: Route,
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const signal = () => AbortSignal.any([context.stopping, goneSignal(reply.raw)]);
  const handle = handlers[name] as (call: Call<Route>) => Promise<unknown>;
  const work = (store: Store) =>
    handle({
      // Checked against the route's schemas by now, which Fastify's types do not know.
      params: request.params as never,
      query: request.query as never,
      body: request.body as never,
      services: new Services(context.context(store, request.actor)),
      signal,
    });
  const key = route.idempotent === true ? idempotencyKey(request) : undefined;
  reply.code(route.status);
  if (key === undefined) {
    const result = route.roles === 'anyone' ? await guessed(context, request, () => work(context.store)) : await work(context.store);
    return result === undefined ? reply.send() : result;
  }
  const kept = () =>
    keepReply(
      context.store,
      context.clock,
      { scope: keyScope(name, request), key, request: `${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}` },
      async (tx) => {
        const result = await work(tx);
        return { status: route.status, body: result === undefined ? '' : String(reply.serialize(result)) };
      },
      // What nobody has to authenticate for must not fill the database.
      route.roles === 'anyone' ? undefined : (error) => ({ status: error.http, body: renderProblem(error, request.id) }),
    );
  const { status, body } = route.roles === 'anyone' ? await guessed(context, request, kept) : await kept();
  if (body === '') {
    return reply.code(status).send();
  }
  return reply.code(status).type(status < 400 ? 'application/json; charset=utf-8' : problemMediaType).serializer(String).send(body);
}

/** What needs no token is tried by guessing: each try costs, and is given back when it was right. */
async function guessed<T>({ guesses }: RouteContext, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  const address = addressKey(request.ip);
  refuseIf(guesses.take(address));
  const result = await work();
  guesses.giveBack(address);
  return result;
}

function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !isId(key))) {
    throw new LatchkeyError('invalid_input', 'An Idempotency-Key has 1 to 64 letters, digits, "_" and "-".');
  }
  return key;
}

/** Token and route; an enrolment, which has no token, has its code. */
function keyScope(name: RouteName, request: FastifyRequest): string {
  const { actor } = request;
  if (actor.kind === 'token') {
    return `${actor.token.id} ${name}`;
  }
  const { code } = request.body as { code: string };
  return `${Buffer.from(secretHash(code)).toString('base64url')} ${name}`;
}

/** Aborted when the caller's connection closes before the answer was written. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

const patterns = Object.values<Route>(routes).map((route) => ({
  method: route.method,
  pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The methods that a path answers to; undefined if it answers to none. */
export function allowedMethods(url: string): string[] | undefined {
  const path = url.split('?', 1)[0]!;
  const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  if (['/healthz', '/readyz', '/metrics', '/openapi.json'].includes(path)) {
    methods.push('GET');
  }
  return methods.length === 0 ? undefined : methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}
