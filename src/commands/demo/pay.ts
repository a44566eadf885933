import { LatchkeyCommand } from '../../cli/base-command.ts';
import { tellPayment } from '../../cli/demo/pay.ts';
import { presentStep, stepSchema, type StepWire } from '../../cli/present/story.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DemoPay extends LatchkeyCommand<StepWire> {
  static override readonly summary = 'Show how somebody pays at the counter and gets on the Wi-Fi: server, cash register and phone on this machine, for real.';
  static override readonly description =
    'Starts the three as processes in a temporary home, tells what happens step by step, and cleans up. At a terminal it asks you whether to pay; elsewhere it says yes itself. Nothing of yours is touched.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly result = stepSchema;

  async run(): Promise<undefined> {
    await this.parse(DemoPay);
    let step = 0;
    await tellPayment({
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
