import { accountToWire } from '../../api/accounts.ts';
import { openTopUpToWire } from '../../api/top-ups.ts';
import { accountArg, amountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, dryRunFlag, idempotencyFlag, idFlag, memoFlag, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentToppedUp, toppedUpSchema, type ToppedUpWire } from '../../cli/present/top-ups.ts';
import { topUpFailure } from '../../cli/top-up-outcome.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { sameCurrency } from '../../domain/money.ts';
import { topUpProviders } from '../../domain/top-up.ts';

export default class AccountTopup extends LatchkeyCommand<ToppedUpWire> {
  static override readonly summary = 'Bring money from outside into an account.';
  static override readonly description = `By itself the ledger believes that the money is there: cash at the counter, a transfer that has arrived. With --provider stripe a server that has a key of Stripe’s begins to collect it: the top-up stays pending until its payer has paid with the client secret that is printed, and is posted as soon as the server hears of that. --resume asks at once.
The client secret is for the payer and nobody else: it is in --json, else only with --reveal.`;
  static override readonly usage = [
    '<%= command.id %> NAME AMOUNT [--provider ledger|stripe] [--memo TEXT] [--idempotency-key KEY] [--dry-run] [FLAGS]',
    '<%= command.id %> --resume ID [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> Anna 50.00EUR --memo cash',
    '<%= config.bin %> <%= command.id %> Anna 50.00EUR --provider stripe --idempotency-key order-4711 --json',
    '<%= config.bin %> <%= command.id %> --resume top_nN4i0m0pR8mM9m6lq2c6Dw',
  ];
  static override readonly args = {
    name: accountArg({ description: 'The account’s name or id.' }),
    amount: amountArg({ description: 'How much, such as 12.50EUR.' }),
  };
  static override readonly flags = {
    provider: choiceFlag(topUpProviders)({ description: 'Who collects it; ledger if left out.' }),
    memo: memoFlag({ description: 'What for; kept with the posting.' }),
    resume: idFlag({
      description: 'Ask what came of this top-up, instead of beginning one.',
      exclusive: ['provider', 'memo', 'idempotency-key', 'dry-run'],
    }),
    reveal: switchFlag({ description: 'Show the client secret.' }),
    'idempotency-key': idempotencyFlag(),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = toppedUpSchema;
  #reveal = false;

  async run(): Promise<ToppedUpWire> {
    const { args: { name, amount }, flags } = await this.parse(AccountTopup);
    this.#reveal = flags.reveal;
    const ledger = await openLedger(flags, this.opening);
    if (flags.resume !== undefined) {
      if (name !== undefined) {
        throw new LatchkeyError('invalid_input', '--resume goes on with what was begun: it takes no NAME and no AMOUNT.');
      }
      return this.#outcome(ledger, await ledger.resumeTopUp(flags.resume));
    }
    if (name === undefined || amount === undefined) {
      throw new LatchkeyError('missing_input', `${name === undefined ? 'NAME' : 'AMOUNT'} is missing.`, { hint: 'Say which account and how much, or --resume ID.' });
    }
    if (flags['dry-run']) {
      const account = await ledger.account(name);
      sameCurrency(amount, account);
      return { account: accountToWire(await this.unchanged(account)) };
    }
    const { provider, memo } = flags;
    return this.#outcome(ledger, await ledger.topUp(name, amount, { provider, memo, idempotencyKey: flags['idempotency-key'] }));
  }

  /** Printed also where it failed: its id is what one goes on with. */
  async #outcome(ledger: Awaited<ReturnType<typeof openLedger>>, topUp: Awaited<ReturnType<typeof ledger.topUp>>): Promise<ToppedUpWire> {
    const result = { account: accountToWire(await ledger.account(topUp.accountId)), topup: openTopUpToWire(topUp) };
    const failure = topUpFailure(topUp);
    if (failure !== undefined) {
      await this.emit(result);
      throw failure;
    }
    return result;
  }

  protected present(result: ToppedUpWire, screen: Screen): string {
    return presentToppedUp(result, this.#reveal, screen);
  }
}
