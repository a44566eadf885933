import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { mostReceiptKeys } from '../../domain/credit-code.ts';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import { parseId } from '../../domain/identifiers.ts';
import { amountText, checkedAmount, sameCurrency } from '../../domain/money.ts';
import type { Account } from '../../domain/account.ts';
import type { FinalRefusal } from '../../domain/payment.ts';
import type { Register, Sale } from '../../domain/sale.ts';
import { quoted } from '../../domain/shown-text.ts';
import { parseSsid } from '../../domain/ssid.ts';
import { requireTime, type Tariff } from '../../domain/tariff.ts';
import { parsePublicJwk } from '../../protocol/access-code.ts';
import { newEd25519Public } from '../../protocol/ed25519.ts';
import { subjectMac, subjectTokenMs } from '../../protocol/subject-token.ts';
import { endGrant } from '../grants/ending.ts';
import { moveTo, pause, redeemFor, resume, timeIsOver } from '../grants/permission.ts';
import type { TerminatedService } from '../card/ports.ts';
import { TerminationsService } from '../card/terminations-service.ts';
import { openAccount, requireOpen } from '../ledger/accounts.ts';
import { replyOf } from '../ledger/outcome.ts';
import { PaymentDesk, type Bought } from '../ledger/payment-desk.ts';
import type { Page, PageRequest } from '../page.ts';
import { registerIdOf } from '../register-id.ts';
import { newId, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { AccessPoint, GrantFilter, Store } from '../store.ts';
import { wantAccessCode } from './access-codes.ts';
import type { Charge, Charged, Claim, PosRole, Refunded, RegisterDescription } from './ports.ts';
import { boughtAt, sell } from './purchase.ts';
import { refundableOf, refundGrant } from './refund.ts';
import type { KeptSale, SaleFilter, Tap } from './store.ts';
import { newReceiptCode, parsePhoneToken, subjectOf, type Identifier } from './subjects.ts';
import { refusalOfTap, settleTap } from './taps.ts';

const pollMs = 250;

export class PosService implements PosRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async self(): Promise<Register> {
    return this.#context.store.transaction((tx) => this.#register(tx));
  }

  async network(): Promise<AccessPoint> {
    const { apId } = await this.self();
    return (await this.#context.store.accessPoints.find(apId))!;
  }

  async describe({ ssid, jwk, account, receiptKey }: RegisterDescription): Promise<Register> {
    const { store, actor } = this.#context;
    const named = ssid === undefined ? undefined : parseSsid(ssid);
    const key = jwk === undefined ? undefined : parseKey(jwk);
    if (receiptKey !== undefined) newEd25519Public(receiptKey);
    if (account !== undefined && actor.kind !== 'local') {
      throw new LatchkeyError('invalid_input', 'Which account a cash register charges for is said by its enrolment code.');
    }
    return store.transaction(async (tx) => {
      const payee = account === undefined ? undefined : await openAccount(tx, account);
      const known = await this.#locked(tx, payee?.id);
      if (receiptKey !== undefined) await requireRoom(tx, known, receiptKey);
      const register = payee === undefined ? known : { ...known, payeeId: requireOpen(await lockedAccount(tx, payee.id), account!).id };
      if (named !== undefined) {
        await nameNetwork(tx, register.apId, named);
      }
      if (key !== undefined && key !== register.jwk) {
        // What is sealed to another key it cannot open.
        await tx.accessCodes.removeAll({ registerId: register.id });
      }
      return this.#put(tx, { ...register, jwk: key ?? register.jwk, receiptKey: receiptKey ?? register.receiptKey });
    });
  }

  async setTariff(tariff: Tariff | undefined): Promise<Register> {
    if (tariff !== undefined) {
      requireTime(tariff);
    }
    return this.#context.store.transaction(async (tx) => this.#put(tx, { ...(await this.#locked(tx)), tariff }));
  }

  async charge(charge: Charge): Promise<Charged> {
    parseId(charge.key, 'idempotency key');
    checkedAmount(charge.amount);
    if (charge.memo !== undefined) parseDescription(charge.memo, 'memo');
    const register = await this.self();
    switch (charge.authority.kind) {
      case 'wallet':
        return this.#chargeWallet(register, charge, charge.authority);
      case 'mandate':
        return this.#chargeMandate(register, charge, charge.authority.uid);
      case 'cash':
      case 'card':
        return this.#chargeOutside(register, charge, charge.authority.kind, charge.authority.uid);
    }
  }

  async #chargeWallet(register: Register, { key, amount, memo }: Charge, authority: Extract<Charge['authority'], { kind: 'wallet' }>): Promise<Charged> {
    const { accountId, terminalId, codeNumber, password } = authority;
    const bought = boughtAt(register, { tender: 'wallet', subject: { kind: 'terminal', id: terminalId } });
    const request = { key, accountId, payeeId: register.payeeId, amount, password, codeNumber, memo, purchase: { registerId: register.id } };
    const reply = replyOf(await new PaymentDesk(this.#context).pay({ request, terminalId, counts: false, bought }));
    return { ...(await this.#charged(register, key, accountId)), reply };
  }

  async #chargeMandate(register: Register, charge: Charge, uid: Uint8Array): Promise<Charged> {
    const { key, amount } = charge;
    const subject = await subjectOf(this.#context, { kind: 'nfc', uid });
    const { store } = this.#context;
    const fingerprint = fingerprintOf(['mandate', amountText(amount), subject.id]);
    // What was charged before has its answer, whatever has become of the mandate.
    const byMandate = async () => (await store.sales.ofKey(register.id, key)).find(({ sale }) => sale.tender === 'mandate');
    const kept = await byMandate();
    if (kept !== undefined) {
      requireSame(kept, fingerprint);
      return this.#charged(register, key, kept.sale.payerId);
    }
    const tap: Tap = { registerId: register.id, key, subjectId: subject.id, fingerprint };
    const refusal = (await refusalOfTap(this.#context, tap)) ?? (await this.#payByMandate(register, charge, subject, tap));
    // Whatever becomes of the mandate, or of whose it is: what was refused stays so.
    const settled = refusal && (await settleTap(this.#context, tap, refusal));
    if (settled !== undefined) {
      throw new LatchkeyError(settled);
    }
    return this.#charged(register, key, (await byMandate())!.sale.payerId);
  }

  /** Undefined once it is charged. Errors: `idempotency_mismatch`. */
  async #payByMandate(register: Register, { key, amount, memo }: Charge, subject: Grant['subject'], tap: Tap): Promise<FinalRefusal | undefined> {
    const mandate = await this.#context.store.mandates.find(subject.id);
    if (mandate === undefined || mandate.endedAt !== undefined) {
      return 'mandate_missing';
    }
    if (mandate.currency !== amount.currency) {
      return 'currency_mismatch';
    }
    const sold = boughtAt(register, { tender: 'mandate', subject, fingerprint: tap.fingerprint });
    const bought: Bought = {
      ...sold,
      async make(context, payment) {
        const refusal = await settleTap(context, tap, undefined);
        if (refusal !== undefined) {
          throw new LatchkeyError(refusal);
        }
        return sold.make(context, payment);
      },
    };
    const request = { key, payeeId: register.payeeId, amount, memo };
    const outcome = await new PaymentDesk(this.#context).payByMandate({ mandate, registerId: register.id, request, bought });
    return 'refusal' in outcome ? outcome.refusal : undefined;
  }

  async #chargeOutside(register: Register, { key, amount, memo }: Charge, tender: 'cash' | 'card', uid: Uint8Array | undefined): Promise<Charged> {
    const identified = uid === undefined ? undefined : await subjectOf(this.#context, { kind: 'nfc', uid });
    const fingerprint = fingerprintOf([tender, amountText(amount), identified?.id ?? null, memo ?? null]);
    const { store } = this.#context;
    await store.transaction(async (tx) => {
      const context = within(this.#context, tx);
      const kept = (await tx.sales.ofKey(register.id, key)).find(({ sale }) => sale.payerId === undefined);
      if (kept !== undefined) {
        requireSame(kept, fingerprint);
        return;
      }
      sameCurrency(amount, await openAccount(tx, register.payeeId));
      const receiptCode = identified === undefined ? newReceiptCode(context) : undefined;
      const subject = identified ?? (await subjectOf(context, { kind: 'receipt', code: receiptCode! }));
      await sell(context, { register, key, tender, amount, memo, subject, payment: undefined, fingerprint, receiptCode });
    });
    return this.#charged(register, key, undefined);
  }

  async #charged(register: Register, key: string, payerId: string | undefined): Promise<Charged> {
    const { store } = this.#context;
    const { sale, receiptCode } = (await store.sales.ofKey(register.id, key)).find((kept) => kept.sale.payerId === payerId)!;
    const grant = sale.grantId === undefined ? undefined : await store.grants.find(sale.grantId);
    return { sale, grant, reply: undefined, receiptCode };
  }

  async access(claim: Claim): Promise<Grant> {
    const outcome = await this.#context.store.transaction(async (tx): Promise<Grant | LatchkeyError> => {
      const context = within(this.#context, tx);
      const { apId } = await this.#register(tx);
      const subject = claim.kind === 'terminal' ? await provenTerminal(context, apId, claim.token) : await subjectOf(context, claim);
      const phone = claim.kind === 'receipt' ? await subjectOf(context, { kind: 'phone', token: parsePhoneToken(claim.phoneToken) }) : undefined;
      const find = () => (phone === undefined ? tx.grants.permission(apId, subject) : ofReceipt(tx, apId, subject, phone));
      const now = context.clock.now();
      let found = await find();
      const changes = found !== undefined && (found.subject.kind === 'receipt' || timeLeft(found, now) === 0);
      const revision = changes ? await tx.accessPoints.nextRevision(apId) : 0;
      if (changes) {
        // Others may have added to it, or redeemed the code, until the row was taken.
        found = await find();
      }
      if (found === undefined) {
        return new LatchkeyError(claim.kind === 'receipt' ? 'receipt_code_invalid' : 'not_permitted');
      }
      if (timeLeft(found, now) === 0) {
        await endGrant(context, found.id, revision, { at: found.endsAt!, reason: timeIsOver });
        return new LatchkeyError('time_used_up');
      }
      if (found.state === 'paused') {
        return new LatchkeyError('grant_paused');
      }
      return phone === undefined || found.subject.kind !== 'receipt' ? found : redeemFor(context, found, phone, revision);
    });
    // With what it changed on the disk.
    if (outcome instanceof LatchkeyError) {
      throw outcome;
    }
    return outcome;
  }

  async accessCode(grantId: string, waitMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const register = await this.self();
    await this.#own(this.#context.store, register, grantId);
    const { store } = this.#context;
    const endsAt = performance.now() + waitMs;
    for (let mayCome = true; ; ) {
      const kept = await store.accessCodes.find(grantId, register.id);
      // Also where another who asks has got it, and had it deleted, while this one waits.
      if (kept === undefined && mayCome) {
        mayCome = register.jwk !== undefined && (await this.#wantAccessCode(register, grantId));
      }
      const left = endsAt - performance.now();
      if (kept?.sealed !== undefined || left <= 0 || signal?.aborted === true) {
        return kept?.sealed;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, left)));
    }
  }

  /** False if none will come. */
  async #wantAccessCode(register: Register, grantId: string): Promise<boolean> {
    return this.#context.store.transaction(async (tx) => {
      await tx.accessPoints.nextRevision(register.apId);
      return wantAccessCode(within(this.#context, tx), register, await this.#own(tx, register, grantId));
    });
  }

  async acknowledge(grantId: string): Promise<void> {
    const register = await this.self();
    await this.#own(this.#context.store, register, grantId);
    await this.#context.store.accessCodes.remove(grantId, register.id);
  }

  async permissions(filter: Pick<GrantFilter, 'subjectId' | 'state'>, page: PageRequest): Promise<Page<Grant>> {
    const { apId } = await this.self();
    return this.#context.store.grants.list({ ...filter, apIds: [apId], source: 'payment' }, page);
  }

  async permission(grantId: string): Promise<Grant> {
    return this.#own(this.#context.store, await this.self(), grantId);
  }

  async move(grantId: string, to: Exclude<Identifier, { readonly kind: 'receipt' }>): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => {
      const subject = await subjectOf(context, to);
      const other = await context.store.grants.permission(grant.network.apId, subject);
      const now = context.clock.now();
      if (other !== undefined && timeLeft(other, now) !== 0) {
        throw new LatchkeyError('grant_conflict', 'The other device has time of its own.');
      }
      if (other !== undefined) {
        await endGrant(context, other.id, revision, { at: other.endsAt ?? now, reason: timeIsOver });
      }
      // It gets a password of its own, if an agent enforces it.
      await context.store.accessCodes.removeAll({ grantId });
      return moveTo(context, grant, subject, revision);
    });
  }

  async pause(grantId: string): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => {
      const [latest] = await context.store.sales.ofGrant(grantId);
      if (latest?.tariff?.pausable !== true) {
        throw new LatchkeyError('grant_not_pausable');
      }
      return grant.state === 'paused' ? grant : pause(context, grant, revision);
    });
  }

  async resume(grantId: string): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => (grant.state === 'paused' ? resume(context, grant, revision) : grant));
  }

  async refund(grantId: string): Promise<Refunded> {
    const register = await this.self();
    return this.#context.store.transaction(async (tx) => {
      const { network } = await this.#sold(tx, register, grantId);
      const revision = await tx.accessPoints.nextRevision(network.apId);
      // Another shop's time may have come to it until the row was taken.
      return refundGrant(within(this.#context, tx), await this.#sold(tx, register, grantId), revision);
    });
  }

  async refundable(grantId: string): Promise<Refunded> {
    return refundableOf(this.#context, await this.#sold(this.#context.store, await this.self(), grantId));
  }

  async sales(filter: SaleFilter, page: PageRequest): Promise<Page<Sale>> {
    const register = await this.self();
    return this.#context.store.sales.list({ ...filter, registerId: register.id }, page);
  }

  terminated(service: TerminatedService): Promise<void> {
    return new TerminationsService(this.#context).terminated(service);
  }

  async #changed(grantId: string, change: (context: ServiceContext, grant: Grant, revision: number) => Promise<Grant>): Promise<Grant> {
    const register = await this.self();
    return this.#context.store.transaction(async (tx) => {
      const { network } = await this.#sold(tx, register, grantId);
      const revision = await tx.accessPoints.nextRevision(network.apId);
      const grant = await this.#sold(tx, register, grantId);
      if (timeLeft(grant, this.#context.clock.now()) === 0) {
        throw new LatchkeyError('grant_over', `Grant ${grantId} is over.`);
      }
      return change(within(this.#context, tx), grant, revision);
    });
  }

  /** One that was paid for at this register's network. Errors: `grant_not_found`. */
  async #own(store: Store, { apId }: Register, grantId: string): Promise<Grant> {
    const grant = await store.grants.find(grantId);
    if (grant === undefined || grant.source !== 'payment' || grant.network.apId !== apId) {
      throw new LatchkeyError('grant_not_found', `There is no grant ${grantId} on this permission list.`);
    }
    return grant;
  }

  /** As `#own`, of one that was paid for to this register's payee alone: another shop's is not its to change. */
  async #sold(store: Store, register: Register, grantId: string): Promise<Grant> {
    const grant = await this.#own(store, register, grantId);
    const sales = await store.sales.ofGrant(grantId);
    if (sales.some(({ payeeId }) => payeeId !== register.payeeId)) {
      throw new LatchkeyError('grant_not_found', `Grant ${grantId} was sold by another shop.`);
    }
    return grant;
  }

  async #put(store: Store, register: Register): Promise<Register> {
    await store.registers.put(register);
    return register;
  }

  /** As `#register`, and nobody else changes it until the transaction ends. */
  async #locked(tx: Store, payeeId?: string): Promise<Register> {
    const { id } = await this.#register(tx, payeeId);
    return (await tx.registers.lock(id))!;
  }

  /**
   * Made at its first use, for the account and with the access point that its enrolment names, or else with a network
   * of its own. `payeeId`: the account where nobody has enrolled it.
   */
  async #register(store: Store, payeeId?: string): Promise<Register> {
    const actor = requireKnown(this.#context.actor);
    const id = registerIdOf(actor);
    const known = (await store.registers.find(id)) ?? (await store.registers.lock(id));
    if (known !== undefined) {
      return known;
    }
    const name = actor.kind === 'local' ? 'cash register' : actor.token.name;
    const [named] = actor.kind === 'local' ? [payeeId] : (actor.token.scope.accounts ?? []);
    const payee = named === undefined ? undefined : await lockedAccount(store, named);
    if (payee?.kind !== 'customer' || payee.closedAt !== undefined) {
      throw actor.kind === 'local' ? new LatchkeyError('register_not_enrolled') : noAccount(payee);
    }
    const [enrolled] = actor.kind === 'token' ? (actor.token.scope.aps ?? []) : [];
    const apId = enrolled ?? (actor.kind === 'local' ? actor.apId : undefined) ?? newId(this.#context, 'ap');
    if (enrolled === undefined) {
      await store.accessPoints.insert({ id: apId, name, createdAt: this.#context.clock.now() });
    }
    return this.#put(store, { id, name, payeeId: payee.id, apId, tariff: undefined, jwk: undefined, receiptKey: undefined });
  }
}

/** As it is until the transaction ends: nobody closes it meanwhile. */
async function lockedAccount(tx: Store, id: string): Promise<Account | undefined> {
  await tx.accounts.lock([id]);
  return tx.accounts.find(id);
}

function noAccount(named: Account | undefined): LatchkeyError {
  const why = named?.kind === 'customer' ? 'the one that its enrolment code names is closed' : 'its enrolment code was made without --match account=ID';
  return new LatchkeyError('register_not_enrolled', `This cash register has no account to charge for: ${why}.`, {
    hint: 'Ask an admin for another code, and enrol again: `latchkey pos enroll --server URL`.',
  });
}

/** Errors: `receipt_keys_used_up`. */
async function requireRoom(tx: Store, { id, payeeId }: Register, key: Uint8Array): Promise<void> {
  const keys = (await tx.registers.receiptKeysOf(payeeId)).filter(({ registerId }) => registerId === id);
  if (keys.length >= mostReceiptKeys && !keys.some(({ publicKey }) => Buffer.compare(publicKey, key) === 0)) {
    throw new LatchkeyError('receipt_keys_used_up');
  }
}

/** Where no agent says which network it is. Errors: `invalid_input`. */
async function nameNetwork(tx: Store, apId: string, ssid: string): Promise<void> {
  const ap = await tx.accessPoints.find(apId);
  if (ap?.onboardingSsid === undefined) {
    await tx.accessPoints.update(apId, { ssid, onboardingSsid: undefined, enforcement: 'none', seenAt: undefined });
  } else if (ap.ssid !== ssid) {
    throw new LatchkeyError('invalid_input', `The agent of ${quoted(ap.name)} says which network this is: ${quoted(ap.ssid ?? '')}.`, { hint: 'Give that one’s name, or none.' });
  }
}

/** Without what does not belong to the key, such as its other half. Errors: `invalid_input`. */
function parseKey(jwk: string): string {
  try {
    return JSON.stringify(parsePublicJwk(jwk));
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'A cash register’s key is a public JWK on P-256.', { cause: error });
  }
}

function fingerprintOf(parts: readonly (string | null)[]): Uint8Array {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

function requireSame({ fingerprint }: KeptSale, given: Uint8Array): void {
  if (!timingSafeEqual(fingerprint, given)) {
    throw new LatchkeyError('idempotency_mismatch');
  }
}

/** What a receipt code stands for while nobody has redeemed it, and afterwards for the phone that has. */
async function ofReceipt({ grants, sales }: Store, apId: string, receipt: Grant['subject'], phone: Grant['subject']): Promise<Grant | undefined> {
  const sold = await grants.permission(apId, receipt);
  if (sold !== undefined) {
    return sold;
  }
  const [grantId, standing] = [await sales.grantOfReceipt(receipt.id), await grants.permission(apId, phone)];
  return standing?.id === grantId ? standing : undefined;
}

/** Errors: `not_permitted`. */
async function provenTerminal(context: ServiceContext, apId: string, token: Extract<Claim, { kind: 'terminal' }>['token']): Promise<Grant['subject']> {
  const { accountId, terminalId, codeNumber, at, mac } = token;
  const binding = await context.store.bindings.find(accountId, terminalId);
  const isNow = Math.abs(context.clock.now().getTime() - at.getTime()) <= subjectTokenMs;
  const right = subjectMac(binding?.code ?? new Uint8Array(32), { accountId, terminalId, apId, at });
  const isRight = mac.length === right.length && timingSafeEqual(mac, right);
  if (binding === undefined || binding.codeNumber !== codeNumber || !isNow || !isRight) {
    throw new LatchkeyError('not_permitted', 'The terminal did not prove which it is.', { hint: 'Have it settle what is pending (`latchkey account status`), and check its clock.' });
  }
  return { kind: 'terminal', id: terminalId };
}
