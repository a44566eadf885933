import { amountArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { currentTariff } from '../../../cli/counter/current-tariff.ts';
import { instantFlag, remoteFlags, switchFlag } from '../../../cli/flags.ts';
import { openPos } from '../../../cli/open-role.ts';
import { presentPurchase, purchaseSchema, purchaseToWire, type PurchaseWire } from '../../../cli/present/tariffs.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { bought } from '../../../domain/tariff.ts';

export default class PosTariffTest extends LatchkeyCommand<PurchaseWire> {
  static override readonly summary = 'Say what an amount would buy by the tariff, and why, step by step.';
  static override readonly description = 'Nothing is charged.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 7.30EUR',
    '<%= config.bin %> <%= command.id %> 7.30EUR --at 2026-11-30T14:30:00+01:00 --first',
  ];
  static override readonly args = { amount: amountArg({ description: 'What is paid, with its currency.', required: true }) };
  static override readonly flags = {
    at: instantFlag({ description: 'At this moment; now if left out.' }),
    first: switchFlag({ description: 'As somebody who has bought nothing before.' }),
    ...remoteFlags,
  };
  static override readonly result = purchaseSchema;

  async run(): Promise<PurchaseWire> {
    const { args, flags } = await this.parse(PosTariffTest);
    const { at = new Date(), first } = flags;
    const tariff = await currentTariff(await openPos(flags, this.opening));
    return purchaseToWire(bought(tariff, args.amount, at, { first }), at, first);
  }

  protected present(purchase: PurchaseWire, screen: Screen): string {
    return presentPurchase(purchase, screen);
  }
}
