import { helloFromWire, verificationToWire } from '../../api/verifications.ts';
import type { Handlers } from './handler.ts';

export const verificationHandlers: Handlers<'verifyDevice'> = {
  async verifyDevice({ services, body }) {
    return verificationToWire(await services.ap.verify(helloFromWire(body)));
  },
};
