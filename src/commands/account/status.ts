import { LatchkeyCommand } from '../../cli/base-command.ts';
import { guestFlags } from '../../cli/flags.ts';
import { presentWalletStatus, walletStatusSchema, walletStatusToWire, type WalletStatusWire } from '../../cli/present/wallet.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { openPayer } from '../../cli/wallet/open-payer.ts';
import { askingServer } from '../../cli/wallet/pay-order.ts';

export default class AccountStatus extends LatchkeyCommand<WalletStatusWire> {
  static override readonly summary = 'What this terminal can pay: its accounts, waits after wrong passwords, and what is pending.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { ...guestFlags };
  static override readonly result = walletStatusSchema;

  async run(): Promise<WalletStatusWire> {
    const { flags } = await this.parse(AccountStatus);
    const { wallet, payer } = await openPayer(flags, this.opening);
    const bindings = await askingServer('No payment of this terminal is open.', () => wallet.bindings());
    return walletStatusToWire(await Promise.all(bindings.map(async (status) => ({ status, pending: await payer.pending(status.accountId) }))));
  }

  protected present(status: WalletStatusWire, screen: Screen): string {
    return presentWalletStatus(status, screen);
  }
}
