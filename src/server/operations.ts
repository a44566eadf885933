import { isLoopback } from '../api/loopback.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Store } from '../roles/store.ts';
import { authorize, type Authentication } from './authentication.ts';
import { jsonMediaType, type Exchange } from './exchange.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Endpoint } from './router.ts';

interface Operations {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly metrics: Metrics;
}

const ok = JSON.stringify({ status: 'ok' });

/** What operators and their tools read; no token but for metrics from elsewhere, and no word about devices. */
export function operations({ store, authentication, metrics }: Operations): Endpoint[] {
  let openApi: string | undefined;
  const get = (path: string, serve: (exchange: Exchange) => Promise<void>): Endpoint => ({
    method: 'GET',
    path,
    metrics: metrics.route('GET', path),
    serve,
  });
  return [
    get('/healthz', async (exchange) => exchange.send(200, jsonMediaType, ok)),
    get('/readyz', async (exchange) => {
      await store.ping();
      exchange.send(200, jsonMediaType, ok);
    }),
    get('/openapi.json', async (exchange) => {
      openApi ??= JSON.stringify(openApiDocument());
      exchange.send(200, jsonMediaType, openApi);
    }),
    get('/metrics', async (exchange) => {
      if (!isLoopback(exchange.address)) {
        const token = await authentication.token(exchange.header('authorization'));
        if (token === undefined) {
          throw new LatchkeyError('unauthorized');
        }
        authorize(['admin', 'technician'], token);
      }
      exchange.send(200, metrics.contentType, await metrics.render());
    }),
  ];
}
