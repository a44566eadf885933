import { LatchkeyCommand } from '../../cli/base-command.ts';
import { fileFlag, idempotencyFlag, macFlag, remoteFlags, ssidFlag, switchFlag, textFlag, uuidFlag } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { flashSchema, flashToWire, presentFlash, type FlashWire } from '../../cli/present/devices.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { readGivenSecret } from '../../cli/secret-input.ts';

export default class DeviceRegister extends LatchkeyCommand<FlashWire> {
  static override readonly summary = 'Register one device and print what the flashing step needs.';
  static override readonly description = `Makes a uuid and a pass_tmp (130 random bits), or takes given ones, and prints them with the onboarding SSID.
The device is committed as reserved, its identity is printed, and only then is it registered: no device can be registered whose pass_tmp nobody has. The same again, with the same --idempotency-key or the same uuid and pass_tmp, prints the same, also after a crash in between. The same uuid with other data is a conflict, and nothing is changed.`;
  static override readonly examples = [
    { description: 'One lamp of a batch', command: '<%= config.bin %> <%= command.id %> --ssid iot-setup --model lamp-2 --batch 2026-11' },
    {
      description: 'From a script that may try again',
      command: '<%= config.bin %> <%= command.id %> --ssid iot-setup --idempotency-key station3-000417 --json',
    },
    {
      description: 'A device that has its identity already, its pass_tmp from standard input',
      command: '<%= config.bin %> <%= command.id %> --ssid iot-setup --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --pass-tmp-file -',
    },
  ];
  static override readonly flags = {
    ssid: ssidFlag({ description: 'Onboarding SSID that is written into the device.', required: true }),
    uuid: uuidFlag({ description: 'Take this uuid instead of making one.' }),
    'pass-tmp-file': fileFlag({ description: 'Take the pass_tmp in this file, - for stdin (or LATCHKEY_PASS_TMP).' }),
    'allow-weak': switchFlag({ description: 'Take a pass_tmp of fewer than 16 characters, which can be guessed.' }),
    model: textFlag({ description: 'Model, by which devices are found and approved.' }),
    batch: textFlag({ description: 'Batch, by which devices are found and approved.' }),
    label: textFlag({ description: 'What people call it.' }),
    mac: macFlag({ description: 'Its hardware address.' }),
    'idempotency-key': idempotencyFlag(),
    ...remoteFlags,
  };
  static override readonly result = flashSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(DeviceRegister);
    const passTmp = await readGivenSecret('pass-tmp', flags['pass-tmp-file'], { ...this.sources, message: 'pass_tmp:' });
    const factory = await openFactory(flags, this.opening);
    const identity = await factory.reserve(
      { uuid: flags.uuid, passTmp, ssid: flags.ssid, model: flags.model, batch: flags.batch, label: flags.label, mac: flags.mac, allowWeak: flags['allow-weak'] },
      flags['idempotency-key'],
    );
    await this.emit(flashToWire(identity));
    await factory.confirm(identity.device.uuid);
    return undefined;
  }

  protected present(identity: FlashWire, screen: Screen): string {
    return presentFlash(identity, screen);
  }
}
