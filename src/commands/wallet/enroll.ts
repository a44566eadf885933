import { addProfile } from '../../cli/add-profile.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { fileFlag, pathFlag, profileNameFlag, serverUrlFlag, textFlag, viaFlag } from '../../cli/flags.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class WalletEnroll extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Enrol this machine at a server as a payer’s terminal.';
  static override readonly description =
    'Uses up a code of `server enroll-code create --role terminal`; its token goes into the secret store, and `account bind`, `account status` and `pay` find it there.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --server https://latchkey.example:8420 --enroll-code-file code.txt --name "Anna’s phone"',
  ];
  static override readonly flags = {
    server: serverUrlFlag({ description: 'The server’s address.', required: true }),
    ca: pathFlag({ description: 'Trust the certificate authorities in this PEM file, and no others, with this server.' }),
    via: viaFlag(),
    'enroll-code-file': fileFlag({ description: 'Take the code in this file, - for stdin (or LATCHKEY_ENROLL_CODE).' }),
    name: textFlag({ description: 'What the terminal is called; the host’s name if left out.' }),
    profile: profileNameFlag({ description: 'Keep it as this profile.', default: 'wallet' }),
  };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { flags } = await this.parse(WalletEnroll);
    return addProfile({ ...flags, name: flags.profile, 'token-name': flags.name, role: 'terminal' }, this.opening);
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
