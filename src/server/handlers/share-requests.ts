import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { accessOrderFromWire, readingFromWire, shareRequestQueryFromWire, shareRequestToWire, shareUsageToWire, trafficToWire } from '../../api/share-requests.ts';
import { instantFromWire, present } from '../../api/wire.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import type { Handlers } from './handler.ts';

export const shareRequestHandlers: Handlers<
  | 'requestSharedAccess' | 'listShareRequests' | 'showShareRequest' | 'showShareUsage' | 'showSharedAccessCode' | 'increaseSharedAccess' | 'cancelShareRequest' | 'acknowledgeSharedAccess'
  | 'showSharedTraffic' | 'reportMismatch' | 'approveShareRequest' | 'refuseShareRequest' | 'respondToShareRequest' | 'endShareRequest' | 'warnOfLow' | 'readMeter'
> = {
  async requestSharedAccess({ services, params, body }) {
    return shareRequestToWire(await services.sharing.request(accessOrderFromWire(params.id, body)));
  },
  async listShareRequests({ services, query }) {
    return pageToWire(await services.sharing.requests(shareRequestQueryFromWire(query), pageRequestFromWire(query)), shareRequestToWire);
  },
  async showSharedTraffic({ services, query }) {
    return trafficToWire(await services.sharing.traffic(query.network_id, instantFromWire(query.from), instantFromWire(query.to)));
  },
  async showShareRequest({ services, params }) {
    return shareRequestToWire(await services.sharing.show(params.id));
  },
  async showShareUsage({ services, params }) {
    return shareUsageToWire(await services.sharing.usage(params.id));
  },
  async showSharedAccessCode({ services, params }) {
    return present({ access_code: await services.sharing.accessCode(params.id) });
  },
  async increaseSharedAccess({ services, params, body }) {
    return shareRequestToWire(await services.sharing.increase(params.id, parseQuantity(body.quantity)));
  },
  async cancelShareRequest({ services, params }) {
    return shareRequestToWire(await services.sharing.cancel(params.id));
  },
  async acknowledgeSharedAccess({ services, params }) {
    return shareRequestToWire(await services.sharing.acknowledge(params.id));
  },
  async reportMismatch({ services, params, body }) {
    return shareRequestToWire(await services.sharing.reportMismatch(params.id, body.thumbprint));
  },
  async approveShareRequest({ services, params }) {
    return shareRequestToWire(await services.sharing.approve(params.id));
  },
  async refuseShareRequest({ services, params, body }) {
    return shareRequestToWire(await services.sharing.refuse(params.id, body.reason));
  },
  async respondToShareRequest({ services, params, body }) {
    return shareRequestToWire(await services.sharing.respond(params.id, body.access_code));
  },
  async endShareRequest({ services, params }) {
    return shareRequestToWire(await services.sharing.end(params.id));
  },
  async warnOfLow({ services, params, body }) {
    await services.sharing.warn(params.id, { threshold: body.threshold, left: parseQuantity(body.remaining) });
  },
  async readMeter({ services, params, body }) {
    await services.sharing.read(params.id, readingFromWire(body));
  },
};
