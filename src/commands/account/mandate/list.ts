import { mandatesSchema, mandateToWire, type MandateWire } from '../../../api/registers.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openMandates } from '../../../cli/open-role.ts';
import { presentMandates } from '../../../cli/present/mandates.ts';
import type { Screen } from '../../../cli/present/screen.ts';

interface MandatesWire {
  readonly mandates: readonly MandateWire[];
}

export default class AccountMandateList extends LatchkeyCommand<MandatesWire> {
  static override readonly summary = 'List what may be taken by tapping, from the accounts that this terminal is bound to.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = remoteFlags;
  static override readonly result = mandatesSchema;

  async run(): Promise<MandatesWire> {
    const { flags } = await this.parse(AccountMandateList);
    const role = await openMandates(flags, this.opening);
    return { mandates: (await role.mandates()).map(mandateToWire) };
  }

  protected present(mandates: MandatesWire, screen: Screen): string {
    return presentMandates(mandates, screen);
  }
}
