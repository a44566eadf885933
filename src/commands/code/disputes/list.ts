import { disputePageSchema, disputeToWire, type DisputeWire } from '../../../api/codes.ts';
import { pageToWire } from '../../../api/page.ts';
import { accountId } from '../../../cli/account-id.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { accountFlag, choiceFlag, idFlag, pageFlags, remoteFlags } from '../../../cli/flags.ts';
import { openCodes, openLedger } from '../../../cli/open-role.ts';
import type { PageWire } from '../../../cli/present/page.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentDisputes } from '../../../cli/present/settlements.ts';

export default class CodeDisputesList extends LatchkeyCommand<PageWire<DisputeWire>> {
  static override readonly summary = 'List accepted codes that did not come to be settled, newest first.';
  static override readonly description =
    'A cash register sees its own, an admin all. duplicate: the same showing was accepted and settled elsewhere, and is paid once. over_limit: the code was spent beyond its limit. late: it was brought when nothing was reserved for it any more. rejected: it was not good in the first place.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --outcome over_limit',
    { description: 'Why an account was suspended', command: '<%= config.bin %> <%= command.id %> --account "Anna Maier"' },
  ];
  static override readonly flags = {
    outcome: choiceFlag(['duplicate', 'over_limit', 'late', 'rejected'])({ description: 'Of this outcome only.' }),
    code: idFlag({ description: 'Of this code only.' }),
    account: accountFlag({ description: 'Of codes of this account only. For admins.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = disputePageSchema;

  async run(): Promise<PageWire<DisputeWire>> {
    const { flags: { outcome, code, account, after, limit, ...flags } } = await this.parse(CodeDisputesList);
    // An admin's machine may be a cash register, too.
    const codes = await openCodes(account === undefined ? 'pos' : 'admin', flags, this.opening);
    const payer = account === undefined ? undefined : await accountId(await openLedger(flags, this.opening), account);
    return pageToWire(await codes.disputes({ outcome, codeId: code, accountId: payer }, { after, limit }), disputeToWire);
  }

  protected present(page: PageWire<DisputeWire>, screen: Screen): string {
    return presentDisputes(page, screen);
  }
}
