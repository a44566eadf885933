import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { amountFlag, durationFlag, fileFlag, interfaceFlag, quantityFlag, guestFlags, textFlag } from '../../cli/flags.ts';
import { presentUseNews, useNewsSchema, type UseNewsWire } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { useAccess } from '../../cli/sharing/use-access.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class ShareUse extends LatchkeyCommand<UseNewsWire> {
  static override readonly summary = 'Follow the use of a shared network: used, left, warnings, what it came to.';
  static override readonly description = `Prints what both sides have counted whenever it changes; under --json one object a line. Counts this side by the interface that is on the network, and sends what it counted, signed: where the sharer's agent does not count, that is what is paid for.
When it runs low it asks whether to buy as much again, without disconnecting; in a script --auto-topup does, up to --auto-topup-max in all, and --on-low runs a program with LATCHKEY_REQUEST_ID, LATCHKEY_GRANT_ID, LATCHKEY_THRESHOLD and LATCHKEY_REMAINING.
Ends once all is settled. Interrupted, the access goes on, and the same command follows it again; \`share end\` ends it.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --interface wlan0',
    {
      description: 'Unattended, with up to 5.00 EUR more',
      command: '<%= config.bin %> <%= command.id %> --interface wlan0 --auto-topup 500MB --auto-topup-max 5.00EUR --identity-code-file code.txt --json',
    },
  ];
  static override readonly args = { request: idArg({ description: 'The request; the only one in use if left out.' }) };
  static override readonly flags = {
    interface: interfaceFlag({ description: 'The interface that is on the shared network, such as wlan0; that which `share request` joined by if left out.' }),
    every: durationFlag({ description: 'How often to count.', default: 10_000, defaultHelp: async () => '10s' }),
    sharer: textFlag({ description: 'Where the sharer’s side compares keys, if it has not yet; the default router, port 8433, if left out.', helpValue: 'HOST[:PORT]' }),
    'auto-topup': quantityFlag({ description: 'Buy so much more whenever it runs low.', dependsOn: ['auto-topup-max'] }),
    'auto-topup-max': amountFlag({ description: 'What all that is bought on top may cost together.', dependsOn: ['auto-topup'] }),
    'on-low': textFlag({ description: 'Run this program whenever it runs low. No shell is between.', helpValue: 'CMD' }),
    'identity-code-file': fileFlag({ description: 'Take the identity code in this file when something is bought (or LATCHKEY_IDENTITY_CODE).' }),
    ...guestFlags,
  };
  static override readonly result = useNewsSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ShareUse);
    await useAccess(args.request, { ...flags, yes: false }, {
      ...this.opening,
      ...this.guarding,
      signal: this.signal,
      note: (text) => this.note(text),
      stream: (news) => this.stream(news),
    });
    return undefined;
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'The access goes on.', 'The same command follows it again, with all that was counted; `latchkey share end` ends it.');
  }

  protected present(news: UseNewsWire, screen: Screen): string {
    return presentUseNews(news, screen);
  }
}
