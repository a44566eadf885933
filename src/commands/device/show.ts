import { deviceSchema, deviceToWire, type DeviceWire } from '../../api/devices.ts';
import { uuidArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentDevice } from '../../cli/present/devices.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DeviceShow extends LatchkeyCommand<DeviceWire> {
  static override readonly summary = 'Show one device. Its pass_tmp is never shown again.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'];
  static override readonly args = { uuid: uuidArg({ description: 'The device.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = deviceSchema;

  async run(): Promise<DeviceWire> {
    const { args, flags } = await this.parse(DeviceShow);
    const factory = await openFactory(flags, this.opening);
    return deviceToWire(await factory.show(args.uuid));
  }

  protected present(device: DeviceWire, screen: Screen): string {
    return presentDevice(device, screen);
  }
}
