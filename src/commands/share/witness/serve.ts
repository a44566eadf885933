import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { durationFlag, remoteFlags } from '../../../cli/flags.ts';
import { openWitness } from '../../../cli/open-role.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentWitnessEvent, witnessEventSchema, type WitnessEventWire } from '../../../cli/present/witness-events.ts';
import { hearingFlags } from '../../../cli/sharing/heard.ts';
import { requireRepeatable } from '../../../cli/sharing/rename-network.ts';
import { witnessOn } from '../../../cli/sharing/witness.ts';

export default class ShareWitnessServe extends LatchkeyCommand<WitnessEventWire> {
  static override readonly summary = 'Say again and again, as a witness, what is on the air.';
  static override readonly description =
    'It prints what it said, and runs until it is told to stop. A scan that fails, or a server that is away, is printed, too, and tried again. With --scan the file is read each time.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --every 10s --interface wlan1'];
  static override readonly flags = {
    every: durationFlag({ description: 'How often.', default: 30_000, defaultHelp: async () => '30s' }),
    ...hearingFlags,
    ...remoteFlags,
  };
  static override readonly result = witnessEventSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ShareWitnessServe);
    requireRepeatable(flags, 'a witness that serves');
    const witness = await openWitness(flags, this.opening);
    const ended = new AbortController();
    const stopped = this.untilStopped().then(() => ended.abort());
    const serving = witnessOn(witness, flags, flags.every, ended.signal, (event) => this.stream(event));
    await Promise.race([stopped, serving]);
    await serving;
    return undefined;
  }

  protected present(event: WitnessEventWire, screen: Screen): string {
    return presentWitnessEvent(event, screen);
  }
}
