import { tellOffline } from '../../cli/demo/offline.ts';
import { StoryCommand } from '../../cli/story-command.ts';

export default class DemoOffline extends StoryCommand {
  static override readonly summary = 'Show how somebody pays while no server can be asked, and what a card application refuses: on this machine, for real.';
  static override readonly description =
    'Starts a server, stops it, has a phone and two cash registers do without it, starts it again and settles; tells what happens step by step, and cleans up. At a terminal it asks you whether to pay; elsewhere it says yes itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<undefined> {
    await this.parse(DemoOffline);
    return this.story(tellOffline);
  }
}
