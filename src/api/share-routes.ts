import {
  accessCodeInputSchema, accessCodeSchema, accessOrderSchema, increaseOrderSchema, mismatchSchema, readingInputSchema, shareRequestPageSchema, shareRequestQuerySchema,
  shareRequestSchema, shareUsageSchema, trafficQuerySchema, trafficSchema, warningSchema,
} from './share-requests.ts';
import { byId, reason, type Route } from './route.ts';

const terminals = ['terminal'] as const;
const ofOne = ['share_request_not_found', 'share_request_over'] as const;
const ofPrice = ['purchase_too_large', 'amount_below_minimum', 'metric_mismatch', 'currency_mismatch'] as const;

/** What a step of a request is, whose state alone says whether it was done. */
const step = { method: 'POST', roles: terminals, params: byId, status: 200, reply: shareRequestSchema, idempotent: 'service' } as const;

/** Access to shared networks, bought and sold (protocol.md section 7). It is paid by `pay`, with a `request_id`. */
export const shareRoutes = {
  requestSharedAccess: {
    method: 'POST',
    path: '/v1/offers/{id}/requests',
    summary: 'Ask for access to a network on offer; the fee is set at once',
    roles: terminals,
    params: byId,
    body: accessOrderSchema,
    status: 201,
    reply: shareRequestSchema,
    idempotent: true,
    errors: ['offer_not_found', 'offer_closed', 'share_request_open', 'unpaid_limit', 'not_bound', 'missing_input', 'account_closed', 'payee_is_payer', 'access_code_invalid', 'tariff_without_price', ...ofPrice],
  },
  listShareRequests: {
    method: 'GET',
    path: '/v1/requests',
    summary: 'The requests that this terminal made, and those for networks of accounts that it is bound to, newest first',
    roles: terminals,
    query: shareRequestQuerySchema,
    status: 200,
    reply: shareRequestPageSchema,
  },
  showSharedTraffic: {
    method: 'GET',
    path: '/v1/traffic',
    summary: 'What sharers’ sides have counted of this terminal’s accounts’ networks, by whole hours',
    roles: terminals,
    query: trafficQuerySchema,
    status: 200,
    reply: trafficSchema,
    errors: ['network_not_found'],
  },
  showShareRequest: {
    method: 'GET',
    path: '/v1/requests/{id}',
    summary: 'One request, for its guest or its sharer',
    roles: terminals,
    params: byId,
    status: 200,
    reply: shareRequestSchema,
    errors: ['share_request_not_found'],
  },
  showShareUsage: {
    method: 'GET',
    path: '/v1/requests/{id}/usage',
    summary: 'What a request’s grant allows, and what both sides have counted of it',
    roles: terminals,
    params: byId,
    status: 200,
    reply: shareUsageSchema,
    errors: ['share_request_not_found', 'grant_not_found'],
  },
  showSharedAccessCode: {
    method: 'GET',
    path: '/v1/requests/{id}/access-code',
    summary: 'The access code, sealed to the guest’s key, for the guest alone; nothing while it is not there',
    roles: terminals,
    params: byId,
    status: 200,
    reply: accessCodeSchema,
    errors: ['share_request_not_found'],
  },
  increaseSharedAccess: {
    method: 'POST',
    path: '/v1/requests/{id}/increases',
    summary: 'Ask for more, while the access is in use',
    roles: terminals,
    params: byId,
    body: increaseOrderSchema,
    status: 201,
    reply: shareRequestSchema,
    idempotent: true,
    errors: [...ofOne, 'grant_over', ...ofPrice],
  },
  cancelShareRequest: { ...step, path: '/v1/requests/{id}/cancel', summary: 'Give up a request that is not paid; what is held goes back', errors: ofOne },
  acknowledgeSharedAccess: { ...step, path: '/v1/requests/{id}/ack', summary: 'The guest has opened the access code: what is held is paid', errors: ofOne },
  reportMismatch: { ...step, path: '/v1/requests/{id}/mismatch', summary: 'The sharer’s side has the thumbprint of another key than the guest’s: all money goes back', body: mismatchSchema, errors: ofOne },
  approveShareRequest: { ...step, path: '/v1/requests/{id}/approve', summary: 'The sharer’s yes to what the money is held for', errors: [...ofOne, 'network_not_valid'] },
  refuseShareRequest: { ...step, path: '/v1/requests/{id}/refuse', summary: 'The sharer’s no: what is held goes back', body: reason, errors: ofOne },
  respondToShareRequest: { ...step, path: '/v1/requests/{id}/response', summary: 'Bring the access code of a request that is approved', body: accessCodeInputSchema, errors: [...ofOne, 'access_code_invalid'] },
  endShareRequest: { ...step, path: '/v1/requests/{id}/end', summary: 'End access early; what is unused goes back by the tariff’s rule', errors: ofOne },
  warnOfLow: { method: 'POST', path: '/v1/requests/{id}/warnings', summary: 'Tell the guest that a threshold of its quota is passed', roles: terminals, params: byId, body: warningSchema, status: 204, idempotent: 'service', errors: ofOne },
  readMeter: { method: 'POST', path: '/v1/requests/{id}/readings', summary: 'What one side has counted, signed by its meter key', roles: terminals, params: byId, body: readingInputSchema, status: 204, idempotent: 'service', errors: [...ofOne, 'signature_invalid', 'clock_wrong'] },
} as const satisfies Record<string, Route>;
