import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, switchFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentWalletCodes, walletCodesSchema, type WalletCodesWire } from '../../cli/present/wallet-codes.ts';
import { listCodes } from '../../cli/wallet/list-codes.ts';

export default class CodeList extends LatchkeyCommand<WalletCodesWire> {
  static override readonly summary = 'List the credit payment codes of this wallet, and what is left of them.';
  static override readonly description = 'Where the server can be reached it says what was really paid: a showing counts as the largest amount until then. Without it, the list is what this wallet knows, and says so.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', { description: 'Also what is expired or revoked, until nobody can settle it any more', command: '<%= config.bin %> <%= command.id %> --all' }];
  #all = false;
  static override readonly flags = {
    all: switchFlag({ description: 'Also those that are expired or revoked.' }),
    ...remoteFlags,
  };
  static override readonly result = walletCodesSchema;

  async run(): Promise<WalletCodesWire> {
    const { flags } = await this.parse(CodeList);
    this.#all = flags.all;
    return listCodes(flags.all, flags, { ...this.opening, ...this.guarding });
  }

  protected present(list: WalletCodesWire, screen: Screen): string {
    return presentWalletCodes(list, this.#all, screen);
  }
}
