import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, deviceAddressFlag, fileFlag, portFlag, remoteFlags, textFlag, yesFlag } from '../../cli/flags.ts';
import { presentSharerEvent, sharerEventSchema, type SharerEventWire } from '../../cli/present/sharer-events.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { serveNetwork, sharedRadios } from '../../cli/sharing/serve-network.ts';
import { securities } from '../../domain/ssid.ts';

export default class ShareServe extends LatchkeyCommand<SharerEventWire> {
  static override readonly summary = 'Share a network: answer guests’ requests, let them in, meter what they use, and settle.';
  static override readonly description = `Requests of an offer with automatic approval are approved at once; of the others you are asked here, with a key, or by --prompt, and may decide from anywhere with \`share approve\` and \`share deny\`. Who was let in may buy more without you being asked. With --radio agent, \`ap serve\` on this machine lets guests in, each with a password of its own, counts what they use and cuts them off. Where that has --shared-password or no radio, and with --radio none, every guest gets the network's one password, and nothing enforces or counts anything but your word: whoever had it once gets on until you change it.
It prints what happens, and runs until it is told to stop. It may be stopped, and lose the server or the agent, at any time: it goes on where it was. Guests whose device is on the network compare at --thumbprint-port to which key their code was sealed, and so find a server that would read it.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> net_nN4i0m0pR8mM9m6lq2c6Dw',
    { description: 'A phone’s hotspot, with everybody who pays', command: '<%= config.bin %> <%= command.id %> net_nN4i0m0pR8mM9m6lq2c6Dw --radio none --password-file wifi.txt --yes' },
  ];
  static override readonly args = { network: idArg({ description: 'The network’s id, as `share verify status` names it.', required: true }) };
  static override readonly flags = {
    radio: choiceFlag(sharedRadios)({ description: 'What lets guests in: the agent on this machine, or nothing but the password.', default: 'agent' }),
    'password-file': fileFlag({ description: 'With --radio none: take the network’s password in this file, - for stdin (or LATCHKEY_PASSWORD).' }),
    security: choiceFlag(securities)({ description: 'With --radio none: how the network is secured, where that is not as it was proven.' }),
    yes: { ...yesFlag, description: 'Approve all that is paid for, also what the offer says that you approve yourself.' },
    prompt: textFlag({ description: 'Who is asked: terminal, exec:CMD (exit 0 is yes), led:NAME.', helpValue: 'PROMPT' }),
    warn: textFlag({ description: 'Warn a guest once so much of what it bought is used; never for not at all.', helpValue: 'PERCENT,…', default: '80%,95%' }),
    'warn-left': textFlag({ description: 'Warn a guest once no more than this is left (50MB, 5m); may be repeated.', helpValue: 'QUANTITY', multiple: true }),
    listen: deviceAddressFlag,
    'thumbprint-port': portFlag({ description: 'Port on which guests compare keys; 0 takes a free one.', default: 8433 }),
    ...remoteFlags,
  };
  static override readonly result = sharerEventSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ShareServe);
    if (flags.radio === 'none') {
      await this.caution('Nothing enforces what guests buy: each gets the network’s one password, and keeps it until you change that.');
    }
    const { served } = await serveNetwork(args.network, flags, { ...this.opening, quiet: this.quiet, json: this.jsonEnabled(), emit: (event) => this.stream(event) });
    const stopped = this.untilStopped();
    await Promise.race([stopped, served]);
    await stopped;
    return undefined;
  }

  protected present(event: SharerEventWire, screen: Screen): string {
    return presentSharerEvent(event, screen);
  }
}
