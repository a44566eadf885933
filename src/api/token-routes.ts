import { enrollCodeInputSchema, enrollCodeSchema, enrollmentInputSchema, enrollmentSchema } from './enrollments.ts';
import { byId, type Route } from './route.ts';
import { revokedTokenSchema, tokenPageSchema, tokenQuerySchema, tokenSchema } from './tokens.ts';

/** Who may ask: enrolment codes and tokens. */
export const tokenRoutes = {
  enroll: {
    method: 'POST',
    path: '/v1/enrollments',
    summary: 'Use an enrolment code and get a token',
    roles: 'anyone',
    body: enrollmentInputSchema,
    status: 201,
    reply: enrollmentSchema,
    idempotent: true,
    errors: ['enroll_code_invalid'],
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Which token this is',
    roles: 'holder',
    status: 200,
    reply: tokenSchema,
  },
  createEnrollCode: {
    method: 'POST',
    path: '/v1/enroll-codes',
    summary: 'Make a single-use enrolment code',
    roles: ['admin'],
    body: enrollCodeInputSchema,
    status: 201,
    reply: enrollCodeSchema,
    idempotent: true,
  },
  listTokens: {
    method: 'GET',
    path: '/v1/tokens',
    summary: 'List tokens',
    roles: ['admin'],
    query: tokenQuerySchema,
    status: 200,
    reply: tokenPageSchema,
  },
  revokeToken: {
    method: 'POST',
    path: '/v1/tokens/{id}/revoke',
    summary: 'Revoke a token, at once',
    roles: ['admin'],
    params: byId,
    status: 200,
    reply: revokedTokenSchema,
    idempotent: true,
    errors: ['token_not_found'],
  },
} as const satisfies Record<string, Route>;
