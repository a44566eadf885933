import { signingKeysSchema, signingKeyToWire } from '../../../api/codes.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openCodes } from '../../../cli/open-role.ts';
import { presentSigningKeys, type SigningKeysWire } from '../../../cli/present/signing-keys.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class ServerKeysList extends LatchkeyCommand<SigningKeysWire> {
  static override readonly summary = 'List the keys that sign credit payment codes, newest first.';
  static override readonly description = 'The first one is made when the first code is issued. A retired key is trusted as long as codes that it signed are good.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { ...remoteFlags };
  static override readonly result = signingKeysSchema;

  async run(): Promise<SigningKeysWire> {
    const { flags } = await this.parse(ServerKeysList);
    const codes = await openCodes('admin', flags, this.opening);
    return { keys: (await codes.keys()).map(signingKeyToWire) };
  }

  protected present(keys: SigningKeysWire, screen: Screen): string {
    return presentSigningKeys(keys, screen);
  }
}
