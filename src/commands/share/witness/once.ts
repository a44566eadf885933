import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openWitness } from '../../../cli/open-role.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentWitnessEvent, witnessEventSchema, type WitnessEventWire } from '../../../cli/present/witness-events.ts';
import { hearingFlags } from '../../../cli/sharing/heard.ts';
import { witnessOnce } from '../../../cli/sharing/witness.ts';

export default class ShareWitnessOnce extends LatchkeyCommand<WitnessEventWire> {
  static override readonly summary = 'Say once, as a witness, what is on the air.';
  static override readonly description = 'The server keeps what is about a network that is just being proven, and nothing else.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', 'iw dev wlan0 scan | <%= config.bin %> <%= command.id %> --scan -'];
  static override readonly flags = { ...hearingFlags, ...remoteFlags };
  static override readonly result = witnessEventSchema;

  async run(): Promise<WitnessEventWire> {
    const { flags } = await this.parse(ShareWitnessOnce);
    return witnessOnce(await openWitness(flags, this.opening), flags, this.signal);
  }

  protected present(event: WitnessEventWire, screen: Screen): string {
    return presentWitnessEvent(event, screen);
  }
}
