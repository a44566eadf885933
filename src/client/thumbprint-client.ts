import { randomBytes, timingSafeEqual } from 'node:crypto';
import { checkThumbprintAnswer } from '../api/thumbprint.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { base64url, parseBase64url } from '../protocol/encoding.ts';
import { answerProof, questionProof, thumbprintKey } from '../protocol/thumbprint-proof.ts';
import { parsePlace, routerOr, type AccessPointAddress } from './access-point/address.ts';
import { deviceExchange } from './access-point/exchange.ts';

/** Where a sharer's side compares thumbprints. */
const thumbprintPort = 8433;

/** `HOST[:PORT]`, port 8433 if none is given. Errors: `invalid_input`. */
export function parseSharerAddress(text: string): AccessPointAddress {
  return parsePlace(text, thumbprintPort);
}

/** At the IPv4 default router, which the server has no say in. Errors: `missing_input`. */
export async function defaultSharerAddress(): Promise<AccessPointAddress> {
  return { host: await routerOr('say where its sharer is on the network'), port: thumbprintPort };
}

/**
 * Asks the sharer's side, on the shared network, to which key the access code of a request was sealed (protocol.md section 7):
 * resolves to its thumbprint, which is another than that of the guest's own key where a server has put in one of its own.
 * `code`: with which the guest was let in. Errors: `remote_unreachable`, `timed_out`, `rate_limited`, `share_request_not_found`
 * (it knows nothing of it), `bad_reply` (what answers does not prove to be the sharer's side, and so says nothing).
 */
export async function askThumbprint(
  address: AccessPointAddress,
  requestId: string,
  code: { readonly ssid: string; readonly password: string },
  signal?: AbortSignal,
): Promise<string> {
  const key = await thumbprintKey(code);
  const question = { requestId, nonce: randomBytes(32) };
  const body = { request_id: requestId, nonce: base64url(question.nonce), proof: base64url(questionProof(key, question)) };
  const { thumbprint, proof } = await deviceExchange({ method: 'POST', ...address, path: '/v1/thumbprint', body, signal }, checkThumbprintAnswer);
  if (!timingSafeEqual(answerProof(key, question, thumbprint), parseBase64url(proof, 32)!)) {
    throw new LatchkeyError('bad_reply', 'What answers on the network does not know its password: it is not the sharer’s side.');
  }
  return thumbprint;
}
