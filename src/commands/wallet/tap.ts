import { LatchkeyCommand } from '../../cli/base-command.ts';
import { credentialFlags } from '../../cli/credential-output.ts';
import { amountFlag, fileFlag, pathFlag, remoteFlags, serverUrlFlag, switchFlag, textFlag, uidFlag, yesFlag } from '../../cli/flags.ts';
import { presentWalletTap, walletTapSchema, type WalletTapWire } from '../../cli/present/wallet-taps.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { tapWallet } from '../../cli/wallet/tap-wallet.ts';

export default class WalletTap extends LatchkeyCommand<WalletTapWire> {
  static override readonly summary = 'Hold this terminal to a cash register: pay what is open there, and get the Wi-Fi password.';
  static override readonly description = `Plays the phone. It waits for what is to be paid, asks whether to, writes the payment down, and gives the register a transaction password that is good for this amount and payee alone. The register brings the payment and says what came of it, which is asked for at the server; where that is not known, the next \`pay\` finds out first, as after any lost answer.
--reader holds it to a virtual card reader (vpcd), where a register with \`pos serve\` or \`pos charge --tap\` takes it for a card.`;
  static override readonly usage = [
    '<%= command.id %> --pos URL [--pos-ca PATH | --insecure-http] [--access] [FLAGS]',
    '<%= command.id %> --reader READER [--uid HEX] [--keep] [--access] [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --pos http://127.0.0.1:8434',
    { description: 'In a script, up to an amount', command: '<%= config.bin %> <%= command.id %> --pos https://shop.example:8434 --yes --max 20.00EUR --identity-code-file code.txt' },
    { description: 'No more than the time that is left', command: '<%= config.bin %> <%= command.id %> --pos http://127.0.0.1:8434 --access --qr' },
    { description: 'As a card', command: '<%= config.bin %> <%= command.id %> --reader vpcd:127.0.0.1:35963' },
  ];
  #shown = { qr: false, format: 'text' };
  static override readonly flags = {
    pos: serverUrlFlag({ description: 'The cash register on the network.', exclusive: ['reader'] }),
    'pos-ca': pathFlag({ description: 'Trust the certificate authorities in this PEM file, and no others, with the register.', dependsOn: ['pos'] }),
    'insecure-http': switchFlag({ description: 'Speak to a register beyond this machine without TLS: whoever listens in on the network reads the Wi-Fi password.' }),
    reader: textFlag({ description: 'A virtual card reader: vpcd:HOST:PORT.', helpValue: 'READER' }),
    uid: uidFlag({ description: 'What the reader gives as the card’s UID; none if left out.', dependsOn: ['reader'] }),
    keep: switchFlag({ description: 'Stay there for one tap after the other.', exclusive: ['pos'] }),
    account: textFlag({ description: 'From this account, by id or name; the only one if left out.', helpValue: 'NAME' }),
    access: switchFlag({ description: 'Pay nothing: ask for the time that is left.' }),
    max: amountFlag({ description: 'Pay no more than this.' }),
    yes: { ...yesFlag, description: 'Pay without being asked.' },
    'identity-code-file': fileFlag({ description: 'Take the identity code in this file, - for stdin (or LATCHKEY_IDENTITY_CODE).' }),
    ...credentialFlags,
    ...remoteFlags,
  };
  static override readonly result = walletTapSchema;

  async run(): Promise<WalletTapWire | undefined> {
    const { flags } = await this.parse(WalletTap);
    this.#shown = flags;
    return tapWallet(flags, {
      ...this.opening,
      interactive: this.interactive,
      signal: this.signal,
      ask: (question) => this.ask(question),
      caution: (text) => this.caution(text),
      note: (text) => this.note(text),
      stream: (tap) => this.stream(tap),
    });
  }

  protected present(tap: WalletTapWire, screen: Screen): string {
    return presentWalletTap(tap, this.#shown, screen);
  }
}
