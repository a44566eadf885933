import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentRevokedCode, revokedCodeSchema, revokedCodeToWire, type RevokedCodeWire } from '../../cli/present/wallet-codes.ts';
import { revokeCode } from '../../cli/wallet/revoke-code.ts';

export default class CodeRevoke extends LatchkeyCommand<RevokedCodeWire> {
  static override readonly summary = 'Revoke a credit payment code: nothing more is paid by it.';
  static override readonly description = 'A cash register takes it no more once it has heard of it; what one accepted before, it may still settle for a week. Revoking it again changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> code_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { code: idArg({ description: 'The code’s id, as in `code list`.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = revokedCodeSchema;

  async run(): Promise<RevokedCodeWire> {
    const { args, flags } = await this.parse(CodeRevoke);
    return revokedCodeToWire(await revokeCode(args.code, flags, this.opening));
  }

  protected present(code: RevokedCodeWire, screen: Screen): string {
    return presentRevokedCode(code, screen);
  }
}
