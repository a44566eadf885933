import { choiceFlag, fileFlag, interfaceFlag, notWith, pathFlag, ssidFlag, switchFlag, textFlag, uuidFlag, yesFlag } from '../../cli/flags.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { joinDevice } from '../../cli/join-device.ts';
import { networkPrograms } from '../../cli/open-joiner.ts';
import { joinedSchema, presentJoined, type JoinedWire } from '../../cli/present/joined.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DeviceJoin extends LatchkeyCommand<JoinedWire> {
  static override readonly summary = 'Play the device: prove its pass_tmp to an access point and get its Wi-Fi password.';
  static override readonly description = `Says hello, proves the pass_tmp by TLS-PSK, waits for the owner of the access point, asks whether to join, prints the network's name and password, and reports that it joined (or that its user declined). A denial is exit 4, no answer within --timeout exit 8.
With --apply it really joins: it leaves the network that it is on, waits until it is on the other one and has an address, and then reports it. Where that fails it goes back and says why: the password is not taken (exit 4), the network is not found (exit 3), there is no address (exit 8).
The pass_tmp comes from --pass-tmp-file, LATCHKEY_PASS_TMP, the secret store (device/UUID/pass-tmp), or a hidden prompt.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --ssid iot-setup --pass-tmp-file pass_tmp.txt',
    {
      description: 'On a Linux device, for its own network manager',
      command:
        '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --ssid iot-setup --pass-tmp-file /etc/latchkey/pass_tmp --yes --format wpa_supplicant --output /etc/wpa_supplicant/home.conf',
    },
    {
      description: 'A Linux device joins by itself',
      command:
        '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d --ssid iot-setup --pass-tmp-file /etc/latchkey/pass_tmp --yes --apply wpa_supplicant --interface wlan0',
    },
  ];
  static override readonly flags = {
    uuid: uuidFlag({ description: 'Which device it is.', required: true }),
    ssid: ssidFlag({ description: 'The onboarding SSID that is written into the device.', required: true }),
    'pass-tmp-file': fileFlag({ description: 'Take the pass_tmp in this file, - for stdin.' }),
    ap: textFlag({ description: 'Where the AP agent says hello; the default router, port 8430, if left out.', helpValue: 'URL' }),
    label: textFlag({ description: 'What the device says of itself; the owner sees it.' }),
    plain: switchFlag({ description: 'Use the literal exchange: the pass_tmp crosses the network in the clear.' }),
    format: choiceFlag(networkPrograms)({ description: 'Print a configuration for this program instead.' }),
    output: pathFlag({ description: 'Write it to this file (mode 0600), which must not be there yet.', dependsOn: ['format'] }),
    apply: choiceFlag(networkPrograms)({ description: 'Join by this program, which runs on this machine: goes back if that fails. Takes root.', ...notWith('format') }),
    interface: interfaceFlag({ description: 'The interface that joins, such as wlan0.', dependsOn: ['apply'] }),
    prompt: textFlag({ description: 'Who answers whether to join: terminal, exec:CMD (exit 0 is yes), led:NAME.', helpValue: 'PROMPT' }),
    yes: yesFlag,
  };
  static override readonly result = joinedSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(DeviceJoin);
    await joinDevice(flags, {
      ...this.opening,
      showsCode: !flags.plain && !this.quiet && !this.jsonEnabled(),
      note: (text) => this.note(text),
      caution: (text) => this.caution(text),
      emit: (joined) => this.emit(joined),
    });
    return undefined;
  }

  protected present(joined: JoinedWire, screen: Screen): string {
    return presentJoined(joined, screen);
  }
}
