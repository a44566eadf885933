import { LatchkeyCommand } from '../../cli/base-command.ts';
import { applicationMissing, areThereCards, openCards } from '../../cli/cards/cards.ts';
import { choiceFlag, pageFlags, textFlag } from '../../cli/flags.ts';
import { loggedServiceToWire, presentServiceLog, serviceLogSchema, type ServiceLogWire } from '../../cli/present/cards.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { outcomes } from '../../domain/security-check/decision.ts';
import { quoted } from '../../domain/shown-text.ts';

export default class CardLog extends LatchkeyCommand<ServiceLogWire> {
  static override readonly summary = 'Show which services of this machine were held to card applications, and what was decided; newest first.';
  static override readonly description = `With --json it has every check of every decision, with the version and the hash of what it was held to. The state says what became of the service: counted takes up room under limits, reversed has given it back, terminated did not go on, asked waits for a yes.`;
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --app spending --outcome terminate --json'];
  static override readonly flags = {
    app: textFlag({ description: 'Those that this application judged.', helpValue: 'NAME' }),
    outcome: choiceFlag(outcomes)({ description: 'Those with this outcome: with --app the application’s own, else the strictest of all.' }),
    ...pageFlags,
  };
  static override readonly result = serviceLogSchema;

  async run(): Promise<ServiceLogWire> {
    const { flags } = await this.parse(CardLog);
    if (!areThereCards()) {
      if (flags.app !== undefined) throw applicationMissing(flags.app);
      return { services: [] };
    }
    const { store } = await openCards(this.closing);
    if (flags.app !== undefined && store.versions(flags.app).length === 0) {
      throw new LatchkeyError('card_application_not_found', `There was never an application ${quoted(flags.app)} on this machine.`);
    }
    const found = store.services({ application: flags.app, outcome: flags.outcome }, { limit: flags.limit + 1, before: flags.after });
    const services = found.slice(0, flags.limit).map(loggedServiceToWire);
    return { services, ...(found.length > flags.limit ? { next: services.at(-1)!.service_id } : {}) };
  }

  protected present(log: ServiceLogWire, screen: Screen): string {
    return presentServiceLog(log, screen);
  }
}
