import { leftBehind } from '../../cli/accepting/settle-codes.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { enrollRegister } from '../../cli/counter/enroll-register.ts';
import { showRegister } from '../../cli/counter/show-register.ts';
import { accountFlag, fileFlag, networkFlags, pathFlag, profileNameFlag, serverUrlFlag, textFlag, yesFlag } from '../../cli/flags.ts';
import { presentRegister, shownRegisterSchema, type ShownRegisterWire } from '../../cli/present/registers.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PosEnroll extends LatchkeyCommand<ShownRegisterWire> {
  static override readonly summary = 'Make this machine a cash register, at a server or alone.';
  static override readonly description = `At a server it uses up a code of \`server enroll-code create --role pos --match account=ID --match ap=ID\`, which says for whom it charges and at which access point. Alone on this machine it charges for --account, and its network is that of this machine's access point. It makes a key pair: the private half goes into the secret store, and the thumbprint of the public one is for \`ap serve --pos-key\`, so that the agent seals passwords for this register and for no other.
Where no agent serves the shop's network, --ssid names it; its password comes from --password-file, LATCHKEY_PASSWORD or a hidden prompt, and goes into the secret store.
It asks first if codes that this machine accepted before as the same profile wait to be settled: for the same account they are settled by the new register, for another one by none.`;
  static override readonly usage = [
    '<%= command.id %> --server URL [--ca PATH] [--enroll-code-file PATH|-] [--name TEXT] [--profile NAME] [FLAGS]',
    '<%= command.id %> --account NAME [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --server https://latchkey.example:8420 --enroll-code-file code.txt --name "Till 1"',
    { description: 'Alone on this machine, for a network that no agent serves', command: '<%= config.bin %> <%= command.id %> --account Café --ssid cafe-guests --password-file wifi.txt' },
  ];
  static override readonly flags = {
    server: serverUrlFlag({ description: 'The server’s address; alone on this machine if left out.' }),
    ca: pathFlag({ description: 'Trust the certificate authorities in this PEM file, and no others, with this server.' }),
    'enroll-code-file': fileFlag({ description: 'Take the code in this file, - for stdin (or LATCHKEY_ENROLL_CODE).' }),
    name: textFlag({ description: 'What the register is called; the host’s name if left out.' }),
    profile: profileNameFlag({ description: 'Keep it as this profile.', default: 'pos' }),
    account: accountFlag({ description: 'The account that it charges for, alone on this machine.' }),
    ...networkFlags,
    yes: yesFlag,
  };
  static override readonly result = shownRegisterSchema;

  async run(): Promise<ShownRegisterWire> {
    const { flags } = await this.parse(PosEnroll);
    const left = flags.server === undefined ? undefined : await leftBehind(flags.profile);
    if (left !== undefined) {
      await this.caution(left);
      await this.confirm('Enrol it anew?', flags.yes);
    }
    return showRegister(await enrollRegister(flags, this.opening), { reveal: false });
  }

  protected present(register: ShownRegisterWire, screen: Screen): string {
    return presentRegister(register, screen);
  }
}
