import { topUpProviders, topUpStates, type TopUp } from '../domain/top-up.ts';
import type { OpenTopUp } from '../roles/ledger/ports.ts';
import { amountFromWire, amountInputSchema, amountSchema, amountToWire } from './money.ts';
import { pageOf, pageQuery } from './page.ts';
import { id, input, instant, name, object, oneOf, recordedActor, remark, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const provider = oneOf(topUpProviders);

export const topUpInputSchema = input('TopUpInput', { amount: amountInputSchema }, { memo: text, provider });

const required = { topup_id: id, account_id: id, amount: amountSchema, provider, state: oneOf(topUpStates), actor: recordedActor, at: instant } as const;
const optional = {
  reference: { ...remark, description: 'What the provider calls it.' },
  posting_id: id,
  memo: text,
  ended_at: instant,
  reason: { ...remark, description: 'A code of the table of errors, or the provider’s own word.' },
} as const;

export const topUpSchema = object('TopUp', required, optional);
export type TopUpWire = Static<typeof topUpSchema>;
export const openTopUpSchema = object('OpenTopUp', required, {
  ...optional,
  client_secret: { ...name, maxLength: 1024, description: 'What its payer, and nobody else, pays with.' },
});
export type OpenTopUpWire = Static<typeof openTopUpSchema>;
export const topUpPageSchema = pageOf('TopUpPage', topUpSchema);
export const topUpQuerySchema = input('TopUpQuery', {}, { account_id: id, state: oneOf(topUpStates), ...pageQuery });

export function topUpToWire(topUp: TopUp): TopUpWire {
  return present({
    topup_id: topUp.id,
    account_id: topUp.accountId,
    amount: amountToWire(topUp.amount),
    provider: topUp.provider,
    reference: topUp.reference,
    state: topUp.state,
    posting_id: topUp.postingId,
    actor: topUp.actor,
    memo: topUp.memo,
    at: instantToWire(topUp.at),
    ended_at: instantToWire(topUp.endedAt),
    reason: topUp.reason,
  });
}

export function topUpFromWire(wire: TopUpWire): TopUp {
  return {
    id: wire.topup_id,
    accountId: wire.account_id,
    amount: amountFromWire(wire.amount),
    provider: wire.provider,
    reference: wire.reference,
    state: wire.state,
    postingId: wire.posting_id,
    actor: wire.actor,
    memo: wire.memo,
    at: instantFromWire(wire.at),
    endedAt: instantFromWire(wire.ended_at),
    reason: wire.reason,
  };
}

export function openTopUpToWire(topUp: OpenTopUp): OpenTopUpWire {
  return present({ ...topUpToWire(topUp), client_secret: topUp.clientSecret });
}

export function openTopUpFromWire(wire: OpenTopUpWire): OpenTopUp {
  return { ...topUpFromWire(wire), clientSecret: wire.client_secret };
}
