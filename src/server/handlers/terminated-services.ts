import { terminatedServiceFromWire } from '../../api/terminated-services.ts';
import type { Handlers } from './handler.ts';

export const terminatedServiceHandlers: Handlers<'tellTerminated'> = {
  async tellTerminated({ services, body }) {
    await services.terminations.terminated(terminatedServiceFromWire(body));
    return undefined;
  },
};
