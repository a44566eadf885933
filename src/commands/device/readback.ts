import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { identityNameFlags, readKeys } from '../../cli/images/device-image.ts';
import { pathFlag, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentReadBack, readBackSchema, readBackToWire, type ReadBackWire } from '../../cli/present/read-back.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { problemOf, readBack, readImageFile, verifyAtRegistry } from '../../cli/images/read-back.ts';

export default class DeviceReadback extends LatchkeyCommand<ReadBackWire> {
  static override readonly summary = 'Read an NVS partition back: whose it is, and whether it is whole; exit 12 if not.';
  static override readonly description = `For what was read from a device's flash, and for images before they are flashed: every checksum, and every byte that must be empty. What a device does in its life is no damage: deleted entries, pages in any order.
Values are shown with --reveal, all but uuid and SSID, for they may be secrets. With --verify the registry compares them: 0 if they are the same, 12 if not or if the device is revoked, 3 if it does not know the device. No pass_tmp leaves the registry for that.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> returned.bin --verify',
    { description: 'An encrypted one', command: '<%= config.bin %> <%= command.id %> images/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d.bin --keys images/9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d.keys.bin' },
  ];
  static override readonly args = { file: textArg({ description: 'The partition, - for stdin.', required: true }) };
  static override readonly flags = {
    keys: pathFlag({ description: 'Key partition of an encrypted one.' }),
    ...identityNameFlags,
    reveal: switchFlag({ description: 'Show the pass_tmp and all other values.' }),
    verify: switchFlag({ description: 'Compare uuid, SSID and pass_tmp with the registry.' }),
    ...remoteFlags,
  };
  static override readonly result = readBackSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(DeviceReadback);
    const keys = flags.keys === undefined ? undefined : readKeys(flags.keys, '--keys');
    const read = readBack(await readImageFile(args.file, this.signal), flags, keys);
    const problem = problemOf(read, flags);
    const verdict = flags.verify && problem === undefined ? await verifyAtRegistry(read, await openFactory(flags, this.opening)) : undefined;
    const wrong = problem ?? verdict?.wrong;
    await this.emit(readBackToWire(read, { reveal: flags.reveal, ok: wrong === undefined, comparison: verdict?.comparison }));
    if (wrong !== undefined) {
      throw wrong;
    }
    return undefined;
  }

  protected present(read: ReadBackWire, screen: Screen): string {
    return presentReadBack(read, screen);
  }
}
