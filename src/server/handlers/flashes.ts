import { flashBegunToWire, flashToWire } from '../../api/flashes.ts';
import type { Handlers } from './handler.ts';

export const flashHandlers: Handlers<'beginFlash' | 'endFlash' | 'listOpenFlashes'> = {
  async beginFlash({ services, params, body }) {
    return flashBegunToWire(await services.flashing.begin(params.uuid, body));
  },
  async endFlash({ services, params, body }) {
    return flashToWire(await services.flashing.end(params.uuid, params.id, body));
  },
  async listOpenFlashes({ services, query }) {
    return { items: (await services.flashing.open(query.station)).map(flashToWire) };
  },
};
