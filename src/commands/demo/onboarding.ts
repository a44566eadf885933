import { LatchkeyCommand } from '../../cli/base-command.ts';
import { tellOnboarding } from '../../cli/demo/onboarding.ts';
import { presentStep, stepSchema, type StepWire } from '../../cli/present/story.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DemoOnboarding extends LatchkeyCommand<StepWire> {
  static override readonly summary = 'Show how a device gets in: server, access point and device on this machine, for real.';
  static override readonly description =
    'Starts the three as processes in a temporary home, with real TLS and TLS-PSK between them, tells what happens step by step, and cleans up. At a terminal it asks you the owner’s question; elsewhere it answers it itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly result = stepSchema;

  async run(): Promise<undefined> {
    await this.parse(DemoOnboarding);
    let step = 0;
    await tellOnboarding({
      tell: (told) => this.stream({ step: (step += 1), ...told }),
      ask: this.interactive && !this.jsonEnabled() ? (question) => this.ask(question) : undefined,
      closing: this.closing,
    });
    return undefined;
  }

  protected present(step: StepWire, screen: Screen): string {
    return presentStep(step, screen);
  }
}
