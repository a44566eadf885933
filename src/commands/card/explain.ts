import { LatchkeyCommand } from '../../cli/base-command.ts';
import { loadApplication } from '../../cli/cards/load-application.ts';
import { randomDraw } from '../../cli/cards/random-draw.ts';
import { readServiceFile, requireTwoInputs } from '../../cli/cards/service-file.ts';
import { decimalFlag, fileFlag } from '../../cli/flags.ts';
import { explanationSchema, explanationToWire, presentExplanation, type ExplanationWire } from '../../cli/present/card-checks.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { check } from '../../domain/security-check/compile.ts';
import { unknownHistory } from '../../domain/security-check/history.ts';
import { whatWouldPass } from '../../domain/security-check/explain.ts';

export default class CardExplain extends LatchkeyCommand<ExplanationWire> {
  static override readonly summary = 'Say why a service is decided as it is, and what would make it pass; exit 0 whatever is decided.';
  static override readonly description = 'The data are those of `card check`.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --policy transit.json --data service.json'];
  static override readonly flags = {
    policy: fileFlag({ description: 'The card application, - for stdin.', required: true }),
    data: fileFlag({ description: 'The service and its history, - for stdin.', required: true }),
    random: decimalFlag(0, 0.999, 'N')({ description: 'Take this number, from 0 to 0.999, for the random one; drawn if left out.' }),
  };
  static override readonly result = explanationSchema;

  async run(): Promise<ExplanationWire> {
    const { flags } = await this.parse(CardExplain);
    requireTwoInputs(flags);
    const compiled = await loadApplication(flags.policy, '--policy', this.signal);
    const { service, history = unknownHistory } = await readServiceFile(flags.data, '--data', this.signal);
    const decision = check(compiled, service, history, flags.random ?? randomDraw());
    return explanationToWire(decision, decision.checks.map((result) => whatWouldPass(compiled.application, result, service, history)));
  }

  protected present(explanation: ExplanationWire, screen: Screen): string {
    return presentExplanation(explanation, screen);
  }
}
