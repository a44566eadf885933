import { amountFromWire } from '../../api/money.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { paymentInputFromWire, paymentReplyToWire, paymentToWire } from '../../api/payments.ts';
import type { Handlers } from './handler.ts';
import { requireKey } from './require-key.ts';

export const paymentHandlers: Handlers<
  'pay' | 'cancelPayment' | 'listPayments' | 'showPayment' | 'capturePayment' | 'releasePayment' | 'refundPayment'
> = {
  async pay({ services, body, key }) {
    return paymentReplyToWire(await services.wallet.pay(paymentInputFromWire(body, requireKey(key))));
  },
  async cancelPayment({ services, params: { id: accountId, key } }) {
    const reply = await services.wallet.cancel({ accountId, key });
    return reply === undefined ? { state: 'cancelled' } : { state: reply.state, payment: paymentReplyToWire(reply) };
  },
  async listPayments({ services, query }) {
    const filter = { accountIds: query.account_id, payeeIds: query.payee_id, terminalId: query.terminal_id, state: query.state };
    return pageToWire(await services.ledger.payments(filter, pageRequestFromWire(query)), paymentToWire);
  },
  async showPayment({ services, params }) {
    return paymentToWire(await services.ledger.payment(params.id));
  },
  async capturePayment({ services, params, body }) {
    return paymentToWire(await services.ledger.capture(params.id, body.amount && amountFromWire(body.amount)));
  },
  async releasePayment({ services, params, body }) {
    return paymentToWire(await services.ledger.release(params.id, body.reason));
  },
  async refundPayment({ services, params, body }) {
    return paymentToWire(await services.ledger.refund(params.id, body.amount && amountFromWire(body.amount), { memo: body.memo }));
  },
};
