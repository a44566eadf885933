import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { openKeptCards } from '../../cli/cards/cards.ts';
import { memoFlag, yesFlag } from '../../cli/flags.ts';
import { loggedServiceSchema, loggedServiceToWire, presentLoggedService, type LoggedServiceWire } from '../../cli/present/cards.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class CardReverse extends LatchkeyCommand<LoggedServiceWire> {
  static override readonly summary = 'Give back the room that a service takes up under limits: it did not take place, or was refunded.';
  static override readonly description = 'Payments that are refused or cancelled give it back by themselves. Of one that was paid it is asked whether that is meant. Reversing a service again changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> svc_9Qm0pR8mM9m6lq2c6DwnN4 --reason refunded'];
  static override readonly args = { service: idArg({ description: 'The service, as `card log` calls it.', required: true }) };
  static override readonly flags = {
    yes: yesFlag,
    reason: memoFlag({ description: 'Why; it is in the log.', default: 'By hand.' }),
  };
  static override readonly result = loggedServiceSchema;

  async run(): Promise<LoggedServiceWire> {
    const { args, flags } = await this.parse(CardReverse);
    const { desk, store } = await openKeptCards(this.closing, () => new LatchkeyError('service_not_found'));
    const kept = store.service(args.service);
    if (kept?.state === 'counted' && kept.settledAt !== undefined) {
      await this.confirm(`Service ${kept.id} has taken place. Give its room back all the same?`, flags.yes);
    }
    return loggedServiceToWire(await desk.reverseService(args.service, flags.reason));
  }

  protected present(service: LoggedServiceWire, screen: Screen): string {
    return presentLoggedService(service, screen);
  }
}
