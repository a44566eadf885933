import { boolean, id, instant, object, oneOf, remark, ssid, uuid } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { securities } from '../../domain/ssid.ts';
import type { AskedRequest, Granted, OnNetwork } from '../../roles/device/ports.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';
import { localTime } from './time.ts';

export const joinedSchema = object(
  'Joined',
  { uuid, ssid, password: { type: 'string' }, security: oneOf(securities), request_id: id, grant_id: id },
  { password_id: id, ap_id: id, ap_name: remark, expires_at: instant, config: { type: 'string' }, output: { type: 'string' }, interface: { type: 'string' }, address: { type: 'string' }, kept: boolean },
);

export interface JoinedWire {
  readonly uuid: string;
  readonly ssid: string;
  readonly password: string;
  readonly password_id?: string;
  readonly security: Granted['security'];
  readonly request_id: string;
  readonly grant_id: string;
  readonly ap_id?: string;
  readonly ap_name?: string;
  readonly expires_at?: string;
  /** What `--format` asked for. */
  readonly config?: string;
  /** Where it was written instead. */
  readonly output?: string;
  /** What `--apply` has put onto the network, and the address there. */
  readonly interface?: string;
  readonly address?: string;
  /** Whether it is on that network again when the machine starts anew. */
  readonly kept?: boolean;
}

interface Joined {
  readonly uuid: string;
  readonly asked: AskedRequest;
  readonly granted: Granted;
  readonly config: string | undefined;
  readonly output: string | undefined;
  readonly on: OnNetwork | undefined;
}

export function joinedToWire({ asked, granted, on, ...of }: Joined): JoinedWire {
  return present({
    uuid: of.uuid,
    ssid: granted.ssid,
    password: granted.password,
    password_id: granted.passwordId,
    security: granted.security,
    request_id: asked.requestId,
    grant_id: granted.grantId,
    ap_id: asked.apId === '' ? undefined : asked.apId,
    ap_name: asked.apName,
    expires_at: instantToWire(granted.expiresAt),
    config: of.output === undefined ? of.config : undefined,
    output: of.output,
    interface: on?.interface,
    address: on?.address,
    kept: on?.kept,
  });
}

export function presentJoined(joined: JoinedWire, screen: Screen): string {
  if (joined.config !== undefined) {
    return joined.config.trimEnd();
  }
  return details(
    [
      ['ssid', joined.ssid],
      ['password', joined.output === undefined && joined.interface === undefined ? joined.password : undefined],
      ['password id', joined.output === undefined && joined.interface === undefined ? joined.password_id : undefined],
      ['security', joined.security],
      ['until', joined.expires_at && localTime(joined.expires_at)],
      ['written to', joined.output],
      ['joined on', joined.interface],
      ['address', joined.address],
    ],
    screen,
  );
}
