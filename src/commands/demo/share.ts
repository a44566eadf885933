import { tellSharing } from '../../cli/demo/share.ts';
import { StoryCommand } from '../../cli/story-command.ts';

export default class DemoShare extends StoryCommand {
  static override readonly summary = 'Show how somebody proves and sells a network, and how a guest finds, pays, uses and ends it: on this machine, for real.';
  static override readonly description =
    'Starts server, witness, access point’s agent, sharer and guest as processes in a temporary home, tells what happens step by step, and cleans up. What is on the air stands in files, and what goes over the interface lo counts as the guest’s traffic, so this takes Linux. At a terminal it asks you whether to buy; elsewhere it says yes itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<undefined> {
    await this.parse(DemoShare);
    return this.story(tellSharing);
  }
}
