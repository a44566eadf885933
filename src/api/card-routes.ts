import type { Route } from './route.ts';
import { terminatedServiceSchema } from './terminated-services.ts';

/** What security checks of cards tell the server. */
export const cardRoutes = {
  tellTerminated: {
    method: 'POST',
    path: '/v1/terminated-services',
    summary: 'Tell that a security check terminated a service; it is in the audit log then',
    roles: ['terminal', 'pos'],
    body: terminatedServiceSchema,
    status: 204,
    idempotent: 'service',
  },
} as const satisfies Record<string, Route>;
