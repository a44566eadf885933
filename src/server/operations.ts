import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../api/loopback.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Store } from '../roles/store.ts';
import { authenticate, authorize } from './authentication.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';

interface Operations {
  readonly store: Store;
  readonly metrics: Metrics;
  readonly stopping: AbortSignal;
}

/** What operators and their tools read; no token but for metrics from elsewhere, and no word about devices. */
export function addOperations(app: FastifyInstance, { store, metrics, stopping }: Operations): void {
  let openApi: string | undefined;

  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async () => {
    if (stopping.aborted) {
      throw new LatchkeyError('server_unavailable', 'The server is stopping.');
    }
    await store.ping();
    return { status: 'ok' };
  });

  app.get('/openapi.json', async (_request, reply) => {
    openApi ??= JSON.stringify(openApiDocument());
    return reply.type('application/json').serializer(String).send(openApi);
  });

  app.get('/metrics', async (request, reply) => {
    if (!isLoopback(request.ip)) {
      authorize(['admin', 'technician'], await authenticate(store, request.headers.authorization));
    }
    return reply.type(metrics.contentType).serializer(String).send(await metrics.render());
  });
}
