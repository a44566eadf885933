import { addProfile } from '../../../cli/add-profile.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { fileFlag, pathFlag, profileNameFlag, serverUrlFlag, textFlag } from '../../../cli/flags.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../../cli/present/profiles.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class ShareWitnessEnroll extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Enrol this machine at a server as a witness, which says what is on the air.';
  static override readonly description =
    'Uses up a code of `server enroll-code create --role witness`; its token goes into the secret store, and `share witness once` and `share witness serve` find it there.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --server https://latchkey.example:8420 --enroll-code-file code.txt --name "Market square"'];
  static override readonly flags = {
    server: serverUrlFlag({ description: 'The server’s address.', required: true }),
    ca: pathFlag({ description: 'Trust the certificate authorities in this PEM file, and no others, with this server.' }),
    'enroll-code-file': fileFlag({ description: 'Take the code in this file, - for stdin (or LATCHKEY_ENROLL_CODE).' }),
    name: textFlag({ description: 'What the witness is called; the host’s name if left out.' }),
    profile: profileNameFlag({ description: 'Keep it as this profile.', default: 'witness' }),
  };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { flags } = await this.parse(ShareWitnessEnroll);
    return addProfile({ ...flags, name: flags.profile, 'token-name': flags.name, role: 'witness' }, this.opening);
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
