import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { idempotencyFlag, quantityFlag, guestFlags, switchFlag } from '../../cli/flags.ts';
import { presentShareRequest } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { feeFlags } from '../../cli/sharing/fee-flags.ts';
import { topUp } from '../../cli/sharing/top-up.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class ShareTopup extends LatchkeyCommand<ShareRequestWire> {
  static override readonly summary = 'Buy more of what is in use, without disconnecting.';
  static override readonly description = 'Shows the fee and asks, holds it, and waits for the sharer. The same command again goes on where it was and never pays twice, until it is done; then it buys once more, but for the same --idempotency-key.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> srq_nN4i0m0pR8mM9m6lq2c6Dw --buy 500MB', '<%= config.bin %> <%= command.id %> srq_nN4i0m0pR8mM9m6lq2c6Dw --buy 1h --max-fee 2.00EUR --identity-code-file code.txt'];
  static override readonly args = { request: idArg({ description: 'The request whose access it adds to.', required: true }) };
  static override readonly flags = {
    buy: quantityFlag({ description: 'How much more, such as 500MB or 1h.', required: true }),
    ...feeFlags,
    'no-wait': switchFlag({ description: 'Do not wait for the sharer once the fee is held.' }),
    'idempotency-key': idempotencyFlag(),
    ...guestFlags,
  };
  static override readonly result = shareRequestSchema;

  async run(): Promise<ShareRequestWire> {
    const { args, flags } = await this.parse(ShareTopup);
    return shareRequestToWire(await topUp(args.request, flags.buy, flags, { ...this.opening, ...this.guarding, signal: this.signal, note: (text) => this.note(text) }));
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'What was begun goes on at the server.', 'The same command again goes on where it was, and never pays twice; if nothing comes of it, the money goes back by itself.');
  }

  protected present(request: ShareRequestWire, screen: Screen): string {
    return presentShareRequest(request, screen);
  }
}
