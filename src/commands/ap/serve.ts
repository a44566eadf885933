import { AgentCommand } from '../../cli/agent-command.ts';
import { agentFlags, radioSecurityFlag } from '../../cli/agent-flags.ts';
import { choiceFlag, deviceAddressFlag, durationFlag, fileFlag, pathFlag, switchFlag } from '../../cli/flags.ts';
import { prepareRadio, radios } from '../../cli/open-radio.ts';

export default class ApServe extends AgentCommand {
  static override readonly summary = 'Run the AP agent: it speaks to devices, asks the server and the owner, and hands out the password.';
  static override readonly description = `Devices say hello on --port and prove their pass_tmp on --secure-port; the owner lets them in with a key here, from another terminal (\`ap approve\`), or from anywhere through the server. Without a terminal it only logs, JSON lines on stderr. It prints what happens, and runs until it is told to stop; requests and grants survive that. Without the server it serves what is granted, and asks devices to come again.
The password of the network comes from --password-file, LATCHKEY_PASSWORD, the secret store (ap/password), or a hidden prompt.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --onboarding-ssid iot-setup --ssid Home --password-file wifi.txt',
    {
      description: 'Letting in one model by itself, with a script that tells the owner of the others',
      command:
        '<%= config.bin %> <%= command.id %> --onboarding-ssid iot-setup --ssid Home --auto-approve model=lamp-2 --notify "exec:/usr/local/bin/tell-owner"',
    },
  ];
  static override readonly flags = {
    ...agentFlags,
    'password-file': fileFlag({ description: 'Take the network’s password in this file, - for stdin.' }),
    security: radioSecurityFlag,
    radio: choiceFlag(radios)({ description: 'What enforces the grants; none hands out the password and enforces nothing.', default: 'none' }),
    'hostapd-conf': pathFlag({ description: 'The file that hostapd was started with; may be repeated.', multiple: true }),
    'shared-password': switchFlag({ description: 'Keep the network’s one password: whoever knows it stays in, also when a grant is revoked.' }),
    dpp: switchFlag({ description: 'Configure devices by Wi-Fi Easy Connect (DPP): they announce themselves, are found by the key on their label, and get their password once they prove to have it.' }),
    listen: deviceAddressFlag,
    'drop-after': durationFlag({ description: 'How long WPA3 passwords that are over are gathered, sealed, before hostapd drops all stations for a moment to be rid of them.', default: 60_000, defaultHelp: async () => '1m' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ApServe);
    return this.serve(flags, { deviceAddress: flags.listen, openRadio: await prepareRadio(flags, this.sources) });
  }
}
