import { hostname } from 'node:os';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { flashOffsetFlag, durationFlag, notWith, numberFlag, pathFlag, remoteFlags, switchFlag, textFlag } from '../../cli/flags.ts';
import { imageFlags } from '../../cli/images/device-image.ts';
import { flashDevices } from '../../cli/flashing/flash-devices.ts';
import { identitySourceFlags } from '../../cli/identity-source.ts';
import { flashOutcomeSchema, presentFlashOutcome, type FlashOutcomeWire } from '../../cli/present/flash-outcomes.ts';
import type { Screen } from '../../cli/present/screen.ts';

const { format: _format, dpp: _dpp, ...flashImageFlags } = imageFlags;

export default class DeviceFlash extends LatchkeyCommand<FlashOutcomeWire> {
  static override readonly summary = 'Put devices’ identities into boards with esptool, read them back, and record it.';
  static override readonly description = `Claims a device in the registry, writes its NVS image to the board, reads it back, compares it byte for byte and by what it says, and records station, operator, time and result. Only a device whose image was read back right counts as flashed.
With several stations all work off the same list at once; one that fails stops no other. The identity of a board that failed goes into the next one. At a terminal each station waits for Enter between boards; elsewhere it goes on at once, until the list is done or it failed more than --retries times in a row.
A device that is flashed is passed over, so the same again goes on where the last run ended. Exit 12 if the one device was not flashed, 9 if some of several were not.`;
  static override readonly examples = [
    { description: 'One board', command: '<%= config.bin %> <%= command.id %> --port /dev/ttyUSB0 --offset 0x9000 --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d' },
    { description: 'A list, at the stations in a file', command: '<%= config.bin %> <%= command.id %> --stations ports.json --offset 0x9000 --from devices.csv' },
  ];
  static override readonly flags = {
    ...identitySourceFlags,
    port: textFlag({ description: 'The port with the board.', helpValue: 'PORT', exclusive: ['stations'] }),
    stations: pathFlag({ description: 'Several ports at once: JSON, a list of { port, station }, with offset, keys_offset, baud and chip where they differ.' }),
    offset: flashOffsetFlag({ description: 'Where the NVS partition begins, such as 0x9000.' }),
    'keys-offset': flashOffsetFlag({ description: 'Where the NVS key partition begins, for --encrypt.' }),
    station: textFlag({ description: 'What this place is called; the host’s name if left out.', helpValue: 'NAME', ...notWith('stations') }),
    operator: textFlag({ description: 'Who runs it; the user’s name if left out.', helpValue: 'NAME', env: 'LATCHKEY_OPERATOR' }),
    tool: pathFlag({ description: 'esptool, version 2 to 5; the one on the PATH if left out.' }),
    baud: numberFlag(300, 10_000_000)({ description: 'Bits a second; esptool’s own choice if left out.' }),
    chip: textFlag({ description: 'As esptool calls it; found out if left out.', helpValue: 'NAME' }),
    'step-timeout': durationFlag({ description: 'How long one run of esptool may take, at most 2m.', default: 60_000, defaultHelp: async () => '1m' }),
    retries: numberFlag(0, 1000)({ description: 'How many failures in a row a station goes on after; 0, or without end where it waits for Enter, if left out.' }),
    again: switchFlag({ description: 'Flash devices that are flashed already once more.' }),
    ...flashImageFlags,
    ...remoteFlags,
  };
  static override readonly result = flashOutcomeSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(DeviceFlash);
    await flashDevices(
      { ...flags, station: flags.station ?? hostname().slice(0, 64), format: 'esp-nvs' },
      {
        ...this.opening,
        signal: this.signal,
        silent: this.quiet || this.jsonEnabled(),
        stream: (outcome) => this.stream(outcome),
        caution: (text) => this.caution(text),
      },
    );
    return undefined;
  }

  protected present(outcome: FlashOutcomeWire, screen: Screen): string {
    return presentFlashOutcome(outcome, screen);
  }
}
