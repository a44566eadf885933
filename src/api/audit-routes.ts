import { auditPageSchema, auditQuerySchema, auditVerificationSchema, exportedHeadQuerySchema, signedAuditHeadSchema } from './audit.ts';
import type { Route } from './route.ts';

/** The audit log. */
export const auditRoutes = {
  listAudit: {
    method: 'GET',
    path: '/v1/audit',
    summary: 'List the audit log, oldest first',
    roles: ['admin'],
    query: auditQuerySchema,
    status: 200,
    reply: auditPageSchema,
  },
  verifyAudit: {
    method: 'GET',
    path: '/v1/audit/verification',
    summary: 'Recompute the audit log’s chain, and look for an exported head in it',
    roles: ['admin'],
    query: exportedHeadQuerySchema,
    status: 200,
    reply: auditVerificationSchema,
  },
  auditHead: {
    method: 'GET',
    path: '/v1/audit/head',
    summary: 'The chain’s signed head, to keep elsewhere',
    roles: ['admin'],
    status: 200,
    reply: signedAuditHeadSchema,
    errors: ['check_failed'],
  },
} as const satisfies Record<string, Route>;
