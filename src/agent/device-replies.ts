import { bytesToWire, type DeviceRequestWire, type HelloWire } from '../api/device-exchange.ts';
import { instantToWire, present } from '../api/wire.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { RequestAnswer } from '../roles/agent/access-desk.ts';
import type { Log } from '../roles/agent/log.ts';
import type { HelloAnswer } from '../roles/agent/secure-exchange.ts';

export function helloToWire(answer: HelloAnswer, securePort: number): HelloWire {
  return {
    hello_id: answer.helloId,
    ap_id: answer.apId,
    ap_name: answer.apName,
    ap_nonce: bytesToWire(answer.apNonce),
    secure_port: securePort,
    expires_in: answer.expiresInS,
  };
}

/** `base`: the address at which the device reports, on the main network. */
export function answerToWire({ requestId, status, reason, granted }: RequestAnswer, base: string): DeviceRequestWire {
  const about = { request_id: requestId, status };
  if (granted === undefined) {
    return present({ ...about, reason });
  }
  return present({
    ...about,
    uuid: granted.uuid,
    ssid: granted.ssid,
    password: granted.password,
    password_id: granted.passwordId,
    security: granted.security,
    grant_id: granted.grantId,
    expires_at: instantToWire(granted.expiresAt),
    joined_url: `${base}/v1/access-requests/${requestId}/joined`,
  });
}

/** Whole seconds, 0 to 30; none is 0. Errors: `invalid_input`. */
export function waitMs(query: URLSearchParams): number {
  const text = query.get('wait') ?? '0';
  if (!/^(?:[0-9]|[12][0-9]|30)$/.test(text)) {
    throw new LatchkeyError('invalid_input', '"wait" is a number of seconds from 0 to 30.');
  }
  return Number(text) * 1000;
}

/** What is to be done once the answer has left: if it held the password, the request is `delivered`. */
export function whenSent(
  { requestId, granted }: RequestAnswer,
  exchange: { delivered(requestId: string): Promise<void> },
  log: Log,
): (() => void) | undefined {
  if (granted === undefined) {
    return undefined;
  }
  return () => {
    exchange.delivered(requestId).catch((error: unknown) => log('error', 'A delivery could not be recorded.', { requestId, error }));
  };
}
