import { tellPayment } from '../../cli/demo/pay.ts';
import { StoryCommand } from '../../cli/story-command.ts';

export default class DemoPay extends StoryCommand {
  static override readonly summary = 'Show how somebody pays at the counter and gets on the Wi-Fi: server, cash register and phone on this machine, for real.';
  static override readonly description =
    'Starts the three as processes in a temporary home, tells what happens step by step, and cleans up. At a terminal it asks you whether to pay; elsewhere it says yes itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<undefined> {
    await this.parse(DemoPay);
    return this.story(tellPayment);
  }
}
