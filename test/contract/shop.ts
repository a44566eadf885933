import { randomUUID } from 'node:crypto';
import type { Account } from '../../src/domain/account.ts';
import { parseAmount, type Amount } from '../../src/domain/money.ts';
import type { PasswordAlgorithm } from '../../src/domain/payment.ts';
import { md5Password, nextCode, transactionPassword } from '../../src/protocol/transaction-password.ts';
import type { PaymentReply, PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { TemporaryCode } from '../../src/roles/wallet/ports.ts';
import type { HarnessOptions, Holder, MakeHarness, RolesHarness } from './roles.harness.ts';

export const identityCode = 'grün 2468';

/** A payer's terminal, as the protocol has it and no more. */
export class PlainTerminal {
  readonly holder: Holder;
  readonly accountId: string;
  readonly algorithm: PasswordAlgorithm;
  code: TemporaryCode;

  constructor(holder: Holder, accountId: string, algorithm: PasswordAlgorithm, code: TemporaryCode) {
    this.holder = holder;
    this.accountId = accountId;
    this.algorithm = algorithm;
    this.code = code;
  }

  request(payeeId: string, amount: Amount, more: { key?: string; identityCode?: string; memo?: string; holdMs?: number } = {}): PaymentRequest {
    const { key = randomUUID(), identityCode: typed = identityCode, ...rest } = more;
    const { accountId, algorithm, code } = this;
    const password = transactionPassword(algorithm, code.code, typed, { accountId, amount, payeeId, idempotencyKey: key });
    return algorithm === 'md5'
      ? { key, payeeId, amount, password: md5Password(code.code, typed), ...rest }
      : { key, accountId, payeeId, amount, password, codeNumber: code.number, ...rest };
  }

  /** Sends it and renews the code. */
  async pay(request: PaymentRequest): Promise<PaymentReply> {
    const reply = await this.holder.wallet.pay(request);
    this.renew(reply);
    return reply;
  }

  renew({ renewal }: PaymentReply): void {
    const { number, code } = this.code;
    if (renewal === undefined) throw new Error('a terminal’s payment renews its code');
    this.code = { number: number + 1, code: 'rotation' in renewal ? nextCode(code, renewal.rotation, this.accountId) : renewal.nextCode };
  }
}

/** Binds a terminal by the code that was sent. */
export async function bindTo(
  { outbox }: RolesHarness,
  terminal: Holder,
  account: Account,
  options: { algorithm?: PasswordAlgorithm; identityCode?: string } = {},
): Promise<PlainTerminal> {
  const { verificationId, message } = await outbox.with(() => terminal.wallet.requestVerification({ key: randomUUID(), account: account.id, name: account.name }));
  const binding = await terminal.wallet.bind({ verificationId, verificationCode: message.code, identityCode, ...options });
  return new PlainTerminal(terminal, binding.accountId, binding.algorithm, binding.temporaryCode);
}

/** A ledger with a café, and with Anna who has 50.00EUR and a terminal. */
export async function openShop(make: MakeHarness, options?: HarnessOptions) {
  const harness = await make(options);
  const admin = await harness.hold('admin');
  const cafe = await admin.ledger.open({ name: 'Café', currency: 'EUR' });
  const anna = await admin.ledger.open({ name: 'Anna', currency: 'EUR', contact: 'anna@example.org', cardReference: 'card_4711' });
  await admin.ledger.topUp(anna.id, parseAmount('50.00EUR'));
  const terminal = await bindTo(harness, await harness.hold('terminal'), anna);
  return { harness, admin, cafe, anna, terminal };
}
