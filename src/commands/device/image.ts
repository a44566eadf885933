import { LatchkeyCommand } from '../../cli/base-command.ts';
import { imageFlags } from '../../cli/images/device-image.ts';
import { pathFlag, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { identitySourceFlags } from '../../cli/identity-source.ts';
import { factoryWhenNeeded } from '../../cli/open-role.ts';
import { imagesSchema, imagesToWire, presentImages, type ImagesWire } from '../../cli/present/images.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { keepMemorySmall } from '../../cli/small-memory.ts';
import { writeImages } from '../../cli/images/write-images.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class DeviceImage extends LatchkeyCommand<ImagesWire> {
  static override readonly summary = 'Write identities into files for the flash of devices, one or more a device.';
  static override readonly description = `Each device's uuid, onboarding SSID and pass_tmp, and its DPP key if it has one, as an NVS partition of ESP-IDF (UUID.bin: the same bytes as Espressif's generator writes), as JSON (UUID.json), as variables of a shell (UUID.env) or as a C header (UUID.h). Rows of --from that bring their pass_tmp are taken as they are; others, and --uuid, are looked up.
Files have mode 0600, and the folder 0700 if it is made. A file that is there with the same content is left alone, so that the same command can be run again; one with other content is a reject, unless --overwrite. With --encrypt every device has keys of its own, in UUID.keys.bin; keys that are there already are used again.
Devices that cannot be written are told in --rejects, a line of JSON each, and the command ends in 9.`;
  static override readonly examples = [
    { description: 'NVS partitions for the devices of a file', command: '<%= config.bin %> <%= command.id %> --from identities.csv --out-dir images' },
    { description: 'One device, under the names that its firmware reads', command: '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --out-dir images --namespace wifi --pass-tmp-key secret' },
    { description: 'With the calibration values of a factory’s file, encrypted', command: '<%= config.bin %> <%= command.id %> --from identities.csv --out-dir images --extra values.csv --extra-config config.csv --encrypt' },
  ];
  static override readonly flags = {
    ...identitySourceFlags,
    'out-dir': pathFlag({ description: 'Folder that the files go into; made if it is not there.', required: true }),
    overwrite: switchFlag({ description: 'Replace files that are there with other content.' }),
    rejects: pathFlag({ description: 'Write what could not be done into this file, a JSON object a line.' }),
    ...imageFlags,
    ...remoteFlags,
  };
  static override readonly result = imagesSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(DeviceImage);
    keepMemorySmall();
    const result = await writeImages(flags, {
      factory: factoryWhenNeeded(flags, this.opening),
      silent: this.quiet || this.jsonEnabled(),
      signal: this.signal,
    });
    const { firstReject, rejected } = result;
    if (firstReject !== undefined && flags.uuid?.length === 1) {
      throw new LatchkeyError(firstReject.code, firstReject.reason);
    }
    await this.emit(imagesToWire(result));
    if (firstReject !== undefined) {
      throw new LatchkeyError('partly_done', `${rejected} ${rejected === 1 ? 'device was' : 'devices were'} rejected; the first: ${firstReject.reason}`, {
        hint: flags.rejects === undefined ? 'Pass --rejects FILE to see them all.' : `See ${flags.rejects}.`,
      });
    }
    return undefined;
  }

  protected present(result: ImagesWire, screen: Screen): string {
    return presentImages(result, screen);
  }
}
