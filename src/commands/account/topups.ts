import { pageToWire } from '../../api/page.ts';
import { topUpPageSchema, topUpToWire, type TopUpWire } from '../../api/top-ups.ts';
import { accountId } from '../../cli/account-id.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { accountFlag, choiceFlag, pageFlags, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentTopUps } from '../../cli/present/top-ups.ts';
import { topUpStates } from '../../domain/top-up.ts';

export default class AccountTopups extends LatchkeyCommand<PageWire<TopUpWire>> {
  static override readonly summary = 'List what came into accounts from outside, or is to, newest first.';
  static override readonly description = 'What is refund_due was collected and could not be posted: give it back at the provider, by the name that it has there.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --state refund_due'];
  static override readonly flags = {
    account: accountFlag({ description: 'Into this account only.' }),
    state: choiceFlag(topUpStates)({ description: 'In this state only.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = topUpPageSchema;

  async run(): Promise<PageWire<TopUpWire>> {
    const { flags: { account, state, after, limit, ...flags } } = await this.parse(AccountTopups);
    const ledger = await openLedger(flags, this.opening);
    const filter = { accountId: account && (await accountId(ledger, account)), state };
    return pageToWire(await ledger.topUps(filter, { after, limit }), topUpToWire);
  }

  protected present(page: PageWire<TopUpWire>, screen: Screen): string {
    return presentTopUps(page, screen);
  }
}
