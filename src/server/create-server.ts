import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Clock, Random } from '../domain/clock.ts';
import type { LossBearer } from '../domain/credit-code.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { AuditJournal } from '../roles/audit-journal.ts';
import { ApNonces } from '../roles/ap/ap-nonce.ts';
import { Housekeeping, housekeepingMs, repeatedly } from '../roles/housekeeping.ts';
import type { PaymentProvider } from '../roles/ledger/payment-provider.ts';
import { askForPending, type LedgerServiceContext } from '../roles/ledger/top-ups.ts';
import { auditEntry } from '../roles/service-context.ts';
import type { Store } from '../roles/store.ts';
import type { VerificationSender } from '../roles/wallet/ports.ts';
import { VerificationPost, verificationRetryMs } from '../roles/wallet/verification-post.ts';
import { answering } from './answering.ts';
import { Authentication, LastUses } from './authentication.ts';
import { clientAddress } from './client-address.ts';
import { answerClientError, boundConnections } from './connections.ts';
import { EventStreams } from './event-streams.ts';
import { Exchange } from './exchange.ts';
import { usualLimits, type Limits } from './limits.ts';
import { makeLog, type Log, type LogOptions } from './log.ts';
import { Metrics, type BackgroundTask } from './metrics.ts';
import { operations } from './operations.ts';
import { RateLimit } from '../roles/rate-limit.ts';
import { Router } from './router.ts';
import { apiEndpoints } from './routes.ts';
import type { ServicesContext } from './services.ts';
import { webhooks } from './webhooks.ts';

/** How often streams of revoked tokens are looked for. */
const revocationMs = 2_000;

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
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: readonly string[] | undefined;
  /** How verification codes leave; without it no terminal can be bound. */
  readonly verificationSender?: VerificationSender | undefined;
  /** Whether terminals may choose `md5` (protocol.md section 4). */
  readonly allowMd5?: boolean | undefined;
  /** Who pays a shop what was spent beyond a credit payment code’s limit; the payee bears it if not given. */
  readonly codeLosses?: LossBearer | undefined;
  /** Who collects money for top-ups, beside the ledger itself. */
  readonly providers?: readonly PaymentProvider[] | undefined;
  /** How many witnesses have to hear each radio of a network that is to be proven; none if not given. */
  readonly witnesses?: number | undefined;
  /** After how long a network is to be proven again, in milliseconds. */
  readonly proveAgainMs?: number | undefined;
  readonly housekeepingMs?: number | undefined;
}

