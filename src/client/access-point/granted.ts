import type { DeviceRequestWire } from '../../api/device-exchange.ts';
import { instantFromWire } from '../../api/wire.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Granted } from '../../roles/device/ports.ts';

export interface GrantedReply {
  readonly granted: Granted;
  readonly joinedUrl: URL;
}

/**
 * What an answer means to the device that asked: the password, or undefined while it must wait. Errors:
 * `request_denied`, `request_expired`, `join_declined`, `bad_reply` (incomplete, or for another device or request).
 */
export function readAnswer(wire: DeviceRequestWire, asked: { requestId: string; uuid: string; scheme: 'http:' | 'https:' }): GrantedReply | undefined {
  if (wire.request_id !== asked.requestId) {
    throw new LatchkeyError('bad_reply', 'The access point answers for another request.');
  }
  switch (wire.status) {
    case 'pending':
      return undefined;
    case 'denied':
      throw new LatchkeyError('request_denied', wire.reason === undefined ? undefined : `The request was denied: ${wire.reason}.`);
    case 'expired':
      throw new LatchkeyError('request_expired');
    case 'declined':
      throw new LatchkeyError('join_declined');
    case 'joined':
      throw new LatchkeyError('already_decided', 'This request has let the device in already.');
    case 'approved':
    case 'delivered':
      return readGranted(wire, asked);
  }
}

function readGranted(wire: DeviceRequestWire, { requestId, uuid, scheme }: { requestId: string; uuid: string; scheme: string }): GrantedReply {
  const { ssid, password, password_id: passwordId, security, grant_id: grantId, joined_url: joined, expires_at: expiresAt } = wire;
  if (ssid === undefined || password === undefined || security === undefined || grantId === undefined || joined === undefined) {
    throw new LatchkeyError('bad_reply', 'The access point’s answer is not complete.');
  }
  if (wire.uuid !== uuid) {
    throw new LatchkeyError('bad_reply', 'The access point answers for another device.');
  }
  const joinedUrl = URL.canParse(joined) ? new URL(joined) : undefined;
  if (joinedUrl?.protocol !== scheme || joinedUrl.pathname !== `/v1/access-requests/${requestId}/joined`) {
    throw new LatchkeyError('bad_reply', 'The access point’s joined_url is not one of its own.');
  }
  return { granted: { ssid, password, passwordId, security, grantId, expiresAt: instantFromWire(expiresAt) }, joinedUrl };
}
