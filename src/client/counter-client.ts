import { counterRoutes } from '../api/counter-routes.ts';
import { openCounterFromWire, phoneServedFromWire } from '../api/counter.ts';
import { subjectTokenText } from '../protocol/subject-token.ts';
import type { TerminalToken } from '../protocol/card-messages.ts';
import type { WalletDecline } from '../protocol/wallet-decline.ts';
import type { OpenCounter } from '../roles/pos/phone-counter.ts';
import type { HttpClient } from './http-client.ts';

export type PhoneAnswer = ReturnType<typeof phoneServedFromWire>;

/** A password may take its time to come from the access point. */
const passwordMs = 15_000;

/** A cash register's counter, as a phone on its network asks it. */
export class CounterClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async open(waitS: number, signal: AbortSignal): Promise<OpenCounter> {
    return openCounterFromWire(await this.#http.call(counterRoutes.openCounter, { query: { wait: waitS }, waitMs: waitS * 1000, signal }));
  }

  async pay(key: string, by: { readonly accountId: string; readonly terminalId: string; readonly codeNumber: number; readonly password: string }): Promise<PhoneAnswer> {
    const { accountId, terminalId, codeNumber, password } = by;
    const body = { account_id: accountId, terminal_id: terminalId, code_number: codeNumber, password };
    return phoneServedFromWire(await this.#http.call(counterRoutes.pay, { params: { key }, body, waitMs: passwordMs }));
  }

  async declined(key: string, reason: WalletDecline, signal: AbortSignal): Promise<void> {
    await this.#http.call(counterRoutes.declined, { params: { key }, body: { reason }, signal });
  }

  async access(token: TerminalToken): Promise<PhoneAnswer> {
    return phoneServedFromWire(await this.#http.call(counterRoutes.access, { body: { subject_token: subjectTokenText(token) }, waitMs: passwordMs }));
  }
}
