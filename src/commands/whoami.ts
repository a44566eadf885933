import { LatchkeyCommand } from '../cli/base-command.ts';
import { serverOf } from '../cli/destination.ts';
import { remoteFlags } from '../cli/flags.ts';
import { openEnrollment } from '../cli/open-role.ts';
import { presentActor, whoamiSchema, whoamiToWire, type WhoamiWire } from '../cli/present/actor.ts';
import type { Screen } from '../cli/present/screen.ts';

export default class Whoami extends LatchkeyCommand<WhoamiWire> {
  static override readonly summary = 'Say whom commands talk to here, and as whom.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --profile factory --json'];
  static override readonly flags = remoteFlags;
  static override readonly result = whoamiSchema;

  async run(): Promise<WhoamiWire> {
    const { flags } = await this.parse(Whoami);
    const enrollment = await openEnrollment(flags, this.opening);
    return whoamiToWire(await enrollment.whoami(), serverOf(flags));
  }

  protected present(actor: WhoamiWire, screen: Screen): string {
    return presentActor(actor, screen);
  }
}
