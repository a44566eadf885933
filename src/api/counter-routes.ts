import { openCounterSchema, phoneAccessSchema, phoneDeclineSchema, phonePaymentSchema, phoneServedSchema } from './counter.ts';
import type { Route } from './route.ts';
import { id, input } from './schema.ts';

/** What a phone asks a cash register for (protocol.md section 8): other than a server's routes these need no token. */
export const counterRoutes = {
  openCounter: {
    method: 'GET',
    path: '/v1/charge',
    summary: 'What is to be paid, once there is something or the wait is over',
    roles: 'anyone',
    query: input('OpenCounterQuery', {}, { wait: { type: 'integer', minimum: 0, maximum: 30 } }),
    status: 200,
    reply: openCounterSchema,
    waits: true,
  },
  pay: {
    method: 'POST',
    path: '/v1/charge/{key}',
    summary: 'Pay it by a transaction password',
    roles: 'anyone',
    params: input('ByKey', { key: id }),
    body: phonePaymentSchema,
    status: 200,
    reply: phoneServedSchema,
    waits: true,
  },
  declined: {
    method: 'POST',
    path: '/v1/charge/{key}/declined',
    summary: 'Say that this phone does not pay it',
    roles: 'anyone',
    params: input('ByKey', { key: id }),
    body: phoneDeclineSchema,
    status: 204,
  },
  access: {
    method: 'POST',
    path: '/v1/access',
    summary: 'Ask for the network’s password',
    roles: 'anyone',
    body: phoneAccessSchema,
    status: 200,
    reply: phoneServedSchema,
    waits: true,
  },
} as const satisfies Record<string, Route>;
