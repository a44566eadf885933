import { LatchkeyCommand } from '../../cli/base-command.ts';
import { CounterGuard } from '../../cli/cards/register-guard.ts';
import { tapAtReader } from '../../cli/counter/at-reader.ts';
import { openCounter } from '../../cli/counter/open-counter.ts';
import { claimFrom, tapAtCounter } from '../../cli/counter/tap-at-counter.ts';
import { credentialFlags } from '../../cli/credential-output.ts';
import { fileFlag, readerFlag, remoteFlags, switchFlag, textFlag, uidFlag } from '../../cli/flags.ts';
import { presentTap, tapSchema, type TapWire } from '../../cli/present/sales.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class PosTap extends LatchkeyCommand<TapWire> {
  static override readonly summary = 'Hand the Wi-Fi password to who is on the permission list and has time left.';
  static override readonly description = `Where an agent serves the network it is a password of their own, which ends with the time; elsewhere the shop's. Who is not on the list, has used the time up or has paused it is refused.
A receipt code is good for one phone, by its token: 16 random bytes in base64url, which it shows in the place of the code from then on. A --phone-token-file that is not there is made with a new one, and after an answer that was lost the same command goes on with it.
Without any of these it waits for the card or phone that is held to the reader next. A wallet gets the password in that tap, of a card it is shown.`;
  static override readonly usage = [
    '<%= command.id %> [--reader NAME] [--write-tag] [FLAGS]',
    '<%= command.id %> --uid HEX [FLAGS]',
    '<%= command.id %> --receipt CODE --phone-token-file PATH|- [FLAGS]',
    '<%= command.id %> --phone-token-file PATH|- [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --uid 04:a2:2b:91:5c:66:80 --qr',
    { description: 'Whoever is held to the reader next, and then into a tag', command: '<%= config.bin %> <%= command.id %> --write-tag' },
    { description: 'Into a tag, by a program that writes tags', command: '<%= config.bin %> <%= command.id %> --receipt 7K2M-9QXA --phone-token-file phone.txt --format ndef-hex' },
  ];
  #shown = { qr: false, format: 'text' };
  static override readonly flags = {
    uid: uidFlag({ description: 'The UID of the card or phone that is held to the register.' }),
    receipt: textFlag({ description: 'The code on a receipt.', helpValue: 'CODE' }),
    'phone-token-file': fileFlag({ description: 'Take what a phone has in the place of its receipt code in this file, - for stdin (or LATCHKEY_PHONE_TOKEN); with --receipt, what it is to have, made if it is not there.' }),
    reader: readerFlag({ description: 'The reader to use, by a part of its name. The agent is not asked then.' }),
    'write-tag': switchFlag({ description: 'Then write the password into the NFC tag (Type 4) that is held to the reader next.' }),
    ...credentialFlags,
    ...remoteFlags,
  };
  static override readonly result = tapSchema;

  async run(): Promise<TapWire | undefined> {
    const { flags } = await this.parse(PosTap);
    this.#shown = flags;
    const claim = await claimFrom(flags, this.sources);
    if (claim !== undefined && (flags.reader !== undefined || flags['write-tag'])) {
      throw new LatchkeyError('invalid_input', '--reader and --write-tag go without --uid, --receipt and --phone-token-file.');
    }
    const counter = await openCounter(flags, this.opening);
    const guard = new CounterGuard(counter.register, { closing: this.closing, interactive: this.interactive, ask: (question) => this.ask(question), role: counter.pos });
    const options = { guard, signal: this.signal, caution: (text: string) => void this.caution(text) };
    return claim === undefined
      ? tapAtReader(counter, flags, { ...options, note: (text) => void this.note(text) })
      : tapAtCounter(counter, claim, flags, options);
  }

  protected present(tap: TapWire, screen: Screen): string {
    return presentTap(tap, this.#shown, screen);
  }
}
