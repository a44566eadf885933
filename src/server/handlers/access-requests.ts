import { Buffer } from 'node:buffer';
import { accessRequestToWire, dppAnswerToWire, provenRequestFromWire } from '../../api/access-requests.ts';
import { termsFromWire } from '../../api/grants.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Services } from '../services.ts';
import type { Handlers } from './handler.ts';

type Decider = 'local' | 'auto';

export const accessRequestHandlers: Handlers<
  | 'createAccessRequest'
  | 'requestByDpp'
  | 'listAccessRequests'
  | 'showAccessRequest'
  | 'approveAccessRequest'
  | 'denyAccessRequest'
  | 'reportDelivered'
  | 'reportJoined'
  | 'reportDeclined'
> = {
  async createAccessRequest({ services, body }) {
    return accessRequestToWire(await services.ap.request(provenRequestFromWire(body)));
  },
  async requestByDpp({ services, body }) {
    return dppAnswerToWire(await services.ap.requestByDpp(Buffer.from(body.hash, 'base64url')));
  },
  async listAccessRequests({ services, query }) {
    const filter = { uuid: query.uuid, apIds: query.ap_id, statuses: query.status };
    return pageToWire(await services.owner.requests(filter, pageRequestFromWire(query)), accessRequestToWire);
  },
  async showAccessRequest({ services, params }) {
    return accessRequestToWire(await services.owner.request(params.id));
  },
  async approveAccessRequest({ services, params, body }) {
    const by = deciderOf(services, body.by);
    const terms = termsFromWire(body);
    return accessRequestToWire(
      await (by === undefined ? services.owner.approve(params.id, terms) : services.ap.approve(params.id, by, terms)),
    );
  },
  async denyAccessRequest({ services, params, body }) {
    const by = deciderOf(services, body.by);
    return accessRequestToWire(
      await (by === undefined
        ? services.owner.deny(params.id, body.reason)
        : services.ap.deny(params.id, by, body.reason)),
    );
  },
  async reportDelivered({ services, params }) {
    return accessRequestToWire(await services.ap.report(params.id, 'delivered'));
  },
  async reportJoined({ services, params }) {
    return accessRequestToWire(await services.ap.report(params.id, 'joined'));
  },
  async reportDeclined({ services, params }) {
    return accessRequestToWire(await services.ap.report(params.id, 'declined'));
  },
};

/** An access point says how it decided; owners and admins decide in their own name. */
function deciderOf({ actor }: Services, by: Decider | undefined): Decider | undefined {
  if (actor.kind === 'token' && actor.token.role === 'ap') {
    return by ?? 'local';
  }
  if (by !== undefined) {
    throw new LatchkeyError('invalid_input', '"by" is for access points.', {
      problems: [{ pointer: '/by', detail: 'is for access points' }],
    });
  }
  return undefined;
}
