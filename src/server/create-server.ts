import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Schema } from '../api/schema.ts';
import type { Clock, Random } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { ApServiceContext } from '../roles/ap/service.ts';
import { AuditJournal } from '../roles/audit-journal.ts';
import type { Store } from '../roles/store.ts';
import { LastUses } from './authentication.ts';
import { answerClientError, boundConnections } from './connections.ts';
import { keepHouse, repeatedly } from './housekeeping.ts';
import { acceptJsonOnly } from './json-body.ts';
import { usualLimits, type Limits } from './limits.ts';
import { loggerOptions, type LogOptions } from './log.ts';
import { Metrics } from './metrics.ts';
import { addOperations } from './operations.ts';
import { sendProblem, toLatchkeyError } from './problems.ts';
import { RateLimit } from './rate-limit.ts';
import { addRoutes, allowedMethods } from './routes.ts';
import { requestCheck } from './validation.ts';

export interface ServerOptions {
  /** Opened and closed by the caller, who closes it after `stop`. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Certificate chain and private key, PEM; without them it is plain HTTP. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
  readonly log?: LogOptions | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Spent devices verify and are let in again, on test benches. */
  readonly reuse?: boolean | undefined;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: readonly string[] | undefined;
  readonly housekeepingMs?: number | undefined;
}

export interface LatchkeyServer {
  readonly app: FastifyInstance;
  /** Ends what it began: nothing new is accepted, what was accepted is answered, what waits is answered early. */
  stop(graceMs?: number): Promise<void>;
}

/** The registry over HTTP: parse → role → render. It listens once `listen` (listen.ts) is called on it. */
export async function createServer(options: ServerOptions): Promise<LatchkeyServer> {
  const { store, clock, random } = options;
  const limits: Limits = { ...usualLimits, ...options.limits };
  const stopping = new AbortController();

  const app = makeApp(options, limits);
  const connections = boundConnections(app.server, limits);
  const metrics = new Metrics(connections.open);
  const failed = (task: 'housekeeping' | 'journal') => (error: unknown) => {
    metrics.backgroundFailure(task);
    app.log.error({ err: error, task }, 'background work failed');
  };
  const journal = new AuditJournal(store, failed('journal'));
  const lastUses = new LastUses(store, clock);

  acceptJsonOnly(app);
  app.setValidatorCompiler(({ schema, httpPart }) => requestCheck(schema as Schema, httpPart ?? 'body'));
  app.setErrorHandler((error, request, reply) => {
    const refused = toLatchkeyError(error);
    logFailure(request, refused);
    return sendProblem(reply, refused);
  });
  const unknownRoute = metrics.route('any', 'unknown');
  app.setNotFoundHandler({}, (request, reply) => {
    const allowed = allowedMethods(request.url);
    unknownRoute.observe(allowed === undefined ? 404 : 405, reply.elapsedTime / 1000);
    return allowed === undefined
      ? sendProblem(reply, new LatchkeyError('route_not_found'))
      : sendProblem(reply.header('allow', allowed.join(', ')), new LatchkeyError('method_not_allowed'));
  });
  addOperations(app, { store, metrics, stopping: stopping.signal });
  addRoutes(app, {
    store,
    clock,
    context: (at, actor): ApServiceContext => ({ store: at, clock, random, actor, journal, reuse: options.reuse }),
    lastUses,
    metrics,
    stopping: stopping.signal,
    perToken: new RateLimit(limits.perToken),
    perAddress: new RateLimit(limits.perAddress),
    guesses: new RateLimit(limits.guesses),
  });
  await app.ready();

  const housekeeping = repeatedly(
    () => keepHouse({ store, clock, random, lastUses }),
    options.housekeepingMs ?? 5_000,
    failed('housekeeping'),
  );
  return {
    app,
    async stop(graceMs = 10_000) {
      stopping.abort();
      const overdue = setTimeout(() => app.server.closeAllConnections(), graceMs);
      try {
        await app.close();
      } finally {
        clearTimeout(overdue);
      }
      await housekeeping.stop();
      await journal.flush();
      await lastUses.write();
    },
  };
}

function makeApp(options: ServerOptions, limits: Limits): FastifyInstance {
  const { tls, log, trustProxy } = options;
  const connection = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    maxHeaderSize: 16_384,
  };
  const common = {
    bodyLimit: limits.bodyBytes,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    // What arrives while we stop, on connections that we still hold, was accepted: it is answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: 512, caseSensitive: true },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, toLatchkeyError(error));
    },
    clientErrorHandler: answerClientError,
    trustProxy: trustProxy === undefined ? false : [...trustProxy],
    logger: log === undefined ? false : loggerOptions(log),
    // Requests are logged by us, with their id; a logger for each would cost more than the rest of the framework.
    childLoggerFactory: (logger: FastifyInstance['log']) => logger,
  };
  // Only one of the two is given, so both are of the same shape to those who use it.
  return tls === undefined
    ? Fastify({ ...common, http: connection })
    : (Fastify({
        ...common,
        https: { ...connection, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: limits.handshakeMs },
      }) as unknown as FastifyInstance);
}

/** Ids that name a request in the log: random for the process, counted within. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${prefix}-${(count += 1).toString(36)}`;
}

function logFailure(request: FastifyRequest, error: LatchkeyError): void {
  if (error.http >= 500) {
    request.log.error(
      { request_id: request.id, method: request.method, route: request.routeOptions.url, error_code: error.code, err: error.cause ?? error },
      'request failed',
    );
  }
}
