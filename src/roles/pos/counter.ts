import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { Clock } from '../../domain/clock.ts';
import { nfcIdentifier } from '../../domain/nfc-identifier.ts';
import type { Register } from '../../domain/sale.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { authorise, deliver, deliverResult, readPaymentInfo, requestAccess, selectWallet } from '../../protocol/card-reading.ts';
import type { PaymentInfo, PaymentOutcome } from '../../protocol/card-messages.ts';
import type { Credential } from '../device/ports.ts';
import type { RegisterGuard } from '../card/ports.ts';
import type { BegunCharge, ChargeJournal, EndedCharge } from './charge-journal.ts';
import { isEnd, JournaledCharges, type JournaledCharge } from './journaled-charge.ts';
import type { NfcCard } from './nfc-reader.ts';
import type { Charge, ChargeAuthority, Charged, Claim, PosRole } from './ports.ts';

/** What somebody is to pay at the counter. */
export interface CounterOrder {
  /** The name of the order: it is paid once. */
  readonly id: string;
  /** Of the payment; after a refusal the order goes on under another one. */
  readonly key: string;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** Whether a bare card pays by its payer's mandate. */
  readonly takesMandate: boolean;
}

/** What came of a tap, or of a phone's call. */
export interface Served {
  /** What was paid; undefined if nothing was to be. */
  readonly charged: Charged | undefined;
  /** What lets them in. */
  readonly grant: Grant | undefined;
  /** Undefined if no time was bought, or it could not be had. */
  readonly credential: Credential | undefined;
  /** Whether the wallet has got the credential in the same tap. */
  readonly isDelivered: boolean;
  /** What went wrong after all that counts was done: the card is held to the reader once more. */
  readonly trouble: LatchkeyError | undefined;
}

export interface CounterContext {
  readonly pos: Pick<PosRole, 'charge' | 'access' | 'network'>;
  readonly register: Register;
  readonly journal: ChargeJournal;
  /** The password for a grant, for whom it is. Errors: `access_code_pending` and others. */
  readonly credentialFor: (grant: Grant, signal: AbortSignal) => Promise<Credential>;
  readonly clock: Clock;
  /** The register's security check. */
  readonly guard: RegisterGuard;
  /** Told of a charge that was open and has come to its end. */
  readonly onSettled?: ((charge: EndedCharge) => void) | undefined;
  /** Told of what could not be written down, and comes to no harm by it. */
  readonly failed?: ((error: LatchkeyError) => void) | undefined;
}

type Sold = Pick<Served, 'charged' | 'grant'>;
type WalletAuthority = Extract<ChargeAuthority, { kind: 'wallet' }>;

/** How long the network's name is believed, in milliseconds. */
const networkMs = 60_000;

/** Where cards and phones are held against the register (protocol.md section 8). */
export class CounterService {
  readonly register: Register;
  readonly charges: JournaledCharges;
  readonly #context: CounterContext;
  #network: { readonly ssid: string | undefined; readonly at: number } | undefined;

  constructor(context: CounterContext) {
    this.#context = context;
    this.register = context.register;
    this.charges = new JournaledCharges(context);
  }

  /**
   * A card pays: the wallet on it by its transaction password, in the same tap getting the credential for what it bought;
   * a bare one by a mandate, where the order takes it. Errors: those of the card; `currency_mismatch`, `card_refused`,
   * `random_identifier`, `mandate_not_taken`; those of `JournaledCharges.charge`.
   */
  async chargeCard(order: CounterOrder, card: NfcCard, signal: AbortSignal): Promise<Served> {
    const wallet = await selectWallet(card);
    if (wallet?.capabilities.includes('pay') !== true) {
      return this.#chargeBare(order, card, signal);
    }
    const info = await this.#greeted(card);
    if (!info.currencies.includes(order.amount.currency)) {
      throw new LatchkeyError('currency_mismatch', `This wallet pays in ${info.currencies.join(', ')}, and not in ${order.amount.currency}.`);
    }
    const { payeeId, id: registerId } = this.register;
    const { password, codeNumber } = await this.#checked(order, () => authorise(card, { payeeId, amount: order.amount, idempotencyKey: order.key, registerId, memo: order.memo }));
    const { accountId, terminalId } = info;
    const authority: WalletAuthority = { kind: 'wallet', accountId, terminalId, codeNumber, password };
    const { begun, charged } = await this.#chargedOrTold(order, authority, card);
    const trouble = await troubleOf(() => deliverResult(card, outcomeOf(charged, order.key)));
    const sold = { charged, grant: charged.grant };
    if (trouble !== undefined) {
      return { ...sold, credential: undefined, isDelivered: false, trouble };
    }
    await this.#noteTold(begun);
    return charged.grant !== undefined && wallet.capabilities.includes('access') ? this.#handedTo(card, sold, signal) : this.#handed(sold, signal);
  }

