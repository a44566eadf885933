import { bindingStatusToWire, bindRequestFromWire, newBindingToWire, verificationSentToWire } from '../../api/bindings.ts';
import type { Handlers } from './handler.ts';
import { requireKey } from './require-key.ts';

export const bindingHandlers: Handlers<'requestVerification' | 'bindTerminal' | 'listBindings'> = {
  async requestVerification({ services, body, key }) {
    return verificationSentToWire(await services.wallet.requestVerification({ ...body, key: requireKey(key) }));
  },
  async bindTerminal({ services, body }) {
    return newBindingToWire(await services.wallet.bind(bindRequestFromWire(body)));
  },
  async listBindings({ services }) {
    return { bindings: (await services.wallet.bindings()).map(bindingStatusToWire) };
  },
};
