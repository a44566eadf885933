import { identitySchema, identityToWire, type DeviceWire, type IdentityWire } from '../../api/devices.ts';
import { object } from '../../api/schema.ts';
import type { Identity } from '../../roles/factory/ports.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

const { uuid, ssid, pass_tmp, model, batch, label, mac, weak } = identitySchema.properties;

/** What the flashing step needs, and what it is called: nothing that differs when the command is run again. */
export const flashSchema = object('Flash', { uuid, ssid, pass_tmp, weak }, { model, batch, label, mac });
export type FlashWire = Pick<IdentityWire, 'uuid' | 'ssid' | 'pass_tmp' | 'model' | 'batch' | 'label' | 'mac' | 'weak'>;

export function flashToWire(identity: Identity): FlashWire {
  const { state, spent_by, created_at, registered_at, flashed_at, revoked_at, dpp_key, ...flash } = identityToWire(identity);
  return flash;
}

export function presentFlash(identity: FlashWire, screen: Screen): string {
  return details(
    [
      ['uuid', identity.uuid],
      ['ssid', identity.ssid],
      ['pass_tmp', identity.pass_tmp],
      ['model', identity.model],
      ['batch', identity.batch],
      ['label', identity.label],
      ['mac', identity.mac],
      ['weak', identity.weak ? 'yes: it can be guessed' : undefined],
    ],
    screen,
  );
}

export function presentDevices(page: PageWire<DeviceWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No devices.';
  }
  const text = table(
    page.items,
    [
      { title: 'UUID', cell: (device) => device.uuid },
      { title: 'STATE', cell: state },
      { title: 'MODEL', cell: (device) => device.model },
      { title: 'BATCH', cell: (device) => device.batch },
      { title: 'LABEL', cell: (device) => device.label },
      { title: 'SSID', cell: (device) => device.ssid },
      { title: 'CREATED', cell: (device) => localTime(device.created_at) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentDevice(device: DeviceWire, screen: Screen): string {
  return details(
    [
      ['uuid', device.uuid],
      ['state', state(device)],
      ['onboarding SSID', device.ssid],
      ['model', device.model],
      ['batch', device.batch],
      ['label', device.label],
      ['MAC', device.mac],
      ['used by request', device.spent_by],
      ['created', localTime(device.created_at)],
      ['registered', device.registered_at && localTime(device.registered_at)],
      ['flashed', device.flashed_at && localTime(device.flashed_at)],
      ['revoked', device.revoked_at && localTime(device.revoked_at)],
    ],
    screen,
  );
}

function state(device: DeviceWire): string {
  const used = device.state === 'registered' && device.spent_by !== undefined ? ', used' : '';
  return `${device.state}${used}${device.weak ? ', weak' : ''}`;
}