  /** A phone pays by the transaction password that its wallet gave for this order. Errors: those of `JournaledCharges.charge`. */
  async chargePhone(order: CounterOrder, authority: Omit<WalletAuthority, 'kind'>, signal: AbortSignal): Promise<Served> {
    const { begun, charged } = await this.charges.charge(order.id, this.#chargeOf(order, { kind: 'wallet', ...authority }));
    await this.#noteTold(begun);
    return this.#handed({ charged, grant: charged.grant }, signal);
  }

  /**
   * A card asks for access: a wallet by its word, and gets the credential in the same tap; a bare one by its UID.
   * Errors: those of the card, and of `PosRole.access`.
   */
  async accessCard(card: NfcCard, signal: AbortSignal): Promise<Served> {
    const wallet = await selectWallet(card);
    if (wallet?.capabilities.includes('pay') === true) {
      await this.#greeted(card);
    }
    if (wallet?.capabilities.includes('access') !== true) {
      return this.access({ kind: 'nfc', uid: await uidOf(card) }, signal);
    }
    const claim = await requestAccess(card, await this.#networkRequest());
    const grant = await this.#permitted(claim.kind === 'phone' ? claim : { kind: 'terminal', token: claim.token });
    return this.#deliveredTo(card, await this.#handed({ grant, charged: undefined }, AbortSignal.any([card.gone, signal])));
  }

  /** Whoever says so by a receipt code, a phone token, or a terminal's word. Errors: those of `PosRole.access`. */
  async access(claim: Claim, signal: AbortSignal): Promise<Served> {
    return this.#handed({ grant: await this.#permitted(claim), charged: undefined }, signal);
  }

  /** The network that it sells time on, by name. */
  async network(): Promise<string | undefined> {
    const now = this.#context.clock.now().getTime();
    if (this.#network === undefined || now - this.#network.at > networkMs || this.#network.ssid === undefined) {
      this.#network = { ssid: (await this.#context.pos.network()).ssid, at: now };
    }
    return this.#network.ssid;
  }

  /** Milliseconds left of a grant now; undefined: it has no end. */
  leftOf(grant: Grant): number | undefined {
    return timeLeft(grant, this.#context.clock.now());
  }

  /** A wallet is asked for its password only for what this register's own security check lets go on. */
  async #checked<T>({ id, amount }: CounterOrder, work: () => Promise<T>): Promise<T> {
    const { guard, journal } = this.#context;
    await guard.charge(id, amount, 'wallet');
    try {
      return await work();
    } catch (error) {
      // While the card was asked somebody else may have paid it, or may be about to.
      await this.#noting(() => journal.exclusively(async () => {
        const isCharging = (await journal.pending()).some(({ order }) => order === id) || (await journal.paid(id)) !== undefined;
        if (!isCharging) {
          await guard.charged(id, false);
        }
      }));
      throw error;
    }
  }

  /** Errors: those of the security check, and of `PosRole.access`. */
  #permitted(claim: Claim): Promise<Grant> {
    const { guard, pos, failed } = this.#context;
    return permittedBy({ guard, failed }, claim, () => pos.access(claim));
  }

  async #chargeBare(order: CounterOrder, card: NfcCard, signal: AbortSignal): Promise<Served> {
    const uid = await uidOf(card);
    if (!order.takesMandate) {
      throw new LatchkeyError('mandate_not_taken', 'There is no wallet on this card, and this charge takes no mandate.');
    }
    const { charged } = await this.charges.charge(order.id, this.#chargeOf(order, { kind: 'mandate', uid }));
    return this.#handed({ charged, grant: charged.grant }, signal);
  }

  /** What the wallet says of itself; what it does not know of its last payment here, it is told. */
  async #greeted(card: NfcCard): Promise<PaymentInfo> {
    const info = await readPaymentInfo(card);
    const { journal } = this.#context;
    const untold = await journal.untold(info);
    if (untold !== undefined) {
      const outcome = await this.#outcomeOf(untold);
      if (outcome !== undefined) {
        await deliverResult(card, outcome);
        await this.#noteTold(untold);
      }
    }
    return info;
  }

  /** Undefined while the server is away. */
  async #outcomeOf(ended: EndedCharge): Promise<PaymentOutcome | undefined> {
    const { end, charge: { key } } = ended;
    if (end.kind === 'refused') {
      return { idempotencyKey: key, status: 'refused', reason: end.code };
    }
    try {
      return outcomeOf(await this.charges.reply(ended), key);
    } catch (error) {
      if (isServerAway(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** The wallet learns at once of a refusal, too. Of what is not known it learns later, or finds out itself. */
  async #chargedOrTold(order: CounterOrder, authority: WalletAuthority, card: NfcCard): Promise<JournaledCharge> {
    try {
      return await this.charges.charge(order.id, this.#chargeOf(order, authority));
    } catch (error) {
      if (isEnd(error) || (error instanceof LatchkeyError && error.code === 'charge_over')) {
        const trouble = await troubleOf(() => deliverResult(card, { idempotencyKey: order.key, status: 'refused', reason: error.code }));
        const untold = trouble === undefined ? await this.#context.journal.untold(authority) : undefined;
        if (untold?.charge.key === order.key) {
          await this.#noteTold(untold);
        }
      }
      throw error;
    }
  }

  /** What cannot be noted is told once more, at the wallet's next tap. */
  async #noteTold(charge: BegunCharge): Promise<void> {
    const { journal } = this.#context;
    await this.#noting(() => journal.exclusively(() => journal.told(charge)));
  }

  async #noting(work: () => Promise<void>): Promise<void> {
    const trouble = await troubleOf(work);
    if (trouble !== undefined) {
      this.#context.failed?.(trouble);
    }
  }

  #chargeOf({ key, amount, memo }: CounterOrder, authority: ChargeAuthority): Charge {
    return { key, amount, memo, authority };
  }

  /** In the tap in which it was paid, a wallet that wants it gets the credential. */
  async #handedTo(card: NfcCard, sold: Sold, signal: AbortSignal): Promise<Served> {
    const trouble = await troubleOf(async () => {
      await requestAccess(card, await this.#networkRequest());
    });
    return trouble === undefined
      ? this.#deliveredTo(card, await this.#handed(sold, AbortSignal.any([card.gone, signal])))
      : { ...sold, credential: undefined, isDelivered: false, trouble };
  }

  /** As far as the card is still there. */
  async #deliveredTo(card: NfcCard, served: Served): Promise<Served> {
    const { credential, grant } = served;
    if (credential === undefined) {
      return served;
    }
    const trouble = await troubleOf(() => deliver(card, { ...credential, endsAt: grant?.endsAt }));
    return { ...served, isDelivered: trouble === undefined, trouble };
  }

  /** All that counts is done: what goes wrong now is said, and no error. */
  async #handed(sold: Sold, signal: AbortSignal): Promise<Served> {
    const { grant } = sold;
    let credential: Credential | undefined;
    const trouble = grant === undefined ? undefined : await troubleOf(async () => void (credential = await this.#context.credentialFor(grant, signal)));
    return { ...sold, credential, isDelivered: false, trouble };
  }

  async #networkRequest() {
    const network = await this.network();
    if (network === undefined) {
      throw new LatchkeyError('ap_not_found', 'This cash register has no network yet.', { hint: 'Name it with `latchkey pos network set`, or start the access point’s agent.' });
    }
    return { network, apId: this.register.apId };
  }
}

