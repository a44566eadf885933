import { deviceSchema, deviceToWire, type DeviceWire } from '../../api/devices.ts';
import { uuidArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, textFlag, yesFlag } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentDevice } from '../../cli/present/devices.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DeviceRevoke extends LatchkeyCommand<DeviceWire> {
  static override readonly summary = 'Revoke a device for good.';
  static override readonly description =
    'It never verifies again; its open requests are denied and its grants revoked. Revoking it again changes nothing.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --reason "returned broken" --yes',
  ];
  static override readonly args = { uuid: uuidArg({ description: 'The device.', required: true }) };
  static override readonly flags = {
    reason: textFlag({ description: 'Why; kept in its history.' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = deviceSchema;

  async run(): Promise<DeviceWire> {
    const { args, flags } = await this.parse(DeviceRevoke);
    const factory = await openFactory(flags, this.opening);
    if (flags['dry-run']) {
      return deviceToWire(await this.unchanged(factory.show(args.uuid)));
    }
    await this.confirm(`Revoke device ${args.uuid} for good?`, flags.yes);
    return deviceToWire(await factory.revoke(args.uuid, flags.reason));
  }

  protected present(device: DeviceWire, screen: Screen): string {
    return presentDevice(device, screen);
  }
}
