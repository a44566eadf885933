import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { credentialFlags } from '../../cli/credential-output.ts';
import { feeFlags } from '../../cli/sharing/fee-flags.ts';
import { choiceFlag, idempotencyFlag, idFlag, interfaceFlag, quantityFlag, guestFlags, switchFlag, textFlag } from '../../cli/flags.ts';
import { networkPrograms } from '../../cli/open-joiner.ts';
import { accessSchema, presentAccess, type AccessWire } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { requestAccess } from '../../cli/sharing/request-access.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class ShareRequest extends LatchkeyCommand<AccessWire> {
  static override readonly summary = 'Buy access to a shared network: ask, pay, and get its password.';
  static override readonly description = `Shows the fee and asks; holds it by the wallet of this machine; waits for the sharer; opens the access code, which is sealed to this machine alone; and hands the password over. The money is the sharer's only then: if the sharer refuses (exit 4) or nothing comes in time (exit 8), it is back by itself.
Every step is written down first. The same command again, or --resume, goes on where it was, whatever was lost; nothing is paid twice.
With --join it joins, and then compares with the sharer's side to which key the code was sealed: a server that has put in one of its own is found out, the access revoked and the money given back (exit 4).`;
  static override readonly usage = [
    '<%= command.id %> OFFER --buy QUANTITY [--max-fee AMOUNT | --yes] [FLAGS]',
    '<%= command.id %> --resume REQUEST [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> off_7KZm3rQ9aB2cD4eF5gH6iJ --buy 500MB',
    {
      description: 'In a script, for up to an amount, and then onto the network',
      command: '<%= config.bin %> <%= command.id %> off_7KZm3rQ9aB2cD4eF5gH6iJ --buy 2h --max-fee 5.00EUR --identity-code-file code.txt --join wpa_supplicant --interface wlan0',
    },
    { description: 'Go on with one, or see its password again', command: '<%= config.bin %> <%= command.id %> --resume srq_nN4i0m0pR8mM9m6lq2c6Dw --qr' },
  ];
  #shown = { qr: false, format: 'text' };
  static override readonly args = { offer: idArg({ description: 'The offer’s id, as in `share find`.' }) };
  static override readonly flags = {
    buy: quantityFlag({ description: 'How much: time such as 2h or traffic such as 500MB.', exclusive: ['resume'] }),
    resume: idFlag({ description: 'Go on with this request of this machine.', helpValue: 'REQUEST' }),
    account: textFlag({ description: 'Pay from this account, by id or name; the only one if left out.', helpValue: 'NAME', exclusive: ['resume'] }),
    ...feeFlags,
    'no-wait': switchFlag({ description: 'Do not wait for the sharer once the fee is held; --resume goes on.' }),
    join: choiceFlag(networkPrograms)({ helpGroup: 'WI-FI', description: 'Join by this program, which runs on this machine. Takes root.' }),
    interface: interfaceFlag({ helpGroup: 'WI-FI', description: 'The interface that joins, such as wlan0.', dependsOn: ['join'] }),
    sharer: textFlag({ helpGroup: 'WI-FI', description: 'Where the sharer’s side compares keys, on the shared network; its default router, port 8433, if left out.', helpValue: 'HOST[:PORT]' }),
    reveal: switchFlag({ helpGroup: 'WI-FI', description: 'Print the password also where it is joined or written into files.' }),
    ...credentialFlags,
    'idempotency-key': idempotencyFlag({ exclusive: ['resume'] }),
    ...guestFlags,
  };
  static override readonly result = accessSchema;

  async run(): Promise<AccessWire> {
    const { args, flags } = await this.parse(ShareRequest);
    this.#shown = flags;
    return requestAccess(args.offer, flags, { ...this.opening, ...this.guarding, signal: this.signal, note: (text) => this.note(text) });
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'What was begun goes on at the server.', 'The same command again goes on where it was, and never pays twice; if nothing comes of it, the money goes back by itself. `latchkey share cancel` gives it up now.');
  }

  protected present(access: AccessWire, screen: Screen): string {
    return presentAccess(access, this.#shown, screen);
  }
}
