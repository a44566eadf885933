import { signingKeySchema, signingKeyToWire, type SigningKeyWire } from '../../../api/codes.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags, yesFlag } from '../../../cli/flags.ts';
import { openCodes } from '../../../cli/open-role.ts';
import { presentSigningKey } from '../../../cli/present/signing-keys.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { LatchkeyError } from '../../../domain/errors.ts';

export default class ServerKeysRevoke extends LatchkeyCommand<SigningKeyWire> {
  static override readonly summary = 'Revoke a key that signs credit payment codes, and with it all codes that it signed.';
  static override readonly description = 'For a key that somebody may have got at. If no other is left, one is made. It binds a cash register from its next trust list on.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> q3V9sT0wK1c --yes'];
  static override readonly args = { key: idArg({ description: 'The key’s id, as in `server keys list`.', required: true }) };
  static override readonly flags = { yes: yesFlag, ...remoteFlags };
  static override readonly result = signingKeySchema;

  async run(): Promise<SigningKeyWire> {
    const { args, flags } = await this.parse(ServerKeysRevoke);
    const codes = await openCodes('admin', flags, this.opening);
    if (!(await codes.keys()).some(({ id }) => id === args.key)) {
      throw new LatchkeyError('key_not_found', `There is no signing key ${args.key}.`);
    }
    await this.confirm(`Revoke key ${args.key}, and all codes that it signed, for good?`, flags.yes);
    return signingKeyToWire(await codes.revokeKey(args.key));
  }

  protected present(key: SigningKeyWire, screen: Screen): string {
    return presentSigningKey(key, screen);
  }
}
