import { ledgerVerificationSchema, ledgerVerificationToWire, type LedgerVerificationWire } from '../../api/accounts.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentLedgerVerification } from '../../cli/present/ledger.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class LedgerVerify extends LatchkeyCommand<LedgerVerificationWire> {
  static override readonly summary = 'Add everything up anew; exit 12 if it is not what is kept.';
  static override readonly description =
    'Every balance from its postings, everything held from the payments that hold it, what payments took and gave back from their postings, and all accounts of a currency to 0. The first 100 differences are listed.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = remoteFlags;
  static override readonly result = ledgerVerificationSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(LedgerVerify);
    const ledger = await openLedger(flags, this.opening);
    const verification = ledgerVerificationToWire(await ledger.verify());
    await this.emitCheck(verification, verification.ok, 'The ledger does not add up.');
    return undefined;
  }

  protected present(verification: LedgerVerificationWire, screen: Screen): string {
    return presentLedgerVerification(verification, screen);
  }
}
