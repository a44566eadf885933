import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Account } from '../../src/domain/account.ts';
import type { CodeOrder, CodeReceipt, CreditProof } from '../../src/domain/credit-code.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { codesAccountId } from '../../src/domain/posting.ts';
import { joinCode, signProof } from '../../src/protocol/credit-code.ts';
import { signReceipt } from '../../src/protocol/code-receipt.ts';
import { newEd25519, type Ed25519KeyPair } from '../../src/protocol/ed25519.ts';
import type { AcceptedCode, IssuedCode, SettlementReply, TrustList } from '../../src/roles/codes/ports.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import type { Holder, RolesHarness } from './roles.harness.ts';
import type { PlainTerminal } from './shop.ts';

const hourMs = 3_600_000;

/** What a wallet orders if nothing else is said: 20.00 in all, 5.00 at once, ten times, for a day. */
export function codeRequest(terminal: PlainTerminal, holderKey: Uint8Array, order: Partial<CodeOrder> = {}, { limit = '20.00EUR', key = randomUUID() } = {}): PaymentRequest {
  const amount = parseAmount(limit);
  const request = terminal.request(codesAccountId(amount.currency), amount, { key });
  return { ...request, code: { maxEach: 500n, uses: 10, payees: undefined, validMs: 24 * hourMs, holderKey, ...order } };
}

/** A code in the hands of its payer, who may cheat: nothing here counts what was shown. */
export class CodeHolder {
  readonly issued: IssuedCode;
  readonly #key: Ed25519KeyPair;
  readonly #harness: RolesHarness;

  constructor(harness: RolesHarness, issued: IssuedCode, key: Ed25519KeyPair) {
    this.#harness = harness;
    this.issued = issued;
    this.#key = key;
  }

  get id(): string {
    return this.issued.token.id;
  }

  show(counter: number, proof: Partial<CreditProof> = {}): Uint8Array {
    const { signed } = this.issued;
    return joinCode(signed, signProof({ counter, at: this.#harness.clock.now(), amount: undefined, payeeId: undefined, ...proof }, signed, this.#key.privateKey));
  }
}

/** Has a code issued to a terminal. */
export async function issueCode(harness: RolesHarness, terminal: PlainTerminal, order: Partial<CodeOrder> = {}, options: { limit?: string } = {}): Promise<CodeHolder> {
  const key = newEd25519(randomBytes(32));
  const request = codeRequest(terminal, key.publicKey, order, options);
  await terminal.pay(request);
  return new CodeHolder(harness, await terminal.holder.codes.issued(terminal.accountId, request.key), key);
}

/** A cash register that takes whatever it is shown. */
export class CodeRegister {
  readonly holder: Holder;
  readonly payeeId: string;
  trust!: TrustList;
  #key: Ed25519KeyPair;
  readonly #harness: RolesHarness;

  constructor(harness: RolesHarness, holder: Holder, payeeId: string, key: Ed25519KeyPair) {
    this.#harness = harness;
    this.holder = holder;
    this.payeeId = payeeId;
    this.#key = key;
  }

  /** From now on it signs by another key. */
  async rekey(): Promise<void> {
    this.#key = newEd25519(randomBytes(32));
    await this.holder.pos.describe({ receiptKey: this.#key.publicKey });
  }

  async sync(): Promise<TrustList> {
    return (this.trust = await this.holder.codes.trust());
  }

  accept(code: Uint8Array, of: Pick<CodeHolder, 'id'>, counter: number, amount: string, receipt: Partial<CodeReceipt> = {}): AcceptedCode {
    const signed = signReceipt({
      registerId: this.holder.token.id,
      payeeId: this.payeeId,
      tokenId: of.id,
      counter,
      amount: parseAmount(amount),
      at: this.#harness.clock.now(),
      trustAsOf: this.trust.asOf,
      codeHash: createHash('sha256').update(code).digest(),
      ...receipt,
    }, this.#key.privateKey);
    return { code, receipt: signed };
  }

  /** Shown and accepted at once. */
  take(of: CodeHolder, counter: number, amount: string, { proof, receipt }: { proof?: Partial<CreditProof>; receipt?: Partial<CodeReceipt> } = {}): AcceptedCode {
    return this.accept(of.show(counter, proof), of, counter, amount, receipt);
  }

  async settle(...accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
    return this.holder.codes.settle(accepted);
  }

  /** What they came to, in their order. */
  async outcomes(...accepted: readonly AcceptedCode[]): Promise<string[]> {
    return (await this.settle(...accepted)).map(({ outcome }) => outcome);
  }
}

/** A cash register of an account that knows its key. */
export async function openCodeRegister(harness: RolesHarness, payee: Account): Promise<CodeRegister> {
  const holder = await harness.hold('pos', { accounts: [payee.id] });
  const key = newEd25519(randomBytes(32));
  await holder.pos.describe({ receiptKey: key.publicKey });
  const register = new CodeRegister(harness, holder, payee.id, key);
  await register.sync();
  return register;
}
