import { mandateSchema, mandateToWire, type MandateWire } from '../../../api/registers.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openMandates } from '../../../cli/open-role.ts';
import { presentMandate } from '../../../cli/present/mandates.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class AccountMandateEnd extends LatchkeyCommand<MandateWire> {
  static override readonly summary = 'Let nothing be taken by tapping a card or phone any more.';
  static override readonly description = 'From then on, at every cash register of the server. Ending it again changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> sub_9Qm0pR8mM9m6lq2c6DwnN4'];
  static override readonly args = { subject: idArg({ description: 'What is tapped, as `account mandate list` calls it.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = mandateSchema;

  async run(): Promise<MandateWire> {
    const { args, flags } = await this.parse(AccountMandateEnd);
    return mandateToWire(await (await openMandates(flags, this.opening)).endMandate(args.subject));
  }

  protected present(mandate: MandateWire, screen: Screen): string {
    return presentMandate(mandate, screen);
  }
}
