import { networkSchema, networkToWire, type NetworkWire } from '../../../api/networks.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { fileFlag, instantFlag, languageFlag, remoteFlags, textFlag } from '../../../cli/flags.ts';
import { openNetworks } from '../../../cli/open-role.ts';
import { presentNetwork } from '../../../cli/present/networks.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { readMessage } from '../../../cli/sharing/message-input.ts';

export default class ShareMessageSet extends LatchkeyCommand<NetworkWire> {
  static override readonly summary = 'Set what is told to those who join a proven network of yours: once, in their language.';
  static override readonly description =
    'It takes the place of the message before. A text has at most 500 characters; line feeds may be in it, other control characters not. The first language is for who speaks none of them.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> net_1234 --text "Welcome! Coffee is on the second floor." --link https://cafe.example',
    '<%= config.bin %> <%= command.id %> net_1234 --text-file hello.txt --lang en --also de=hallo.txt --to 2026-12-31T23:00:00Z',
  ];
  static override readonly args = { network: idArg({ description: 'The network, as `share verify status` names it.', required: true }) };
  static override readonly flags = {
    text: textFlag({ description: 'The message.', exclusive: ['text-file'] }),
    'text-file': fileFlag({ description: 'Take the message in this file, - for stdin.' }),
    lang: languageFlag({ description: 'Its language; that of LANG if left out.' }),
    also: textFlag({ description: 'Another language, with the file that has its text: de=hallo.txt.', multiple: true, multipleNonGreedy: true }),
    link: textFlag({ description: 'Where there is more: an address that begins with https.' }),
    from: instantFlag({ description: 'From when it is told; at once if left out.' }),
    to: instantFlag({ description: 'Until when; without end if left out.' }),
    ...remoteFlags,
  };
  static override readonly result = networkSchema;

  async run(): Promise<NetworkWire> {
    const { args, flags } = await this.parse(ShareMessageSet);
    const message = await readMessage(flags, this.signal);
    const networks = await openNetworks(flags, this.opening);
    return networkToWire(await networks.setMessage(args.network, message));
  }

  protected present(network: NetworkWire, screen: Screen): string {
    return presentNetwork(network, screen);
  }
}
