import { LatchkeyCommand } from '../../cli/base-command.ts';
import { openCounter } from '../../cli/counter/open-counter.ts';
import { claimFrom, tapAtCounter } from '../../cli/counter/tap-at-counter.ts';
import { credentialFlags } from '../../cli/credential-output.ts';
import { fileFlag, remoteFlags, textFlag, uidFlag } from '../../cli/flags.ts';
import { presentTap, tapSchema, type TapWire } from '../../cli/present/sales.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PosTap extends LatchkeyCommand<TapWire> {
  static override readonly summary = 'Hand the Wi-Fi password to who is on the permission list and has time left.';
  static override readonly description = `Where an agent serves the network it is a password of their own, which ends with the time; elsewhere the shop's. Who is not on the list, has used the time up or has paused it is refused.
A receipt code is good once: the phone gets a token to show in its place.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --uid 04:a2:2b:91:5c:66:80 --qr',
    { description: 'Into a tag, by a program that writes tags', command: '<%= config.bin %> <%= command.id %> --receipt 7K2M-9QXA --format ndef-hex' },
  ];
  #shown = { qr: false, format: 'text' };
  static override readonly flags = {
    uid: uidFlag({ description: 'The UID of the card or phone that is held to the register.' }),
    receipt: textFlag({ description: 'The code on a receipt.', helpValue: 'CODE' }),
    'phone-token-file': fileFlag({ description: 'Take what a phone got for its receipt code in this file, - for stdin (or LATCHKEY_PHONE_TOKEN).' }),
    ...credentialFlags,
    ...remoteFlags,
  };
  static override readonly result = tapSchema;

  async run(): Promise<TapWire | undefined> {
    const { flags } = await this.parse(PosTap);
    this.#shown = flags;
    const claim = await claimFrom(flags, this.sources);
    const { tap, failure } = await tapAtCounter(await openCounter(flags, this.opening), claim, flags, this.signal);
    if (failure === undefined) {
      return tap;
    }
    if (tap.phone_token !== undefined) {
      await this.emit(tap);
    }
    throw failure;
  }

  protected present(tap: TapWire, screen: Screen): string {
    return presentTap(tap, this.#shown, screen);
  }
}
