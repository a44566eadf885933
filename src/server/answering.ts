import { clientOf } from '../domain/client-address.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import type { Log } from './log.ts';
import type { RouteMetrics } from './metrics.ts';
import { toLatchkeyError } from './problems.ts';
import { refuseIf, type RateLimit } from '../roles/rate-limit.ts';
import type { Router } from './router.ts';

interface Answering {
  readonly router: Router;
  readonly perAddress: RateLimit;
  /** Counts what leads nowhere. */
  readonly unknown: RouteMetrics;
  readonly log: Log;
}

/** Answers every request, one way or another, and counts it. */
export function answering({ router, perAddress, unknown, log }: Answering): (exchange: Exchange) => Promise<void> {
  const tellsAll = log.isLevelEnabled('debug');

  function refuse(exchange: Exchange, error: unknown): void {
    const refused = toLatchkeyError(error);
    if (refused.http >= 500) {
      const { id, method, path } = exchange;
      log.error({ request_id: id, method, path, error_code: refused.code, err: refused }, 'request failed');
    }
    exchange.refuse(refused);
  }

  return async (exchange) => {
    const startedAt = performance.now();
    let counted = unknown;
    try {
      refuseIf(perAddress.take(clientOf(exchange.address)));
      const match = router.find(exchange.method, exchange.path);
      if (match === undefined) {
        throw new LatchkeyError('route_not_found');
      }
      if ('allowed' in match) {
        exchange.refuse(new LatchkeyError('method_not_allowed'), ['Allow', match.allowed.join(', ')]);
      } else {
        counted = match.endpoint.metrics;
        await match.endpoint.serve(exchange, match.params);
      }
    } catch (error) {
      refuse(exchange, error);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    counted.observe(exchange.status, seconds);
    if (tellsAll) {
      const { id, method, path, status } = exchange;
      log.debug({ request_id: id, method, path, status, seconds }, 'request');
    }
  };
}
