import { LatchkeyCommand } from '../../cli/base-command.ts';
import { textArg } from '../../cli/args.ts';
import { fileFlag, pathFlag, serverUrlFlag, textFlag } from '../../cli/flags.ts';
import { addProfile } from '../../cli/add-profile.ts';
import { presentProfile, profileSchema, type ProfileWire } from '../../cli/present/profiles.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class ProfileAdd extends LatchkeyCommand<ProfileWire> {
  static override readonly summary = 'Add a profile: a server, and a token for it in the secret store.';
  static override readonly description =
    'The token comes from an enrolment code (see `server enroll-code create`) or is given itself; without either the profile has none, and LATCHKEY_TOKEN is used with it. The first profile becomes the active one.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> factory --server https://latchkey.example:8420 --enroll-code-file code.txt',
    { description: 'With a private certificate authority, the code from standard input', command: '<%= config.bin %> <%= command.id %> lab --server https://lab.example:8420 --ca lab-ca.pem --enroll-code-file -' },
  ];
  static override readonly args = { name: textArg({ description: 'What to call it.', required: true }) };
  static override readonly flags = {
    server: serverUrlFlag({ description: 'The server’s address.', required: true }),
    ca: pathFlag({ description: 'Trust the certificate authorities in this PEM file, and no others, with this profile.' }),
    'enroll-code-file': fileFlag({ description: 'Enrol with the code in this file, - for stdin (or LATCHKEY_ENROLL_CODE).' }),
    'token-file': fileFlag({ description: 'Take the token in this file, - for stdin.', exclusive: ['enroll-code-file'] }),
    'token-name': textFlag({ description: 'What the token is called in the server’s list; user@host if left out.', helpValue: 'NAME' }),
  };
  static override readonly result = profileSchema;

  async run(): Promise<ProfileWire> {
    const { args, flags } = await this.parse(ProfileAdd);
    return addProfile({ name: args.name, ...flags }, this.opening);
  }

  protected present(profile: ProfileWire, screen: Screen): string {
    return presentProfile(profile, screen);
  }
}
