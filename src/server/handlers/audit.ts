import { auditEntryToWire, auditVerificationToWire, exportedHeadFromWire, signedAuditHeadToWire } from '../../api/audit.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const auditHandlers: Handlers<'listAudit' | 'verifyAudit' | 'auditHead'> = {
  async listAudit({ services, query }) {
    const filter = { action: query.action, uuid: query.uuid };
    return pageToWire(await services.admin.auditEntries(filter, pageRequestFromWire(query)), auditEntryToWire);
  },
  async verifyAudit({ services, query }) {
    return auditVerificationToWire(await services.admin.verifyAudit(exportedHeadFromWire(query)));
  },
  async auditHead({ services }) {
    return signedAuditHeadToWire(await services.admin.auditHead());
  },
};
