import { LatchkeyCommand } from '../../cli/base-command.ts';
import { languageFlag, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { nearbySchema, presentNearby, type NearbyWire } from '../../cli/present/nearby.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { bssidFlag } from '../../cli/sharing/claim.ts';
import { hearingFlags } from '../../cli/sharing/heard.ts';
import { lookNearby } from '../../cli/sharing/nearby.ts';

export default class ShareNearby extends LatchkeyCommand<NearbyWire> {
  static override readonly summary = 'Which proven networks are heard here, and what the one that was joined has to tell.';
  static override readonly description = `A network is known again by the addresses of its radios, whatever it is called: by two of them, or all where it has fewer. Its message is shown once to who has joined it, in the language of LANG.
With --sync the list of networks that have a message is kept on this machine; where the server is away, or with --offline, it is matched by that.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --sync',
    'iw dev wlan0 scan | <%= config.bin %> <%= command.id %> --scan - --joined 02:00:00:00:01:00 --offline',
  ];
  static override readonly flags = {
    ...hearingFlags,
    joined: bssidFlag({ description: 'The radio that this machine is connected to; as the system says if left out.' }),
    lang: languageFlag({ description: 'The language of the message; that of LANG if left out.' }),
    again: switchFlag({ description: 'Show a message also if it was shown before.' }),
    offline: switchFlag({ description: 'Ask no server: match by the list on this machine.', exclusive: ['sync'] }),
    sync: switchFlag({ description: 'Fetch that list, or what has changed of it, and do no more.', exclusive: ['scan', 'interface', 'joined'] }),
    ...remoteFlags,
  };
  static override readonly result = nearbySchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ShareNearby);
    await lookNearby(flags, { ...this.opening, signal: this.signal, emit: (result) => this.emit(result), caution: (text) => this.caution(text) });
  }

  protected present(result: NearbyWire, screen: Screen): string {
    return presentNearby(result, screen);
  }
}
