import { attemptFromWire, listedAttemptToWire } from '../../api/attempts.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const attemptHandlers: Handlers<'addAttempts' | 'listAttempts'> = {
  async addAttempts({ services, body }) {
    await services.ap.reportAttempts(body.attempts.map(attemptFromWire));
    return undefined;
  },
  async listAttempts({ services, query }) {
    return pageToWire(await services.owner.attempts({ uuid: query.uuid }, pageRequestFromWire(query)), listedAttemptToWire);
  },
};
