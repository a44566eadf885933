import { available, type Account, type Payee } from '../../domain/account.ts';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseId } from '../../domain/identifiers.ts';
import { checkedAmount } from '../../domain/money.ts';
import { longestHoldMs, parseIdentityCode, type PasswordAlgorithm } from '../../domain/payment.ts';
import type { Register } from '../../domain/sale.ts';
import { temporaryCodeBytes } from '../../protocol/transaction-password.ts';
import { orderedCode } from '../codes/issuing.ts';
import type { TerminatedService } from '../card/ports.ts';
import { TerminationsService } from '../card/terminations-service.ts';
import { openAccount, requireOpen } from '../ledger/accounts.ts';
import { crowdedOut, mostTries } from '../ledger/crowding.ts';
import { outcomeFrom, replyOf } from '../ledger/outcome.ts';
import { lookupOf } from '../ledger/password-lookup.ts';
import { PaymentDesk } from '../ledger/payment-desk.ts';
import type { PaymentReply, PaymentRequest } from '../ledger/payment-request.ts';
import type { Binding } from '../ledger/store.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import { boughtAt } from '../pos/purchase.ts';
import { orderedAccess } from '../sharing/paying.ts';
import { auditEntry, newId, requireKnown, within } from '../service-context.ts';
import type { Store } from '../store.ts';
import type {
  BindingStatus,
  BindRequest,
  NewBinding,
  VerificationRequest,
  VerificationSent,
  WalletRole,
} from './ports.ts';
import { requestVerification, takeVerification, type VerificationContext, type Verified } from './verification.ts';

export interface WalletServiceContext extends VerificationContext {
  /** Whether the password as first described may be chosen (protocol.md section 4). */
  readonly allowMd5?: boolean | undefined;
}

export class WalletService implements WalletRole {
  readonly #context: WalletServiceContext;

  constructor(context: WalletServiceContext) {
    this.#context = context;
  }

