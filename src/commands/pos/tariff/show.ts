import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { currentTariff } from '../../../cli/counter/current-tariff.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openPos } from '../../../cli/open-role.ts';
import { presentTariff, tariffSchema, tariffToWire, type TariffWire } from '../../../cli/present/tariffs.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class PosTariffShow extends LatchkeyCommand<TariffWire> {
  static override readonly summary = 'Show what time costs at this cash register.';
  static override readonly description = 'What it prints under --json is what `pos tariff set --file` takes.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json > tariff.json'];
  static override readonly flags = remoteFlags;
  static override readonly result = tariffSchema;

  async run(): Promise<TariffWire> {
    const { flags } = await this.parse(PosTariffShow);
    return tariffToWire(await currentTariff(await openPos(flags, this.opening)));
  }

  protected present(tariff: TariffWire, screen: Screen): string {
    return presentTariff(tariff, screen);
  }
}
