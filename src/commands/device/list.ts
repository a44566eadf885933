import { devicePageSchema, deviceToWire, type DeviceWire } from '../../api/devices.ts';
import { pageToWire } from '../../api/page.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, pageFlags, remoteFlags, textFlag } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentDevices } from '../../cli/present/devices.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { deviceStates } from '../../domain/device.ts';

export default class DeviceList extends LatchkeyCommand<PageWire<DeviceWire>> {
  static override readonly summary = 'List devices, in the order of their uuids.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --model lamp-2 --state registered',
    { description: 'The uuids of a batch', command: "<%= config.bin %> <%= command.id %> --batch 2026-11 --json | jq -r '.items[].uuid'" },
  ];
  static override readonly flags = {
    model: textFlag({ description: 'Only of this model.' }),
    batch: textFlag({ description: 'Only of this batch.' }),
    state: choiceFlag(deviceStates)({ description: 'Only in this state.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = devicePageSchema;

  async run(): Promise<PageWire<DeviceWire>> {
    const { flags } = await this.parse(DeviceList);
    const factory = await openFactory(flags, this.opening);
    const { model, batch, state, after, limit } = flags;
    return pageToWire(await factory.list({ model, batch, state }, { after, limit }), deviceToWire);
  }

  protected present(page: PageWire<DeviceWire>, screen: Screen): string {
    return presentDevices(page, screen);
  }
}
