import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { addApplication } from '../../../cli/cards/add-application.ts';
import { yesFlag } from '../../../cli/flags.ts';
import { keptApplicationSchema, keptApplicationToWire, presentKeptApplication, type KeptApplicationWire } from '../../../cli/present/cards.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class CardAppAdd extends LatchkeyCommand<KeptApplicationWire> {
  static override readonly summary = 'Add a card application to this machine, or a higher version of one.';
  static override readonly description = `From then on it guards the services that its \`guards\` name, in every process of this machine: all applications that guard a service must allow it. What \`card lint\` finds in it is said, and it is added if that is meant.
A higher version comes into the place of the one that is here, and what was counted stays; the same version with other content is refused. Adding the same once more changes nothing.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> spending.json',
    { description: 'From another program', command: 'make-policy | <%= config.bin %> <%= command.id %> -' },
  ];
  static override readonly args = { file: textArg({ description: 'The card application, - for stdin.', required: true }) };
  static override readonly flags = { yes: { ...yesFlag, description: 'Add it although `card lint` finds something.' } };
  static override readonly result = keptApplicationSchema;

  async run(): Promise<KeptApplicationWire> {
    const { args, flags } = await this.parse(CardAppAdd);
    return keptApplicationToWire(await addApplication(args.file, {
      closing: this.closing,
      signal: this.signal,
      caution: (text) => this.caution(text),
      accepts: async (question) => flags.yes || (this.interactive && (await this.ask(question))),
    }));
  }

  protected present(kept: KeptApplicationWire, screen: Screen): string {
    return presentKeptApplication(kept, screen);
  }
}
