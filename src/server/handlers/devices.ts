import { auditEntryToWire } from '../../api/audit.ts';
import { bootstrapKeyToWire, claimFromWire, deviceToWire, identityToWire, registrationFromWire } from '../../api/devices.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const deviceHandlers: Handlers<
  'reserveDevice' | 'revealIdentities' | 'makeBootstrapKeys' | 'listDevices' | 'showDevice' | 'deviceHistory' | 'confirmDevice' | 'revokeDevice' | 'resetDevice' | 'compareDevice'
> = {
  async reserveDevice({ services, body }) {
    return identityToWire(await services.factory.reserve(registrationFromWire(body)));
  },
  async revealIdentities({ services, body }) {
    const found = await services.factory.identities(body.uuids);
    return { items: found.flatMap((identity) => (identity === undefined ? [] : [identityToWire(identity)])) };
  },
  async makeBootstrapKeys({ services, body }) {
    const keys = await services.factory.bootstrapKeys(body.uuids);
    return { items: keys.flatMap((key) => (key === undefined ? [] : [bootstrapKeyToWire(key)])) };
  },
  async listDevices({ services, query }) {
    const { model, batch, state } = query;
    return pageToWire(await services.factory.list({ model, batch, state }, pageRequestFromWire(query)), deviceToWire);
  },
  async showDevice({ services, params }) {
    return deviceToWire(await services.factory.show(params.uuid));
  },
  async deviceHistory({ services, params, query }) {
    return pageToWire(await services.factory.history(params.uuid, pageRequestFromWire(query)), auditEntryToWire);
  },
  async compareDevice({ services, params, body }) {
    const { differing, state } = await services.factory.compare(params.uuid, claimFromWire(body));
    return { differing: [...differing], state };
  },
  async confirmDevice({ services, params }) {
    return deviceToWire(await services.factory.confirm(params.uuid));
  },
  async revokeDevice({ services, params, body }) {
    return deviceToWire(await services.factory.revoke(params.uuid, body.reason));
  },
  async resetDevice({ services, params }) {
    return deviceToWire(await services.factory.reset(params.uuid));
  },
};
