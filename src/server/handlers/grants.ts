import { grantReportFromWire, grantToWire, increaseFromWire } from '../../api/grants.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const grantHandlers: Handlers<'listGrants' | 'showGrant' | 'revokeGrant' | 'increaseGrant' | 'reportGrants'> = {
  async listGrants({ services, query }) {
    const filter = { apIds: query.ap_id, subjectId: query.subject_id, source: query.source, state: query.state };
    return pageToWire(await services.owner.grants(filter, pageRequestFromWire(query)), grantToWire);
  },
  async showGrant({ services, params }) {
    return grantToWire(await services.owner.grant(params.id));
  },
  async increaseGrant({ services, params, body }) {
    return grantToWire(await services.owner.increaseGrant(params.id, increaseFromWire(body)));
  },
  async reportGrants({ services, body }) {
    await services.ap.reportGrants(body.reports.map(grantReportFromWire));
    return undefined;
  },
  async revokeGrant({ services, params, body }) {
    return grantToWire(await services.owner.revokeGrant(params.id, body.reason));
  },
};
