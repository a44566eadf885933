import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { identitySourceFlags } from '../../cli/identity-source.ts';
import { labelFlags } from '../../cli/labels/flags.ts';
import { factoryWhenNeeded } from '../../cli/open-role.ts';
import { labelsSchema, presentLabels, type LabelsWire } from '../../cli/present/labels.ts';
import { printLabels } from '../../cli/labels/print-labels.ts';
import { keepMemorySmall } from '../../cli/small-memory.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class DeviceLabel extends LatchkeyCommand<LabelsWire> {
  static override readonly summary = 'Make labels with a QR code that says which device it is: SVG, PNG, or ZPL for label printers.';
  static override readonly description = `The QR code says LATCHKEY:1;U:<uuid>;M:<model>;S:<ssid>;; and holds no secret. With --dpp it is a DPP URI: the registry makes the device's key pair where it has none, and keeps the private key sealed until \`device image\` writes it; label first, or image again. With --matter it is a Matter onboarding payload, in which the passcode is a secret: the label opens the device to whoever sees it, and its files are for their owner alone.
Rows of --from that bring their uuid and ssid are used as they are; others, and all with --dpp, are looked up. A device that can have no label is a reject, and the others go on (exit 9). A file that is there already is left; one with the same content counts as made, so that the same command can be run again.`;
  static override readonly examples = [
    { description: 'One label, to look at', command: '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --out lamp.svg' },
    { description: 'A batch to a label printer of 203 dpi', command: '<%= config.bin %> <%= command.id %> --from devices.csv --format zpl --dpi 203 > /dev/usb/lp0' },
    { description: 'Many on A4, with other text', command: "<%= config.bin %> <%= command.id %> --from devices.csv --sheet A4 --cut-marks --out-dir pages --text '{model}' --text 'S/N {uuid-end}'" },
    { description: 'For Wi-Fi Easy Connect', command: '<%= config.bin %> <%= command.id %> --from devices.csv --dpp --format png --out-dir labels' },
    {
      description: 'For Matter, the passcode from standard input',
      command: '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --matter --vendor 0xFFF1 --product 0x8000 --discriminator 3840 --passcode-file - --out lamp.svg',
    },
  ];
  static override readonly flags = { ...identitySourceFlags, ...labelFlags, ...remoteFlags };
  static override readonly result = labelsSchema;

  #where = '';

  async run(): Promise<LabelsWire | undefined> {
    const { flags } = await this.parse(DeviceLabel);
    keepMemorySmall();
    this.#where = flags['out-dir'] ?? flags.out;
    const result = await printLabels(flags, {
      sources: this.sources,
      closing: this.closing,
      factory: factoryWhenNeeded(flags, this.opening),
      silent: this.quiet || this.jsonEnabled(),
      json: this.jsonEnabled(),
      signal: this.signal,
      caution: (text) => this.caution(text),
    });
    // Standard output holds the labels themselves.
    if (this.#where !== '-') {
      await this.emit(result);
    }
    if (result.rejected > 0) {
      throw new LatchkeyError('partly_done', `${result.rejected} of ${result.rejected + result.labels} devices got no label.`, {
        hint: flags.rejects === undefined ? 'Give --rejects FILE to see which and why.' : `See ${flags.rejects}.`,
      });
    }
    return undefined;
  }

  protected present(result: LabelsWire): string {
    return presentLabels(result, this.#where);
  }
}