/** Lets somebody in if the register's security check does. Errors: its own, and those of `access`. */
export async function permittedBy({ guard, failed }: Pick<CounterContext, 'guard' | 'failed'>, { kind }: Pick<Claim, 'kind'>, access: () => Promise<Grant>): Promise<Grant> {
  const undo = await guard.access(kind);
  try {
    return await access();
  } catch (error) {
    const trouble = await troubleOf(undo);
    if (trouble !== undefined) {
      failed?.(trouble);
    }
    throw error;
  }
}

/** Errors: `random_identifier`, also where there is none: the way out is the same. */
async function uidOf(card: NfcCard): Promise<Uint8Array> {
  const uid = await card.uid();
  if (uid === undefined) {
    throw new LatchkeyError('random_identifier', 'This card has no number of its own.');
  }
  nfcIdentifier(uid);
  return uid;
}

function outcomeOf({ reply, sale }: Charged, idempotencyKey: string): PaymentOutcome {
  if (reply === undefined) {
    throw new LatchkeyError('bad_reply', `Sale ${sale.id} has no reply for its wallet.`);
  }
  const { state, paymentId, payee, at, expiresAt, renewal } = reply;
  return { idempotencyKey, status: state, paymentId, payeeName: payee.name, at, expiresAt, renewal };
}

async function troubleOf(work: () => Promise<void>): Promise<LatchkeyError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return error;
    }
    throw error;
  }
}
