import { AgentCommand } from '../../cli/agent-command.ts';
import { agentFlags, radioSecurityFlag } from '../../cli/agent-flags.ts';
import { choiceFlag, deviceAddressFlag, listenFlag, textFlag, vlanFlag } from '../../cli/flags.ts';
import { dialects, prepareRadius } from '../../cli/open-radius.ts';

export default class ApRadius extends AgentCommand {
  static override readonly summary = 'Run the AP agent for access points that ask by RADIUS: each device gets its own password and VLAN.';
  static override readonly description = `It is the agent of \`ap serve\` in all but its radio: access points that run no software of ours ask it for every station (MAC authentication), say what it uses (accounting), and are told when that ends (RFC 5176). Requests have to carry a Message-Authenticator.
Each access point, controller or network of them is named by --nas; the secret that it shares with this server comes from LATCHKEY_RADIUS_SECRET_NAME or the secret store (\`secret set radius/NAME\`).
A device is known by the MAC address with which it has proven itself on the onboarding network, so this machine must be on that network.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --onboarding-ssid iot-setup --ssid Home --nas hall=10.0.0.5 --listen 10.0.0.2:1812',
    {
      description: 'A controller of another make, and a VLAN for devices whose traffic is used up',
      command:
        '<%= config.bin %> <%= command.id %> --onboarding-ssid iot-setup --ssid Home --nas campus=10.1.0.0/16,cisco,orders=1700 --restricted-vlan 66 --listen 10.0.0.2:1812',
    },
  ];
  static override readonly flags = {
    ...agentFlags,
    security: radioSecurityFlag,
    listen: listenFlag({ description: 'Address and port for RADIUS authentication.', default: { host: '127.0.0.1', port: 1812 }, defaultHelp: async () => '127.0.0.1:1812' }),
    'accounting-listen': listenFlag({ description: 'Address and port for RADIUS accounting; the next port if left out.' }),
    nas: textFlag({
      description: 'Who may ask: NAME=ADDRESS[/PREFIX], perhaps with ,DIALECT and ,orders=PORT (3799) for RFC 5176; may be repeated.',
      helpValue: 'NAS',
      multiple: true,
      required: true,
    }),
    dialect: choiceFlag(dialects)({ description: 'How the password is told: as hostapd reads it, Cisco’s identity PSK, Aruba’s MPSK.', default: 'standard' }),
    'restricted-vlan': vlanFlag({ description: 'VLAN from which only the agent is reachable, for grants that are restricted; without it they are not let in.' }),
    'device-address': deviceAddressFlag,
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ApRadius);
    return this.serve(flags, { deviceAddress: flags['device-address'], openRadio: await prepareRadius(flags, this.sources) });
  }
}
