import { accessPointToWire } from '../../api/access-points.ts';
import { grantToWire } from '../../api/grants.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import {
  chargedToWire, chargeFromWire, claimFromWire, mandateInputFromWire, mandateToWire, moveFromWire, refundedToWire, registerDescriptionFromWire, registerToWire, saleToWire,
} from '../../api/registers.ts';
import { instantFromWire, present } from '../../api/wire.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseTariff } from '../../domain/tariff-json.ts';
import type { Handlers } from './handler.ts';
import { requireKey } from './require-key.ts';

export const registerHandlers: Handlers<
  | 'showRegister' | 'describeRegister' | 'showRegisterNetwork' | 'listPermissions' | 'showPermission' | 'showRefundable' | 'setTariff' | 'charge' | 'requestAccess' | 'listSales' | 'moveGrant' | 'pauseGrant' | 'resumeGrant' | 'refundGrant'
  | 'fetchAccessCode' | 'acknowledgeAccessCode' | 'listRegisters' | 'putAccessCode' | 'setMandate' | 'listMandates' | 'endMandate'
> = {
  async showRegister({ services }) {
    return registerToWire(await services.pos.self());
  },
  async describeRegister({ services, body }) {
    return registerToWire(await services.pos.describe(registerDescriptionFromWire(body)));
  },
  async showRegisterNetwork({ services }) {
    return accessPointToWire(await services.pos.network());
  },
  async listPermissions({ services, query }) {
    const filter = { subjectId: query.subject_id, state: query.state };
    return pageToWire(await services.pos.permissions(filter, pageRequestFromWire(query)), grantToWire);
  },
  async showPermission({ services, params }) {
    return grantToWire(await services.pos.permission(params.id));
  },
  async showRefundable({ services, params }) {
    return refundedToWire(await services.pos.refundable(params.id));
  },
  async setTariff({ services, body }) {
    return registerToWire(await services.pos.setTariff(body.tariff === undefined ? undefined : parseTariff(body.tariff)));
  },
  async charge({ services, body, key }) {
    return chargedToWire(await services.pos.charge(chargeFromWire(body, requireKey(key))));
  },
  async requestAccess({ services, body }) {
    return grantToWire(await services.pos.access(exactlyOne(claimFromWire(body))));
  },
  async listSales({ services, query }) {
    const filter = { from: instantFromWire(query.from), to: instantFromWire(query.to) };
    return pageToWire(await services.pos.sales(filter, pageRequestFromWire(query)), saleToWire);
  },
  async moveGrant({ services, params, body }) {
    return grantToWire(await services.pos.move(params.id, exactlyOne(moveFromWire(body))));
  },
  async pauseGrant({ services, params }) {
    return grantToWire(await services.pos.pause(params.id));
  },
  async resumeGrant({ services, params }) {
    return grantToWire(await services.pos.resume(params.id));
  },
  async refundGrant({ services, params }) {
    return refundedToWire(await services.pos.refund(params.id));
  },
  async fetchAccessCode({ services, params, query, signal }) {
    return present({ sealed: await services.pos.accessCode(params.id, (query.wait ?? 0) * 1000, signal()) });
  },
  async acknowledgeAccessCode({ services, params }) {
    await services.pos.acknowledge(params.id);
    return undefined;
  },
  async listRegisters({ services }) {
    return { registers: (await services.ap.registers()).map(registerToWire) };
  },
  async putAccessCode({ services, params, body }) {
    await services.ap.putAccessCode(params.id, body.register_id, body.sealed);
    return undefined;
  },
  async setMandate({ services, body }) {
    return mandateToWire(await services.mandates.setMandate(mandateInputFromWire(body)));
  },
  async listMandates({ services }) {
    return { mandates: (await services.mandates.mandates()).map(mandateToWire) };
  },
  async endMandate({ services, params }) {
    return mandateToWire(await services.mandates.endMandate(params.id));
  },
};

/** Errors: `invalid_input` where none was named, or several. */
function exactlyOne<T>(one: T | undefined): T {
  if (one === undefined) {
    throw new LatchkeyError('invalid_input', 'Name exactly one identifier.');
  }
  return one;
}
