import { acceptCode } from '../../cli/accepting/accept-code.ts';
import { urgencyOf } from '../../cli/accepting/settle-codes.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { amountFlag, durationFlag, fileFlag, idempotencyFlag, memoFlag, pathFlag, profileNameFlag } from '../../cli/flags.ts';
import { codeAcceptanceSchema, codeAcceptanceToWire, oldTrustText, presentCodeAcceptance, type CodeAcceptanceWire } from '../../cli/present/code-acceptances.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { longestTrustMs } from '../../domain/credit-code.ts';

export default class CodeAccept extends LatchkeyCommand<CodeAcceptanceWire> {
  static override readonly summary = 'Accept a credit payment code at the cash register, without asking anybody.';
  static override readonly description = `The code comes from a scanner that types (standard input, one line), from a file, or from a picture. No network is used: it is judged by the trust list that \`code trust sync\` fetched, and by what this register has accepted before. It is on the disk before the word "accepted" appears, provisionally: \`code settle\`, or \`pos serve\`, brings it to the server, until the moment that is named. The payer gets the receipt.
A refusal (exit 4) names the first check that failed, and the age of the trust list; --json has all checks in their order.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --amount 7.50EUR',
    { description: 'From a picture, with the receipt in a file', command: '<%= config.bin %> <%= command.id %> --amount 7.50EUR --image code.png --receipt receipt.txt' },
    { description: 'In a script: running it again never accepts twice', command: '<%= config.bin %> <%= command.id %> --amount 7.50EUR --file code.txt --idempotency-key order-4711' },
  ];
  static override readonly flags = {
    amount: amountFlag({ description: 'How much, with its currency.', required: true }),
    image: pathFlag({ description: 'Read the code from this picture, which has to be a PNG.', exclusive: ['file'] }),
    file: fileFlag({ description: 'Read the code from this file; - or nothing is standard input.' }),
    memo: memoFlag({ description: 'What it is for; kept on this machine.' }),
    receipt: pathFlag({ description: 'Write the receipt for the payer into this file instead of printing it.' }),
    'bind-above': amountFlag({ description: 'Above this amount, of the same currency, take only codes that name the amount and this payee.' }),
    'trust-warn': durationFlag({ description: 'From which age on the trust list is worth a warning; 24h if left out.' }),
    'trust-max': durationFlag({ description: 'From which age on it is trusted no more; at most 7d.', default: longestTrustMs, defaultHelp: async () => '7d' }),
    'idempotency-key': idempotencyFlag(),
    profile: profileNameFlag({ description: 'Which cash register this machine is, if it is several: that of this profile (LATCHKEY_PROFILE).' }),
  };
  static override readonly result = codeAcceptanceSchema;

  async run(): Promise<CodeAcceptanceWire | undefined> {
    const { flags } = await this.parse(CodeAccept);
    if (flags.image === undefined && (flags.file ?? '-') === '-' && process.stdin.isTTY === true) {
      await this.note('Scan the code.');
    }
    const result = await acceptCode(flags, { ...this.opening, ...this.guarding }, this.signal);
    const { decision, waiting, trouble } = result;
    const urgency = urgencyOf(waiting, new Date());
    if (urgency !== undefined) {
      await this.caution(urgency);
    }
    const wire = codeAcceptanceToWire(result, flags.amount);
    if (decision.refusal !== undefined) {
      await this.emit(wire);
      throw decision.refusal;
    }
    if (trouble !== undefined) {
      await this.caution(trouble);
    }
    if (decision.trustIsOld) {
      await this.caution(oldTrustText(decision.trustAgeMs!));
    }
    return wire;
  }

  protected present(acceptance: CodeAcceptanceWire, screen: Screen): string {
    return presentCodeAcceptance(acceptance, screen);
  }
}
