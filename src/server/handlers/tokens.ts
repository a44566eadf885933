import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { revokedTokenToWire, tokenToWire } from '../../api/tokens.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Handlers } from './handler.ts';

export const tokenHandlers: Handlers<'whoami' | 'listTokens' | 'revokeToken'> = {
  async whoami({ services }) {
    const actor = await services.enrollment.whoami();
    if (actor.kind !== 'token') {
      throw new LatchkeyError('unauthorized');
    }
    return tokenToWire(actor.token);
  },
  async listTokens({ services, query }) {
    return pageToWire(await services.admin.tokens(pageRequestFromWire(query)), tokenToWire);
  },
  async revokeToken({ services, params }) {
    return revokedTokenToWire(await services.admin.revokeToken(params.id));
  },
};
