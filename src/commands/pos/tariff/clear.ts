import { registerSchema, registerToWire, type RegisterWire } from '../../../api/registers.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../../cli/flags.ts';
import { openPos } from '../../../cli/open-role.ts';
import { presentRegisterTariff } from '../../../cli/present/registers.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class PosTariffClear extends LatchkeyCommand<RegisterWire> {
  static override readonly summary = 'Sell no time any more: charges are charges, and put nobody on the permission list.';
  static override readonly description = 'Who is on the list stays there until their time is over.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = registerSchema;

  async run(): Promise<RegisterWire> {
    const { flags } = await this.parse(PosTariffClear);
    const pos = await openPos(flags, this.opening);
    return registerToWire(flags['dry-run'] ? await this.unchanged(pos.self()) : await pos.setTariff(undefined));
  }

  protected present(register: RegisterWire, screen: Screen): string {
    return presentRegisterTariff(register, screen);
  }
}