export interface LatchkeyServer {
  readonly http: Server;
  readonly log: Log;
  /** Ends what it began: nothing new is accepted, what was accepted is answered, what waits is answered early. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * The registry over HTTP: parse → role → render. It accepts connections once `listen` (listen.ts) is called on it.
 * Errors: `invalid_input` for a certificate, key or proxy that is none.
 */
export function createServer(options: ServerOptions): LatchkeyServer {
  const { store, clock, random, reuse, verificationSender: sender, allowMd5, codeLosses, providers, witnesses, proveAgainMs } = options;
  const limits: Limits = { ...usualLimits, ...options.limits };
  const log = makeLog(options.log);
  const stopping = new AbortController();
  const http = makeHttpServer(options, limits);
  http.timeout = limits.silenceMs;
  const connections = boundConnections(http, limits);
  http.on('clientError', answerClientError);
  http.on('error', (error) => {
    // Before it listens, who asked it to hears of that.
    if (http.listening) log.error({ err: error }, 'a connection was not accepted');
  });

  const metrics = new Metrics(connections.open);
  const failed = (task: BackgroundTask) => (error: unknown) => {
    metrics.backgroundFailure(task);
    log.error({ err: error, task }, 'background work failed');
  };
  const streams = new EventStreams(limits, failed('streams'));
  metrics.gauge('latchkey_event_streams', 'Open streams of events', () => streams.count);
  const journal = new AuditJournal(store, failed('journal'));
  const apNonces = new ApNonces(random);
  const lastUses = new LastUses(store, clock);
  const authentication = new Authentication(store);
  const guesses = new RateLimit(limits.guesses);
  const tellings = new RateLimit(limits.tellings);
  const ledger: LedgerServiceContext = {
    store,
    clock,
    random,
    actor: { kind: 'local' },
    providers,
    onTopUpTrouble: ({ id, provider, state, reference }, error) => {
      log.error({ topup_id: id, provider, state, reference, error_code: error.code, err: error }, 'a top-up needs looking into');
    },
  };
  const verificationPost = sender && new VerificationPost({
    store,
    clock,
    sender,
    onTrouble: ({ id, accountId, terminalId }, error, isFirst) => {
      metrics.backgroundFailure('verifications');
      if (!isFirst) return;
      journal.record(auditEntry(ledger, { action: 'account.code_unsent', detail: { account_id: accountId!, terminal_id: terminalId, verification_id: id } }));
      log.error({ verification_id: id, account_id: accountId, terminal_id: terminalId, err: error }, 'a verification code was not sent');
    },
  });
  const router = new Router([
    ...operations({ store, authentication, metrics }),
    ...webhooks({ context: ledger, metrics, guesses }),
    ...apiEndpoints({
      store,
      authentication,
      clock,
      context: (at, actor): ServicesContext => ({ ...ledger, store: at, actor, journal, apNonces, reuse, sendCode: verificationPost && (async (verification) => verificationPost.post(verification)), allowMd5, codeLosses, tellings, witnesses, proveAgainMs }),
      lastUses,
      metrics,
      streams,
      bodyBytes: limits.bodyBytes,
      perToken: new RateLimit(limits.perToken),
      guesses,
    }),
  ]);
  const answer = answering({
    router,
    perAddress: new RateLimit(limits.perAddress),
    unknown: metrics.route('any', 'unknown'),
    log,
  });
  const addressOf = clientAddress(options.trustProxy ?? []);
  const nextId = requestIds();
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(new Exchange(nextId(), request, response, addressOf(request), stopping.signal));
  });

  const housekeeper = new Housekeeping({ store, clock, random });
  const housekeeping = repeatedly(
    async () => {
      await housekeeper.keep();
      await lastUses.write();
    },
    options.housekeepingMs ?? housekeepingMs,
    failed('housekeeping'),
  );
  // Beside it: a provider may take long to answer.
  const asking = repeatedly(async () => void (await askForPending(ledger)), options.housekeepingMs ?? housekeepingMs, failed('topups'));
  const ending = repeatedly(() => streams.endRevoked((tokenIds) => store.tokens.revokedOf(tokenIds)), revocationMs, failed('streams'));
  const posting = verificationPost && repeatedly(() => verificationPost.sendLeft(), verificationRetryMs, failed('verifications'));
  return {
    http,
    log,
    async stop(graceMs = 10_000) {
      stopping.abort();
      await close(http, graceMs);
      await Promise.all([housekeeping.stop(), asking.stop(), ending.stop(), posting?.stop()]);
      await verificationPost?.settled();
      await journal.flush();
      await lastUses.write();
    },
  };
}

function makeHttpServer({ tls }: ServerOptions, limits: Limits): Server {
  const http = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    maxHeaderSize: 16_384,
  };
  if (tls === undefined) {
    return createHttpServer(http);
  }
  try {
    return createHttpsServer({ ...http, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: limits.handshakeMs });
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'The TLS certificate and key are not a pair in PEM.', { cause: error });
  }
}

/** Stops accepting and waits for what is under way; what is not over by the end of the grace is cut off. */
async function close(http: Server, graceMs: number): Promise<void> {
  if (!http.listening) {
    return;
  }
  const cut = setTimeout(() => http.closeAllConnections(), graceMs);
  await new Promise((resolve) => {
    http.close(resolve);
    http.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** Ids that name a request in the log: random for the process, counted within. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${prefix}-${(count += 1).toString(36)}`;
}
