import {
  codePageSchema, codeQuerySchema, codeSchema, disputePageSchema, disputeQuerySchema, disputeSchema, issuedCodeSchema, receiptKeysSchema, rotationSchema, settlementBodyBytes,
  settlementInputSchema, settlementRepliesSchema, codeWithSettlementsSchema, signingKeySchema, signingKeysSchema, trustListSchema,
} from './codes.ts';
import { byId, type Route } from './route.ts';
import { id, input } from './schema.ts';

const admin = ['admin'] as const;
const payers = ['terminal'] as const;
const holders = ['admin', 'terminal'] as const;
const pos = ['pos'] as const;
const readers = ['admin', 'pos'] as const;
const byAccountAndKey = input('ByAccountAndKeyOfPayment', { id, key: id });

/** Credit payment codes (protocol.md section 5). One is issued by a payment: `pay`, with a `code`. */
export const codeRoutes = {
  showIssuedCode: {
    method: 'GET',
    path: '/v1/accounts/{id}/codes/{key}',
    summary: 'The code that a payment of this terminal bought, by the payment’s key',
    roles: payers,
    params: byAccountAndKey,
    status: 200,
    reply: issuedCodeSchema,
    errors: ['code_not_found'],
  },
  listCodes: {
    method: 'GET',
    path: '/v1/codes',
    summary: 'List credit payment codes, newest first',
    roles: holders,
    query: codeQuerySchema,
    status: 200,
    reply: codePageSchema,
  },
  showCode: {
    method: 'GET',
    path: '/v1/codes/{id}',
    summary: 'Show a credit payment code, and what it paid',
    roles: holders,
    params: byId,
    status: 200,
    reply: codeWithSettlementsSchema,
    errors: ['code_not_found'],
  },
  revokeCode: {
    method: 'POST',
    path: '/v1/codes/{id}/revoke',
    summary: 'Revoke a credit payment code; it binds a cash register from its next trust list on',
    roles: holders,
    params: byId,
    status: 200,
    reply: codeSchema,
    idempotent: true,
    errors: ['code_not_found'],
  },
  listReceiptKeys: {
    method: 'GET',
    path: '/v1/registers/{id}/receipt-keys',
    summary: 'The keys by which a cash register signed receipts for credit payment codes, the latest first; none of one that is not known',
    roles: holders,
    params: byId,
    status: 200,
    reply: receiptKeysSchema,
  },
  showTrustList: {
    method: 'GET',
    path: '/v1/code-trust',
    summary: 'What a cash register has to know to accept codes offline',
    roles: readers,
    status: 200,
    reply: trustListSchema,
  },
  settleCodes: {
    method: 'POST',
    path: '/v1/code-settlements',
    summary: 'Settle what this cash register accepted offline; the same receipt has the same outcome for ever',
    roles: pos,
    body: settlementInputSchema,
    bodyLimit: settlementBodyBytes,
    status: 200,
    reply: settlementRepliesSchema,
    idempotent: 'service',
    errors: ['receipt_key_missing', 'account_full'],
  },
  listDisputes: {
    method: 'GET',
    path: '/v1/code-disputes',
    summary: 'List what was not settled as it was accepted, newest first',
    roles: readers,
    query: disputeQuerySchema,
    status: 200,
    reply: disputePageSchema,
  },
  showDispute: {
    method: 'GET',
    path: '/v1/code-disputes/{id}',
    summary: 'Show a dispute, by its receipt: with both receipts, if it is a duplicate',
    roles: readers,
    params: byId,
    status: 200,
    reply: disputeSchema,
    errors: ['dispute_not_found'],
  },
  listSigningKeys: {
    method: 'GET',
    path: '/v1/code-keys',
    summary: 'List the keys that sign codes, newest first',
    roles: admin,
    status: 200,
    reply: signingKeysSchema,
  },
  rotateSigningKey: {
    method: 'POST',
    path: '/v1/code-keys',
    summary: 'Make the next key that signs codes',
    roles: admin,
    body: rotationSchema,
    status: 201,
    reply: signingKeySchema,
    idempotent: true,
  },
  revokeSigningKey: {
    method: 'POST',
    path: '/v1/code-keys/{id}/revoke',
    summary: 'Revoke a key, and with it the codes that it signed',
    roles: admin,
    params: byId,
    status: 200,
    reply: signingKeySchema,
    idempotent: true,
    errors: ['key_not_found'],
  },
} as const satisfies Record<string, Route>;
