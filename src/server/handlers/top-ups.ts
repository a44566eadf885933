import { amountFromWire } from '../../api/money.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { openTopUpToWire, topUpToWire } from '../../api/top-ups.ts';
import type { Handlers } from './handler.ts';

export const topUpHandlers: Handlers<'topUpAccount' | 'listTopUps' | 'resumeTopUp'> = {
  async topUpAccount({ services, params, body, key }) {
    const { amount, memo, provider } = body;
    return openTopUpToWire(await services.ledger.topUp(params.id, amountFromWire(amount), { memo, provider, idempotencyKey: key }));
  },
  async listTopUps({ services, query }) {
    const { account_id: accountId, state } = query;
    return pageToWire(await services.ledger.topUps({ accountId, state }, pageRequestFromWire(query)), topUpToWire);
  },
  async resumeTopUp({ services, params }) {
    return openTopUpToWire(await services.ledger.resumeTopUp(params.id));
  },
};
