import { accessPointToWire, changesToWire } from '../../api/access-points.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const accessPointHandlers: Handlers<'listAccessPoints' | 'announceSelf' | 'showSelf' | 'listChanges'> = {
  async listAccessPoints({ services, query }) {
    return pageToWire(await services.owner.accessPoints(pageRequestFromWire(query)), accessPointToWire);
  },
  async announceSelf({ services, body }) {
    await services.ap.announce({ ssid: body.ssid, onboardingSsid: body.onboarding_ssid, enforcement: body.enforcement });
    return undefined;
  },
  async showSelf({ services }) {
    const { apId, name } = await services.ap.self();
    return { ap_id: apId, name };
  },
  async listChanges({ services, query, signal }) {
    const waitMs = Math.round((query.wait ?? 0) * 1000);
    return changesToWire(await services.ap.changes(query.revision, waitMs, signal()));
  },
};
