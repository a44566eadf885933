import { tellOnboarding } from '../../cli/demo/onboarding.ts';
import { StoryCommand } from '../../cli/story-command.ts';

export default class DemoOnboarding extends StoryCommand {
  static override readonly summary = 'Show how a device gets in: server, access point and device on this machine, for real.';
  static override readonly description =
    'Starts the three as processes in a temporary home, with real TLS and TLS-PSK between them, tells what happens step by step, and cleans up. At a terminal it asks you the owner’s question; elsewhere it answers it itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<undefined> {
    await this.parse(DemoOnboarding);
    return this.story(tellOnboarding);
  }
}
