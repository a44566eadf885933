import { accountFromWire, accountInputToWire, ledgerVerificationFromWire, postingFromWire, statementLineFromWire, unlockedFromWire } from '../api/accounts.ts';
import { amountToWire } from '../api/money.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { paymentFromWire } from '../api/payments.ts';
import { routes } from '../api/routes.ts';
import { openTopUpFromWire, topUpFromWire } from '../api/top-ups.ts';
import { present } from '../api/wire.ts';
import type { Account } from '../domain/account.ts';
import type { Amount } from '../domain/money.ts';
import type { Payment } from '../domain/payment.ts';
import type { Posting, StatementLine } from '../domain/posting.ts';
import type { TopUp } from '../domain/top-up.ts';
import type { AccountOpening, LedgerRole, Movement, OpenTopUp, TopUpRequest, Unlocked } from '../roles/ledger/ports.ts';
import type { LedgerVerification, PaymentFilter, TopUpFilter } from '../roles/ledger/store.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { HttpClient } from './http-client.ts';

/** The server adds up every posting: some 10 s for ten million. */
const verificationMs = 300_000;

export class LedgerClient implements LedgerRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async open(opening: AccountOpening, idempotencyKey?: string): Promise<Account> {
    return accountFromWire(await this.#http.call(routes.openAccount, { body: accountInputToWire(opening), idempotencyKey }));
  }

  async accounts(page: PageRequest): Promise<Page<Account>> {
    return pageFromWire(await this.#http.call(routes.listAccounts, { query: pageRequestToWire(page) }), accountFromWire);
  }

  async account(id: string): Promise<Account> {
    return accountFromWire(await this.#http.call(routes.showAccount, { params: { id } }));
  }

  async statement(id: string, page: PageRequest): Promise<Page<StatementLine>> {
    return pageFromWire(await this.#http.call(routes.accountStatement, { params: { id }, query: pageRequestToWire(page) }), statementLineFromWire);
  }

  async topUp(id: string, amount: Amount, { memo, provider, idempotencyKey }: TopUpRequest = {}): Promise<OpenTopUp> {
    const body = present({ amount: amountToWire(amount), memo, provider });
    return openTopUpFromWire(await this.#http.call(routes.topUpAccount, { params: { id }, body, idempotencyKey }));
  }

  async resumeTopUp(id: string): Promise<OpenTopUp> {
    return openTopUpFromWire(await this.#http.call(routes.resumeTopUp, { params: { id } }));
  }

  async topUps({ accountId, state }: TopUpFilter, page: PageRequest): Promise<Page<TopUp>> {
    const query = { ...present({ account_id: accountId, state }), ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listTopUps, { query }), topUpFromWire);
  }

  async payOut(id: string, amount: Amount, { memo, idempotencyKey }: Movement = {}): Promise<Posting> {
    const body = present({ amount: amountToWire(amount), memo });
    return postingFromWire(await this.#http.call(routes.payOutAccount, { params: { id }, body, idempotencyKey }));
  }

  async close(id: string): Promise<Account> {
    return accountFromWire(await this.#http.call(routes.closeAccount, { params: { id } }));
  }

  async setCredit(id: string, credit: Amount, idempotencyKey?: string): Promise<Account> {
    return accountFromWire(await this.#http.call(routes.setCredit, { params: { id }, body: { credit: amountToWire(credit) }, idempotencyKey }));
  }

  async reinstate(id: string): Promise<Account> {
    return accountFromWire(await this.#http.call(routes.reinstateAccount, { params: { id } }));
  }

  async unlock(id: string): Promise<Unlocked> {
    return unlockedFromWire(await this.#http.call(routes.unlockAccount, { params: { id } }));
  }

  async postings(page: PageRequest): Promise<Page<Posting>> {
    return pageFromWire(await this.#http.call(routes.listPostings, { query: pageRequestToWire(page) }), postingFromWire);
  }

  async verify(): Promise<LedgerVerification> {
    return ledgerVerificationFromWire(await this.#http.call(routes.verifyLedger, { waitMs: verificationMs }));
  }

  async payments({ accountIds, payeeIds, terminalId, state }: PaymentFilter, page: PageRequest): Promise<Page<Payment>> {
    const query = {
      ...present({ account_id: accountIds && [...accountIds], payee_id: payeeIds && [...payeeIds], terminal_id: terminalId, state }),
      ...pageRequestToWire(page),
    };
    return pageFromWire(await this.#http.call(routes.listPayments, { query }), paymentFromWire);
  }

  async payment(id: string): Promise<Payment> {
    return paymentFromWire(await this.#http.call(routes.showPayment, { params: { id } }));
  }

  async capture(id: string, amount?: Amount): Promise<Payment> {
    return paymentFromWire(await this.#http.call(routes.capturePayment, { params: { id }, body: present({ amount: amount && amountToWire(amount) }) }));
  }

  async release(id: string, reason?: string): Promise<Payment> {
    return paymentFromWire(await this.#http.call(routes.releasePayment, { params: { id }, body: present({ reason }) }));
  }

  async refund(id: string, amount: Amount | undefined, { memo, idempotencyKey }: Movement = {}): Promise<Payment> {
    const body = present({ amount: amount && amountToWire(amount), memo });
    return paymentFromWire(await this.#http.call(routes.refundPayment, { params: { id }, body, idempotencyKey }));
  }
}
