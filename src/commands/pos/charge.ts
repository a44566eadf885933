import { LatchkeyCommand } from '../../cli/base-command.ts';
import { CounterGuard } from '../../cli/cards/register-guard.ts';
import { chargeAtReader } from '../../cli/counter/at-reader.ts';
import { authorityFrom, chargeAtCounter } from '../../cli/counter/charge-at-counter.ts';
import { openCounterToCharge } from '../../cli/counter/open-counter.ts';
import { credentialFileFlags } from '../../cli/credential-output.ts';
import { amountFlag, choiceFlag, idempotencyFlag, memoFlag, readerFlag, remoteFlags, switchFlag, uidFlag } from '../../cli/flags.ts';
import { presentReceipt, receiptSchema, type ReceiptWire } from '../../cli/present/sales.ts';
import type { Screen } from '../../cli/present/screen.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { outsideTenders } from '../../domain/sale.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class PosCharge extends LatchkeyCommand<ReceiptWire> {
  static override readonly summary = 'Charge, and put who paid on the permission list for what the tariff gives for it.';
  static override readonly description = `The time is for the card or phone whose UID is named; without one the receipt has a code, which the phone that shows it first makes its own. What buys no time is a charge all the same.
A UID says who it is and no more: --mandate takes from an account what its payer allows to be taken by tapping, --tender says that it was paid outside of the ledger.
With --tap it waits for the card or phone that is held to the reader, where \`pos serve\` runs also for a phone on the shop's network: its wallet pays by a transaction password, and gets the Wi-Fi password in the same tap. What goes wrong with one card is said, and the next may come; Ctrl-C or --timeout ends the charge.`;
  static override readonly usage = [
    '<%= command.id %> --amount AMOUNT --tender cash|card [--uid HEX] [FLAGS]',
    '<%= command.id %> --amount AMOUNT --mandate --uid HEX [FLAGS]',
    '<%= command.id %> --amount AMOUNT --tap [--mandate-ok] [--reader NAME] [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --amount 12.50EUR --tender cash --uid 04:a2:2b:91:5c:66:80',
    { description: 'For a phone without a number of its own', command: '<%= config.bin %> <%= command.id %> --amount 2.00EUR --tender card --qr' },
    { description: 'Whoever holds a card or phone to the reader', command: '<%= config.bin %> <%= command.id %> --amount 12.50EUR --tap' },
    { description: 'In a script: running it again never charges twice', command: '<%= config.bin %> <%= command.id %> --amount 2.00EUR --mandate --uid 04a22b915c6680 --idempotency-key order-4711' },
  ];
  #qr = false;
  static override readonly flags = {
    amount: amountFlag({ description: 'How much, with its currency.', required: true }),
    tender: choiceFlag(outsideTenders)({ description: 'Paid outside of the ledger, and with what.', exclusive: ['mandate'] }),
    mandate: switchFlag({ description: 'Take it from the account whose payer allows that for --uid.' }),
    uid: uidFlag({ description: 'Who gets the time: the UID of a card or phone.' }),
    tap: switchFlag({ description: 'Wait for a card or phone that pays.', exclusive: ['tender', 'mandate', 'uid'] }),
    'mandate-ok': switchFlag({ description: 'A card without a wallet pays by its payer’s mandate.', exclusive: ['tender', 'mandate'] }),
    reader: readerFlag({ description: 'The reader to use, by a part of its name. The agent is not asked then.', exclusive: ['tender', 'mandate'] }),
    memo: memoFlag({ description: 'What it is for.' }),
    'idempotency-key': idempotencyFlag(),
    credential: switchFlag({ helpGroup: 'WI-FI', description: 'Hand over the Wi-Fi password with the receipt.' }),
    qr: switchFlag({ helpGroup: 'WI-FI', description: 'Show a QR code: of the Wi-Fi network if its password is handed over, else of the receipt code.' }),
    ...credentialFileFlags,
    png: { ...credentialFileFlags.png, description: 'Write a QR code into this file, as PNG: of the receipt code if there is one and --credential is not given, else of the Wi-Fi network.' },
    ...remoteFlags,
  };
  static override readonly result = receiptSchema;

  async run(): Promise<ReceiptWire> {
    const { flags } = await this.parse(PosCharge);
    this.#qr = flags.qr;
    const authority = flags.tap ? undefined : authorityFrom(flags);
    const counter = await openCounterToCharge(flags, this.opening);
    const guard = new CounterGuard(counter.register, { closing: this.closing, interactive: this.interactive, ask: (question) => this.ask(question), role: counter.pos });
    const options = { guard, signal: this.signal, caution: (text: string) => void this.caution(text), note: (text: string) => void this.note(text) };
    const { receipt, troubles } = authority === undefined ? await chargeAtReader(counter, flags, options) : await chargeAtCounter(counter, authority, flags, options);
    for (const trouble of troubles) {
      await this.caution(trouble);
    }
    return receipt;
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'What had been sent by then may be charged.', 'See `latchkey pos status`: the register finds out what became of it before it charges anything else, and never charges it twice.');
  }

  protected present(receipt: ReceiptWire, screen: Screen): string {
    return presentReceipt(receipt, this.#qr, screen);
  }
}
