import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../../cli/flags.ts';
import { openPos } from '../../../cli/open-role.ts';
import { presentTariff, tariffSchema, tariffToWire, type TariffWire } from '../../../cli/present/tariffs.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { tariffFlags, tariffFrom } from '../../../cli/tariff-flags.ts';

export default class PosTariffSet extends LatchkeyCommand<TariffWire> {
  static override readonly summary = 'Set what time costs at this cash register.';
  static override readonly description =
    'Whoever pays is on the permission list for good (--unlimited), for a fixed time from their entry (--fixed), or for as long as the amount buys (--step). A purchase goes as a whole by one step: that of the tariff, of a tier that it reaches or of a happy hour, whichever buys the most. What was sold before stays as it was sold.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --step 1.00EUR=10min --minimum 1.00EUR --pausable --refund unused',
    '<%= config.bin %> <%= command.id %> --step 1.00EUR=10min --tier 10.00EUR:1.00EUR=15min --happy-hour "Mon-Fri 14:00-16:00 x2" --zone Europe/Berlin --free 5min',
    '<%= config.bin %> <%= command.id %> --fixed 1h --price 2.00EUR',
    { description: 'That of another register', command: '<%= config.bin %> pos tariff show --profile till1 --json | <%= config.bin %> <%= command.id %> --profile till2 --file -' },
  ];
  static override readonly flags = { ...tariffFlags, 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = tariffSchema;

  async run(): Promise<TariffWire> {
    const { flags } = await this.parse(PosTariffSet);
    const tariff = await tariffFrom(flags, this.signal);
    const pos = await openPos(flags, this.opening);
    if (flags['dry-run']) {
      await pos.self();
      return this.unchanged(tariffToWire(tariff));
    }
    await pos.setTariff(tariff);
    return tariffToWire(tariff);
  }

  protected present(tariff: TariffWire, screen: Screen): string {
    return presentTariff(tariff, screen);
  }
}