  async requestVerification(request: VerificationRequest): Promise<VerificationSent> {
    return requestVerification(this.#context, this.#terminalId, request);
  }

  async bind({ verificationId, verificationCode, identityCode, algorithm: wanted }: BindRequest): Promise<NewBinding> {
    const terminalId = this.#terminalId;
    parseIdentityCode(identityCode);
    const outcome = await this.#context.store.transaction(async (tx): Promise<NewBinding | LatchkeyError> => {
      const verified = await takeVerification(within(this.#context, tx), terminalId, verificationId, verificationCode);
      if (verified instanceof LatchkeyError) {
        return verified;
      }
      const binding = await this.#renewBinding(tx, verified, { terminalId, identityCode, wanted });
      if (binding instanceof LatchkeyError) {
        return binding;
      }
      const { algorithm, codeNumber: number, code } = binding;
      const { id: accountId, name, currency } = verified.account;
      await tx.audit.append(auditEntry(this.#context, { action: 'account.bound', detail: { account_id: accountId, terminal_id: terminalId, algorithm } }));
      return { accountId, name, currency, terminalId, algorithm, temporaryCode: { number, code } };
    });
    // With what it changed, a try counted, on the disk.
    if (outcome instanceof LatchkeyError) {
      throw outcome;
    }
    return outcome;
  }

  async bindings(): Promise<readonly BindingStatus[]> {
    const { store } = this.#context;
    const statuses: BindingStatus[] = [];
    for (const { code: _code, identityCode: _identityCode, ...binding } of await store.bindings.ofTerminal(this.#terminalId)) {
      const account = await store.accounts.find(binding.accountId);
      if (account !== undefined) {
        const { name, currency, held, credit, suspendedAt } = account;
        const otherTerminals = (await store.bindings.countOf(account.id)) - 1;
        statuses.push({ ...binding, name, currency, held, credit, suspendedAt, available: available(account), otherTerminals });
      }
    }
    return statuses;
  }

  async payee(reference: string): Promise<Payee> {
    const who = requireKnown(this.#context.actor);
    const { id, name, currency } = who.kind === 'local' || who.token.role === 'admin'
      ? await openAccount(this.#context.store, reference)
      : await this.#payeeOf(who.token.id, reference);
    return { id, name, currency };
  }

  /**
   * Names can be guessed, and people's are not to be found out: by its name a terminal finds a shop, and its own accounts.
   * An id was given to whoever knows it. What is looked up is the same in any case, so that no time tells more.
   */
  async #payeeOf(terminalId: string, reference: string): Promise<Account> {
    const { store } = this.#context;
    const byId = await store.accounts.find(reference);
    const named = await store.accounts.findByName(reference);
    const isShop = await store.registers.hasPayee(named?.id ?? '');
    const isOwn = (await store.bindings.ofTerminal(terminalId)).some(({ accountId }) => accountId === named?.id);
    return requireOpen(byId ?? (isShop || isOwn ? named : undefined), reference);
  }

  async pay(request: PaymentRequest): Promise<PaymentReply> {
    parseId(request.key, 'idempotency key');
    checkedAmount(request.amount);
    if (request.memo !== undefined) parseDescription(request.memo, 'memo');
    if (request.holdMs !== undefined && (request.holdMs <= 0 || request.holdMs > longestHoldMs)) {
      throw new LatchkeyError('invalid_input', 'A payment is held for more than nothing and at most 30d.');
    }
    if (request.holdMs !== undefined && request.purchase !== undefined) {
      throw new LatchkeyError('invalid_input', 'What buys time is paid, not held.');
    }
    const terminalId = this.#terminalId;
    if (request.code !== undefined) {
      return replyOf(await new PaymentDesk(this.#context).pay({ ...orderedCode(request, request.code), terminalId, counts: true }));
    }
    if (request.shareRequestId !== undefined) {
      return replyOf(await new PaymentDesk(this.#context).pay({ ...(await orderedAccess(this.#context, request, request.shareRequestId)), terminalId, counts: true }));
    }
    const register = request.purchase && (await this.#register(request.purchase.registerId, request.payeeId));
    const bought = register && boughtAt(register, { tender: 'wallet', subject: { kind: 'terminal', id: terminalId } });
    return replyOf(await new PaymentDesk(this.#context).pay({ request, terminalId, counts: true, bought }));
  }

  /** Errors: `invalid_input` if it charges for somebody else. */
  async #register(id: string, payeeId: string): Promise<Register> {
    const register = await this.#context.store.registers.find(id);
    if (register === undefined || register.payeeId !== payeeId) {
      throw new LatchkeyError('invalid_input', `There is no cash register ${id} that charges for ${payeeId}.`);
    }
    return register;
  }

  async cancel({ accountId, key }: { readonly accountId: string; readonly key: string }): Promise<PaymentReply | undefined> {
    parseId(key, 'idempotency key');
    const terminalId = this.#terminalId;
    const outcome = await this.#context.store.transaction(async (tx) => {
      if ((await tx.bindings.find(accountId, terminalId)) === undefined) {
        throw new LatchkeyError('not_bound');
      }
      await tx.payments.insertCancelled({ id: newId(this.#context, 'pay'), accountId, key, terminalId, at: this.#context.clock.now() });
      return (await tx.payments.findKept(accountId, key))!;
    });
    if (outcome.terminalId !== terminalId) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return outcome.state === 'cancelled' ? undefined : replyOf(outcomeFrom(outcome.reply));
  }

  terminated(service: TerminatedService): Promise<void> {
    return new TerminationsService(this.#context).terminated(service);
  }

  get #terminalId(): string {
    return terminalIdOf(this.#context.actor);
  }

  #algorithm(wanted: PasswordAlgorithm | undefined, earlier: PasswordAlgorithm | undefined): PasswordAlgorithm {
    const algorithm = wanted ?? earlier ?? 'hmac-sha256';
    if (algorithm === 'md5' && this.#context.allowMd5 !== true) {
      throw new LatchkeyError('algorithm_disabled', 'The server does not allow md5.');
    }
    if (algorithm === 'md5' && earlier === 'hmac-sha256') {
      throw new LatchkeyError('algorithm_disabled', 'A terminal that has hmac-sha256 does not go back to md5.', { hint: 'Leave --algorithm out.' });
    }
    return algorithm;
  }

  /** In the place of the terminal's binding as it is, whatever is paid or bound meanwhile. */
  async #renewBinding(
    tx: Store,
    { account, askedAt }: Verified,
    { terminalId, identityCode, wanted }: { readonly terminalId: string; readonly identityCode: string; readonly wanted: PasswordAlgorithm | undefined },
  ): Promise<Binding | LatchkeyError> {
    const { random, clock } = this.#context;
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const earlier = await tx.bindings.find(account.id, terminalId);
      if (earlier !== undefined && earlier.boundAt > askedAt) {
        // Late, it would take the place of a binding whose code the terminal has.
        return new LatchkeyError('verification_code_over');
      }
      const binding: Binding = {
        accountId: account.id,
        terminalId,
        algorithm: this.#algorithm(wanted, earlier?.algorithm),
        codeNumber: (earlier?.codeNumber ?? 0) + 1,
        code: random.bytes(temporaryCodeBytes),
        identityCode,
        wrong: 0,
        lockedUntil: undefined,
        supersededAt: undefined,
        boundAt: clock.now(),
      };
      if (await tx.bindings.put(binding, await lookupOf(within(this.#context, tx), binding, binding.code))) {
        return binding;
      }
    }
    throw crowdedOut();
  }
}
