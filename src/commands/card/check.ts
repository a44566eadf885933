import { checkMany, type CheckingMany } from '../../cli/cards/check-many.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { applicationMissing, openKeptCards } from '../../cli/cards/cards.ts';
import { loadApplication } from '../../cli/cards/load-application.ts';
import { randomDraw } from '../../cli/cards/random-draw.ts';
import { readServiceFile, refusalOf, requireTwoInputs } from '../../cli/cards/service-file.ts';
import { decimalFlag, fileFlag, pathFlag, switchFlag, textFlag } from '../../cli/flags.ts';
import { readInput } from '../../cli/input-file.ts';
import { write } from '../../cli/output.ts';
import { checkedSchema, checkedToWire, presentDecision, presentDecisionLine, type CheckedWire } from '../../cli/present/card-checks.ts';
import { screenOf, type Screen } from '../../cli/present/screen.ts';
import { isReject, RejectsFile } from '../../cli/rejects-file.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { check, type CompiledApplication } from '../../domain/security-check/compile.ts';
import { unknownHistory } from '../../domain/security-check/history.ts';
import type { Service } from '../../domain/security-check/service.ts';

export default class CardCheck extends LatchkeyCommand<CheckedWire> {
  static override readonly summary = 'Hold a service to a card application: exit 0 allow, 4 terminate, 10 ask.';
  static override readonly description = `Every check is run and written down first, and only then is it decided: one check that asks to terminate terminates, else one that asks asks, else it is allowed. Data that are missing count as a check that failed, unless the application says otherwise.
The data are {"service": {…}, "history": {…}}, as docs/card-service.schema.json has them. With --bulk they are one such object a line, and so are the decisions: exit 0 then, whatever was decided, or 9 if a line was not valid; --rejects has those lines, with their reason.`;
  static override readonly usage = [
    '<%= command.id %> --policy FILE --data PATH|- [--random N] [FLAGS]',
    '<%= command.id %> --app NAME --data PATH|- [--random N] [FLAGS]',
    '<%= command.id %> --policy FILE | --app NAME --data PATH|- --bulk [--replay] [--rejects FILE] [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --policy transit.json --data service.json',
    { description: 'By what is added and counted here', command: '<%= config.bin %> <%= command.id %> --app spending --data service.json' },
    { description: 'A day of one card, each service with those before it', command: '<%= config.bin %> <%= command.id %> --policy transit.json --data day.ndjson --bulk --replay --json' },
  ];
  static override readonly flags = {
    policy: fileFlag({ description: 'The card application, - for stdin.', exactlyOne: ['policy', 'app'] }),
    app: textFlag({ description: 'The card application of this name on this machine. What the data say no history of has the history that is counted here; nothing is counted by this.', helpValue: 'NAME' }),
    data: fileFlag({ description: 'The service and its history, - for stdin.', required: true }),
    bulk: switchFlag({ description: 'Many services, one a line.' }),
    replay: switchFlag({ description: 'They are of one card, in the order of time; what was allowed is the history of what follows.', dependsOn: ['bulk'] }),
    rejects: pathFlag({ description: 'Put the lines that are not valid, with their reason, into this file.', dependsOn: ['bulk'] }),
    random: decimalFlag(0, 0.999, 'N')({ description: 'Take this number, from 0 to 0.999, for the random one; drawn anew for each service if left out.' }),
  };
  static override readonly result = checkedSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(CardCheck);
    requireTwoInputs(flags);
    // A switch that is off is there for the parser, whose own rule it satisfies.
    const ofMany = flags.replay ? '--replay' : flags.rejects === undefined ? undefined : '--rejects';
    if (ofMany !== undefined && !flags.bulk) {
      throw new LatchkeyError('invalid_input', `${ofMany} is for many services: pass --bulk, too.`);
    }
    const cards = flags.app === undefined ? undefined : await openKeptCards(this.closing, () => applicationMissing(flags.app ?? ''));
    const compiled = cards === undefined ? await loadApplication(flags.policy ?? '', '--policy', this.signal) : cards.desk.compiled(flags.app ?? '');
    const { random } = flags;
    const draw = random === undefined ? randomDraw : () => random;
    const historyOf = (service: Service) => cards?.desk.history(compiled, service) ?? unknownHistory;
    if (flags.bulk) {
      await this.#checkAll(compiled, flags, { draw, history: historyOf, replay: flags.replay });
      return undefined;
    }
    const { service, history = historyOf(service) } = await readServiceFile(flags.data, '--data', this.signal);
    const decision = check(compiled, service, history, draw());
    await this.emit(checkedToWire(decision));
    const refusal = refusalOf(decision);
    if (refusal !== undefined) {
      throw refusal;
    }
    return undefined;
  }

  async #checkAll(compiled: CompiledApplication, { data, rejects: path }: { readonly data: string; readonly rejects: string | undefined }, checking: CheckingMany): Promise<void> {
    using rejects = new RejectsFile(path);
    const screen = await screenOf(process.stdout);
    const json = this.jsonEnabled();
    let checked = 0;
    for await (const results of checkMany(compiled, readInput(data, '--data', { signal: this.signal }), checking)) {
      let text = '';
      for (const result of results) {
        if (isReject(result)) {
          rejects.add(result);
        } else {
          const wire = checkedToWire(result.decision, result.line);
          text += `${json ? JSON.stringify(wire) : presentDecisionLine(wire, screen)}\n`;
          checked += 1;
        }
      }
      await write(process.stdout, text);
    }
    if (rejects.count > 0) {
      throw new LatchkeyError('partly_done', `${rejects.count} of ${checked + rejects.count} lines are not valid.`, {
        hint: path === undefined ? 'Run it again with --rejects FILE to see which, and why.' : `See ${path}.`,
      });
    }
  }

  protected present(decision: CheckedWire, screen: Screen): string {
    return presentDecision(decision, screen);
  }
}
