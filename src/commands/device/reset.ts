import { deviceSchema, deviceToWire, type DeviceWire } from '../../api/devices.ts';
import { uuidArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentDevice } from '../../cli/present/devices.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DeviceReset extends LatchkeyCommand<DeviceWire> {
  static override readonly summary = 'Let a device onboard again.';
  static override readonly description =
    'A pass_tmp is good for one approval. This makes it good for another: open requests of the device are closed and its grant is revoked.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'];
  static override readonly args = { uuid: uuidArg({ description: 'The device.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = deviceSchema;

  async run(): Promise<DeviceWire> {
    const { args, flags } = await this.parse(DeviceReset);
    const factory = await openFactory(flags, this.opening);
    if (flags['dry-run']) {
      return deviceToWire(await this.unchanged(factory.show(args.uuid)));
    }
    return deviceToWire(await factory.reset(args.uuid));
  }

  protected present(device: DeviceWire, screen: Screen): string {
    return presentDevice(device, screen);
  }
}
