import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { writeQr } from '../../cli/credential-output.ts';
import { amountFlag, pathFlag, switchFlag, textFlag } from '../../cli/flags.ts';
import { presentShownCode, shownCodeSchema, type ShownCodeWire } from '../../cli/present/wallet-codes.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { askWhetherAccepted, showAtTerminal } from '../../cli/wallet/code-at-terminal.ts';
import { sizeOf } from '../../cli/wallet/live-code.ts';
import { beginCode, type BegunCode } from '../../cli/wallet/show-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class CodeShow extends LatchkeyCommand<ShownCodeWire> {
  static override readonly summary = 'Show a credit payment code to a cash register; no network is needed.';
  static override readonly description = `At a terminal the QR code renews itself every 30 seconds until a key is pressed, for 15 minutes at most, and then asks whether it was accepted. Elsewhere, and with --once, it is printed once, good for a minute.
Each showing counts as a use, of the largest amount or of what --amount binds, from before it is seen: if it was not accepted, it can be taken back, as \`code take-back\` does it. At none left it refuses. Registers go by their own clocks, so this terminal’s has to be right to the half minute; it says what time it thinks it is.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Good for this amount at this shop alone, by the name that the code was issued for', command: '<%= config.bin %> <%= command.id %> --amount 3.20EUR --payee Café' },
    { description: 'As a picture', command: '<%= config.bin %> <%= command.id %> --png code.png' },
    { description: 'In a script', command: '<%= config.bin %> <%= command.id %> code_nN4i0m0pR8mM9m6lq2c6Dw --text' },
  ];
  static override readonly args = { code: idArg({ description: 'The code’s id, as in `code list`; the only one that is usable if left out.' }) };
  static override readonly flags = {
    amount: amountFlag({ description: 'Good for exactly this amount.' }),
    payee: textFlag({ description: 'Good for this payee alone: its id, or its name if the code was issued for it.', helpValue: 'NAME|ID' }),
    once: switchFlag({ description: 'Show it once, and ask nothing.' }),
    text: switchFlag({ description: 'Print the text of the QR code alone, once.', exclusive: ['png', 'svg'] }),
    png: pathFlag({ description: 'Write the QR code into this file, as PNG, in the place of the screen.' }),
    svg: pathFlag({ description: 'The same as SVG.' }),
    invert: switchFlag({ description: 'Where there are no colours (NO_COLOR): for a terminal that is light.' }),
  };
  static override readonly result = shownCodeSchema;
  #shown: { readonly form: 'text' | 'qr' | 'files'; readonly invert: boolean } = { form: 'qr', invert: false };
  #begun: BegunCode | undefined;

  async run(): Promise<ShownCodeWire | undefined> {
    const { args, flags } = await this.parse(CodeShow);
    const { text, png, svg } = flags;
    const form = text ? 'text' : png !== undefined || svg !== undefined ? 'files' : 'qr';
    this.#shown = { form, invert: flags.invert };
    const onScreen = form === 'qr' && !this.jsonEnabled() && process.stdout.isTTY === true;
    const live = onScreen && this.interactive && !flags.once;
    const window = onScreen ? { ...sizeOf(process.stdout), ...(live ? {} : { rows: Infinity }) } : undefined;
    const begun = await beginCode(args.code, flags, window, { sources: this.sources, ...this.guarding });
    this.#begun = begun;
    if (!live) {
      const shown = begun.render(new Date());
      const written = await writeQr(shown.text, flags);
      return written.length === 0 ? shown : { ...shown, written };
    }
    await showAtTerminal(begun, flags, this.signal);
    this.signal.throwIfAborted();
    if (begun.isOver(new Date())) {
      await this.note('This showing is over: one lasts 15 minutes at most, and no longer than its code. Showing it again counts as another use.');
    }
    await this.note(await askWhetherAccepted(begun, { ...this.opening, ...this.guarding }, (question, byDefault) => this.#askAtEnd(question, byDefault)));
    return undefined;
  }

  /** Whoever answers nothing leaves it counted. */
  async #askAtEnd(question: string, byDefault: boolean): Promise<boolean> {
    try {
      return await this.ask(question, byDefault);
    } catch (error) {
      throw error instanceof LatchkeyError ? this.givenUp(error) : error;
    }
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    if (this.#begun === undefined) {
      return reason;
    }
    const { code, counter } = this.#begun;
    return withOutcome(reason, 'What was shown counts as a use.', `If it was not accepted: \`latchkey code take-back ${code.token.id} ${counter}\`.`);
  }

  protected present(shown: ShownCodeWire, screen: Screen): string {
    return presentShownCode(shown, this.#shown, screen);
  }
}
