import {
  codeToWire, disputeToWire, issuedCodeToWire, receiptKeysToWire, settlementInputFromWire, settlementRepliesToWire, codeWithSettlementsToWire, signingKeyToWire, trustListToWire,
} from '../../api/codes.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const codeHandlers: Handlers<
  | 'showIssuedCode' | 'listCodes' | 'showCode' | 'revokeCode' | 'listReceiptKeys' | 'showTrustList' | 'settleCodes' | 'listDisputes' | 'showDispute'
  | 'listSigningKeys' | 'rotateSigningKey' | 'revokeSigningKey'
> = {
  async showIssuedCode({ services, params: { id: accountId, key } }) {
    return issuedCodeToWire(await services.codes.issued(accountId, key));
  },
  async listCodes({ services, query }) {
    return pageToWire(await services.codes.codes({ accountId: query.account_id, state: query.state }, pageRequestFromWire(query)), codeToWire);
  },
  async showCode({ services, params }) {
    return codeWithSettlementsToWire(await services.codes.code(params.id));
  },
  async revokeCode({ services, params }) {
    return codeToWire(await services.codes.revoke(params.id));
  },
  async listReceiptKeys({ services, params }) {
    return receiptKeysToWire(await services.codes.receiptKeys(params.id));
  },
  async showTrustList({ services }) {
    return trustListToWire(await services.codes.trust());
  },
  async settleCodes({ services, body }) {
    return settlementRepliesToWire(await services.codes.settle(settlementInputFromWire(body)));
  },
  async listDisputes({ services, query }) {
    return pageToWire(await services.codes.disputes({ outcome: query.outcome, codeId: query.code_id, accountId: query.account_id }, pageRequestFromWire(query)), disputeToWire);
  },
  async showDispute({ services, params }) {
    return disputeToWire(await services.codes.dispute(params.id));
  },
  async listSigningKeys({ services }) {
    return { keys: (await services.codes.keys()).map(signingKeyToWire) };
  },
  async rotateSigningKey({ services, body }) {
    return signingKeyToWire(await services.codes.rotateKey((body.overlap_s ?? 0) * 1000));
  },
  async revokeSigningKey({ services, params }) {
    return signingKeyToWire(await services.codes.revokeKey(params.id));
  },
};
