import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, deviceAddressFlag, durationFlag, fileFlag, matchFlag, pathFlag, portFlag, remoteFlags, ssidFlag, switchFlag, termsFlags, textFlag } from '../../cli/flags.ts';
import { agentEventSchema, presentAgentEvent, type AgentEventWire } from '../../cli/present/agent-events.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { radios, serveAccessPoint } from '../../cli/serve-access-point.ts';
import { securities } from '../../domain/ssid.ts';

export default class ApServe extends LatchkeyCommand<AgentEventWire> {
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
    'onboarding-ssid': ssidFlag({ description: 'The SSID that is written into the devices.', required: true }),
    ssid: ssidFlag({ description: 'The network that they are let into; may be the same name.', required: true }),
    'password-file': fileFlag({ description: 'Take the network’s password in this file, - for stdin.' }),
    security: choiceFlag(securities)({ description: 'How the network is secured; with passwords of their own, hostapd’s configuration says so itself.', default: 'wpa2-psk' }),
    radio: choiceFlag(radios)({ description: 'What enforces the grants; none hands out the password and enforces nothing.', default: 'none' }),
    'hostapd-conf': pathFlag({ description: 'The file that hostapd was started with; may be repeated.', multiple: true }),
    'shared-password': switchFlag({ description: 'Keep the network’s one password: whoever knows it stays in, also when a grant is revoked.' }),
    listen: deviceAddressFlag,
    port: portFlag({ description: 'Port for hellos; 0 takes a free one.', default: 8430 }),
    'secure-port': portFlag({ description: 'Port for TLS-PSK; 0 takes a free one.', default: 8431 }),
    'main-address': textFlag({ description: 'This machine’s address on the network that devices join.', helpValue: 'ADDRESS' }),
    name: textFlag({ description: 'What the access point is called; the host’s name if left out. At a server, what its enrolment said.' }),
    'auto-approve': matchFlag({ description: 'Let in without asking, by the registry’s word: model=… or batch=…; may be repeated. Never weak devices.' }),
    ...termsFlags,
    vlan: textFlag({ description: 'VLAN of grants that name none: a number, or model=NAME:NUMBER for one model; may be repeated.', helpValue: 'VLAN', multiple: true }),
    grace: durationFlag({ description: 'How long a grant whose traffic is used up still reaches the agent (restrict).', default: 3_600_000, defaultHelp: async () => '1h' }),
    'drop-after': durationFlag({ description: 'How long WPA3 passwords that are over are gathered, sealed, before hostapd drops all stations for a moment to be rid of them.', default: 60_000, defaultHelp: async () => '1m' }),
    'allow-plain': switchFlag({ description: 'Accept the literal exchange, in which pass_tmp crosses the onboarding network in the clear.' }),
    prompt: textFlag({ description: 'Who is asked: terminal, exec:CMD (exit 0 is yes), led:NAME.', helpValue: 'PROMPT' }),
    // An address of a webhook often is a secret itself, which the arguments would show to everybody.
    notify: textFlag({ description: 'Tell of every request: exec:CMD or an https:// address.', helpValue: 'NOTIFY', env: 'LATCHKEY_NOTIFY' }),
    ...remoteFlags,
  };
  static override readonly result = agentEventSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ApServe);
    await serveAccessPoint(flags, { ...this.opening, quiet: this.quiet, json: this.jsonEnabled(), emit: (event) => this.stream(event) });
    await this.untilStopped();
    return undefined;
  }

  protected present(event: AgentEventWire, screen: Screen): string {
    return presentAgentEvent(event, screen);
  }
}
