import { pageToWire } from '../../../api/page.ts';
import { tokenPageSchema, tokenToWire, type TokenWire } from '../../../api/tokens.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { pageFlags, remoteFlags } from '../../../cli/flags.ts';
import { openAdmin } from '../../../cli/open-role.ts';
import type { PageWire } from '../../../cli/present/page.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentTokens } from '../../../cli/present/tokens.ts';

export default class ServerTokenList extends LatchkeyCommand<PageWire<TokenWire>> {
  static override readonly summary = 'List the tokens that were given out, and what each may do.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { ...pageFlags, ...remoteFlags };
  static override readonly result = tokenPageSchema;

  async run(): Promise<PageWire<TokenWire>> {
    const { flags } = await this.parse(ServerTokenList);
    const admin = await openAdmin(flags, this.opening);
    return pageToWire(await admin.tokens({ after: flags.after, limit: flags.limit }), tokenToWire);
  }

  protected present(page: PageWire<TokenWire>, screen: Screen): string {
    return presentTokens(page, screen);
  }
}
