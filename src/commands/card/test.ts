import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { loadApplication } from '../../cli/cards/load-application.ts';
import { requireTwoInputs } from '../../cli/cards/service-file.ts';
import { runCases } from '../../cli/cards/test-cases.ts';
import { fileFlag } from '../../cli/flags.ts';
import { readJsonFile } from '../../cli/json-file.ts';
import { caseResultsSchema, caseResultsToWire, presentCaseResults, type CaseResultsWire } from '../../cli/present/card-checks.ts';

const largestFile = 64 * 1024 * 1024;

export default class CardTest extends LatchkeyCommand<CaseResultsWire> {
  static override readonly summary = 'Hold a card application to cases; exit 12 if one comes out differently.';
  static override readonly description = `The cases are a JSON array of {"name": …, "service": {…}, "history": {…}, "random": 0.5, "expect": {"outcome": "ask", "failed": ["day-total"]}}. What has failed are the checks that ask for something, in any order; left out, only the outcome counts. random is 0 if left out: velocity asks then as often as it can.
The result is TAP, or JSON with --json.`;
  static override readonly examples = ['<%= config.bin %> <%= command.id %> cases.json --policy transit.json'];
  static override readonly args = { file: textArg({ description: 'The cases, - for stdin.', required: true }) };
  static override readonly flags = { policy: fileFlag({ description: 'The card application, - for stdin.', required: true }) };
  static override readonly result = caseResultsSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(CardTest);
    requireTwoInputs({ policy: flags.policy, data: args.file });
    const compiled = await loadApplication(flags.policy, '--policy', this.signal);
    const cases = runCases(compiled, await readJsonFile(args.file, 'FILE', { what: 'a file of cases', mostBytes: largestFile, signal: this.signal }));
    const results = caseResultsToWire(compiled.application, cases);
    await this.emitCheck(results, results.ok, `${results.failed} of ${cases.length} cases came out differently.`);
    return undefined;
  }

  protected present(results: CaseResultsWire): string {
    return presentCaseResults(results);
  }
}
