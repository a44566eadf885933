import { revokedTokenSchema, revokedTokenToWire, type RevokedTokenWire } from '../../../api/tokens.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags, yesFlag } from '../../../cli/flags.ts';
import { openAdmin } from '../../../cli/open-role.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentToken } from '../../../cli/present/tokens.ts';

export default class ServerTokenRevoke extends LatchkeyCommand<RevokedTokenWire> {
  static override readonly summary = 'Revoke a token, at once and for good; a terminal’s takes its credit payment codes with it.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> tok_4mJbXnq0TqS3wYc1uVdE5g --yes'];
  static override readonly args = { token: idArg({ description: 'The token’s id, as in `server token list`.', required: true }) };
  static override readonly flags = { yes: yesFlag, ...remoteFlags };
  static override readonly result = revokedTokenSchema;

  async run(): Promise<RevokedTokenWire> {
    const { args, flags } = await this.parse(ServerTokenRevoke);
    const admin = await openAdmin(flags, this.opening);
    await this.confirm(`Revoke token ${args.token} for good?`, flags.yes);
    return revokedTokenToWire(await admin.revokeToken(args.token));
  }

  protected present(token: RevokedTokenWire, screen: Screen): string {
    return presentToken(token, screen);
  }
}
