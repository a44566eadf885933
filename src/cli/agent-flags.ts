import { securities } from '../domain/ssid.ts';
import { choiceFlag, durationFlag, matchFlag, portFlag, remoteFlags, ssidFlag, switchFlag, termsFlags, textFlag } from './flags.ts';

export const radioSecurityFlag = choiceFlag(securities)({ description: 'How the network is secured.', default: 'wpa2-psk' });

/** On commands that run an access point’s agent, whatever its radio is. */
export const agentFlags = {
  'onboarding-ssid': ssidFlag({ description: 'The SSID that is written into the devices.', required: true }),
  ssid: ssidFlag({ description: 'The network that they are let into; may be the same name.', required: true }),
  port: portFlag({ description: 'Port for hellos; 0 takes a free one.', default: 8430 }),
  'secure-port': portFlag({ description: 'Port for TLS-PSK; 0 takes a free one.', default: 8431 }),
  'relay-port': portFlag({ description: 'Port on which guests reach the server through the agent, and nothing else; 0 takes a free one. 8432 where left out, or none if that is taken.' }),
  'no-relay': switchFlag({ description: 'Pass no guests on to the server.', exclusive: ['relay-port'] }),
  'main-address': textFlag({ description: 'This machine’s address on the network that devices join.', helpValue: 'ADDRESS' }),
  name: textFlag({ description: 'What the access point is called; the host’s name if left out. At a server, what its enrolment said.' }),
  'auto-approve': matchFlag({ description: 'Let in without asking, by the registry’s word: model=… or batch=…; may be repeated. Never weak devices.' }),
  ...termsFlags,
  vlan: textFlag({ description: 'VLAN of grants that name none: a number, or model=NAME:NUMBER for one model; may be repeated.', helpValue: 'VLAN', multiple: true }),
  grace: durationFlag({ description: 'How long a grant whose traffic is used up still reaches the agent (restrict).', default: 3_600_000, defaultHelp: async () => '1h' }),
  'allow-plain': switchFlag({ description: 'Accept the literal exchange, in which pass_tmp crosses the onboarding network in the clear.' }),
  'pos-key': textFlag({ description: 'Thumbprint of a cash register’s key, as `pos enroll` prints it: the passwords that are paid for there are sealed to it. May be repeated; without it none leaves.', helpValue: 'THUMBPRINT', multiple: true }),
  prompt: textFlag({ description: 'Who is asked: terminal, exec:CMD (exit 0 is yes), led:NAME.', helpValue: 'PROMPT' }),
  // An address of a webhook often is a secret itself, which the arguments would show to everybody.
  notify: textFlag({ description: 'Tell of every request: exec:CMD or an https:// address.', helpValue: 'NOTIFY', env: 'LATCHKEY_NOTIFY' }),
  ...remoteFlags,
};
