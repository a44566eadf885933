import { readReceiptFile } from '../../cli/accepting/read-receipt.ts';
import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { presentShownCodeReceipt, shownCodeReceiptSchema, shownCodeReceiptToWire, type ShownCodeReceiptWire } from '../../cli/present/code-acceptances.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class CodeReceipt extends LatchkeyCommand<ShownCodeReceiptWire> {
  static override readonly summary = 'Show what the receipt of a credit payment code says.';
  static override readonly description =
    'A payer keeps it: with it a settlement can be compared, should there be a dispute. Its signature is checked by the server, which knows the keys of its registers, or on the machine of the register that signed it; where neither can be had, the answer says that it was not checked. A wallet goes on counting the showing as what it may cost until the server says what was settled: a receipt is the word of one shop.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> receipt.txt', 'echo "$RECEIPT" | <%= config.bin %> <%= command.id %> -'];
  static override readonly args = { file: textArg({ description: 'A file with the text of a receipt (LKR1:…); - is standard input.', required: true }) };
  static override readonly flags = {
    ...remoteFlags,
  };
  static override readonly result = shownCodeReceiptSchema;

  async run(): Promise<ShownCodeReceiptWire> {
    const { args, flags } = await this.parse(CodeReceipt);
    return shownCodeReceiptToWire(await readReceiptFile(args.file, flags, this.opening, this.signal));
  }

  protected present(receipt: ShownCodeReceiptWire, screen: Screen): string {
    return presentShownCodeReceipt(receipt, screen);
  }
}
