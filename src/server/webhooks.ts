import { clientOf } from '../domain/client-address.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { PaymentProvider, ProviderNotices } from '../roles/ledger/payment-provider.ts';
import { hear, type LedgerServiceContext } from '../roles/ledger/top-ups.ts';
import type { Exchange } from './exchange.ts';
import type { Metrics } from './metrics.ts';
import { refuseIf, type RateLimit } from '../roles/rate-limit.ts';
import type { Endpoint } from './router.ts';

/** Notices are a few KiB; what the provider's account adds to them is bounded too. */
const noticeBytes = 262_144;

interface Webhooks {
  readonly context: LedgerServiceContext;
  readonly metrics: Metrics;
  /** Tries of who signs wrongly. */
  readonly guesses: RateLimit;
}

/**
 * Where payment providers bring their news. There is no token: a notice counts because it is signed. What it is about
 * is answered alike, so that nobody learns which top-ups there are, and that the provider does not bring it again.
 */
export function webhooks({ context, metrics, guesses }: Webhooks): Endpoint[] {
  return (context.providers ?? []).flatMap((provider) => {
    const { name, notices } = provider;
    const path = `/v1/webhooks/${name}`;
    return notices === undefined
      ? []
      : [{ method: 'POST' as const, path, metrics: metrics.route('POST', path), serve: (exchange: Exchange) => take(exchange, name, notices) }];
  });

  async function take(exchange: Exchange, provider: PaymentProvider['name'], notices: ProviderNotices): Promise<void> {
    const body = await exchange.body(noticeBytes);
    let news;
    try {
      news = await notices.read(body, exchange.header(notices.signatureHeader));
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === 'webhook_rejected') {
        refuseIf(guesses.take(clientOf(exchange.address)));
      }
      throw error;
    }
    if (news !== undefined) {
      await hear(context, provider, news);
    }
    exchange.send(200, 'application/json', '{}');
  }
}
