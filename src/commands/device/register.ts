import { LatchkeyCommand } from '../../cli/base-command.ts';
import {
  choiceFlag, dryRunFlag, fileFlag, idempotencyFlag, macFlag, notWith, numberFlag, pathFlag, remoteFlags, ssidFlag, switchFlag, textFlag, uuidFlag,
} from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { bulkSchema, presentBulk, type BulkWire } from '../../cli/present/bulk.ts';
import { flashSchema, flashToWire, presentFlash, type FlashWire } from '../../cli/present/devices.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { readGivenSecret } from '../../cli/secret-input.ts';
import { LatchkeyError } from '../../domain/errors.ts';

/** Of one device alone. */
const ofOne = notWith('count', 'from');
const ofMany = { helpGroup: 'MANY' };

export default class DeviceRegister extends LatchkeyCommand<FlashWire | BulkWire> {
  static override readonly summary = 'Register one device or many, and print what the flashing step needs.';
  static override readonly description = `Makes a uuid and a pass_tmp (130 random bits), or takes given ones, and prints them with the onboarding SSID.
The device is committed as reserved, its identity is printed, and only then is it registered: no device can be registered whose pass_tmp nobody has. The same again, with the same --idempotency-key or the same uuid and pass_tmp, prints the same, also after a crash in between. The same uuid with other data is a conflict, and nothing is changed.

With --count or --from it is the same for many, chunk by chunk, whatever their number: reserved, written to --out and on the disk, registered. A file has the columns uuid, ssid, pass_tmp, model, batch, label and mac, as CSV with a header or as NDJSON; each may be missing or empty where --ssid, --model and --batch stand in, or, with --out, a uuid and a pass_tmp can be made. What was interrupted goes on with --resume and the same flags, from the journal beside the output (FILE.run), and ends with the same devices. Rows that cannot be registered go to --rejects, with line and reason and without their pass_tmp; exit 9 then. A last line of a CSV without an end is taken for torn, and rejected.`;
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
    {
      description: 'A hundred thousand lamps',
      command: '<%= config.bin %> <%= command.id %> --count 100000 --ssid iot-setup --model lamp-2 --batch 2026-11 --out lamps.ndjson',
    },
    {
      description: 'The devices in a file, going on where the last run was interrupted',
      command: '<%= config.bin %> <%= command.id %> --from order.csv --out identities.csv --rejects rejects.ndjson --resume',
    },
  ];
  static override readonly flags = {
    ssid: ssidFlag({ description: 'Onboarding SSID that is written into the device; of many, for those that name none.' }),
    uuid: uuidFlag({ description: 'Take this uuid instead of making one.', exclusive: ['count', 'from'] }),
    'pass-tmp-file': fileFlag({ description: 'Take the pass_tmp in this file, - for stdin (or LATCHKEY_PASS_TMP).', ...ofOne }),
    'allow-weak': switchFlag({ description: 'Take a pass_tmp of fewer than 16 characters, which can be guessed.' }),
    model: textFlag({ description: 'Model, by which devices are found and approved.' }),
    batch: textFlag({ description: 'Batch, by which devices are found and approved.' }),
    label: textFlag({ description: 'What people call it.', ...ofOne }),
    mac: macFlag({ description: 'Its hardware address.', ...ofOne }),
    'idempotency-key': idempotencyFlag(ofOne),
    count: numberFlag(1, 1_000_000_000)({ description: 'Make so many.', exclusive: ['from'], ...ofMany }),
    from: fileFlag({ description: 'Register the rows of this file, - for stdin.', ...ofMany }),
    out: fileFlag({ description: 'Write the identities there, with the pass_tmp of each; - for stdout. Only a file of whole identities needs none.', ...ofMany }),
    format: choiceFlag(['ndjson', 'csv'])({ description: 'How they are written; csv for a FILE.csv, else ndjson.', dependsOn: ['out'], ...ofMany }),
    rejects: pathFlag({ description: 'Write the rows that were rejected to this file, as NDJSON.', ...ofMany }),
    resume: switchFlag({ description: 'Go on with the run that was interrupted; begin it if there is none.', ...ofMany }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = { anyOf: [flashSchema, bulkSchema] };

  async run(): Promise<BulkWire | undefined> {
    const { flags } = await this.parse(DeviceRegister);
    if (flags.count !== undefined || flags.from !== undefined) {
      return this.#registerMany(flags);
    }
    if (flags.ssid === undefined) {
      throw new LatchkeyError('missing_input', 'The ssid is missing: give --ssid SSID.');
    }
    if (flags['dry-run'] || flags.out !== undefined || flags.rejects !== undefined) {
      throw new LatchkeyError('missing_input', 'Many devices go with --count N or --from FILE, one with neither.');
    }
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

  async #registerMany(flags: Parameters<typeof import('../../cli/registering/bulk.ts').registerBulk>[0]): Promise<undefined> {
    const { registerBulk } = await import('../../cli/registering/bulk.ts');
    const bulk = await registerBulk(flags, {
      ...this.opening,
      signal: this.signal,
      silent: this.quiet || this.jsonEnabled(),
      caution: (text) => this.caution(text),
    });
    if (flags.out !== '-' || flags['dry-run']) {
      await this.emit(bulk);
    } else {
      await this.note(`Registered ${bulk.registered}, known already ${bulk.known}, rejected ${bulk.rejected}.`);
    }
    if (bulk.rejected > 0) {
      throw new LatchkeyError('partly_done', `${bulk.rejected} of ${bulk.registered + bulk.known + bulk.rejected} were rejected.`, {
        hint: flags.rejects === undefined ? 'Run it again with --rejects FILE to see which, and why.' : `See ${flags.rejects}.`,
      });
    }
    return undefined;
  }

  protected present(result: FlashWire | BulkWire, screen: Screen): string {
    return 'run' in result ? presentBulk(result, screen) : presentFlash(result, screen);
  }
}
