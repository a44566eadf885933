import { payeeFromWire } from '../api/accounts.ts';
import { bindingStatusFromWire, bindRequestToWire, newBindingFromWire, verificationSentFromWire } from '../api/bindings.ts';
import { paymentInputToWire, paymentReplyFromWire } from '../api/payments.ts';
import { routes } from '../api/routes.ts';
import type { Payee } from '../domain/account.ts';
import type { TerminatedService } from '../roles/card/ports.ts';
import type { PaymentReply, PaymentRequest } from '../roles/ledger/payment-request.ts';
import type { BindingStatus, BindRequest, NewBinding, VerificationRequest, VerificationSent, WalletRole } from '../roles/wallet/ports.ts';
import type { HttpClient } from './http-client.ts';
import { tellTerminated } from './tell-terminated.ts';

export class WalletClient implements WalletRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async requestVerification({ key, account, name }: VerificationRequest): Promise<VerificationSent> {
    return verificationSentFromWire(await this.#http.call(routes.requestVerification, { body: { account, name }, idempotencyKey: key }));
  }

  async bind(request: BindRequest): Promise<NewBinding> {
    return newBindingFromWire(await this.#http.call(routes.bindTerminal, { body: bindRequestToWire(request) }));
  }

  async bindings(): Promise<readonly BindingStatus[]> {
    return (await this.#http.call(routes.listBindings, {})).bindings.map(bindingStatusFromWire);
  }

  async payee(id: string): Promise<Payee> {
    return payeeFromWire(await this.#http.call(routes.showPayee, { params: { id } }));
  }

  async pay(request: PaymentRequest): Promise<PaymentReply> {
    return paymentReplyFromWire(await this.#http.call(routes.pay, { body: paymentInputToWire(request), idempotencyKey: request.key }));
  }

  async cancel({ accountId: id, key }: { readonly accountId: string; readonly key: string }): Promise<PaymentReply | undefined> {
    const { payment } = await this.#http.call(routes.cancelPayment, { params: { id, key } });
    return payment && paymentReplyFromWire(payment);
  }

  terminated(service: TerminatedService): Promise<void> {
    return tellTerminated(this.#http, service);
  }
}
