import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import { isFinalRefusal } from '../../domain/payment.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { RegisterGuard } from '../card/ports.ts';
import type { BegunCharge, ChargeEnd, ChargeJournal, EndedCharge } from './charge-journal.ts';
import type { Charge, Charged, PosRole } from './ports.ts';

/** After these nothing was charged, and this register does not send the charge again. */
const ends: readonly ErrorCode[] = ['account_locked', 'not_bound', 'idempotency_mismatch', 'random_identifier', 'invalid_input', 'service_terminated', 'answer_needed'];

interface Context {
  readonly pos: Pick<PosRole, 'charge'>;
  readonly journal: ChargeJournal;
  readonly clock: Clock;
  /** The register's security check. */
  readonly guard: RegisterGuard;
  /** Told of a charge that was open and has come to its end. */
  readonly onSettled?: ((charge: EndedCharge) => void) | undefined;
  /** Told of an end that could not be written down. It stands. */
  readonly failed?: ((error: LatchkeyError) => void) | undefined;
}

/** A charge that was answered, with what the journal calls it. */
export interface JournaledCharge {
  readonly begun: BegunCharge;
  readonly charged: Charged;
}

/**
 * Charges as a wallet pays (protocol.md section 8): written down before it is sent, and sent again, the very same, until
 * there is an answer. An order is paid once, whoever pays it. A charge whose outcome is not known comes before any other.
 */
export class JournaledCharges {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Brings what is open to its end. Errors: what keeps it open. */
  settle(): Promise<readonly EndedCharge[]> {
    return this.#context.journal.exclusively(() => this.#settle());
  }

  /**
   * `order`: see `BegunCharge`. Errors: `service_terminated` and others of the security check, which comes before anything
   * is written down; why it was refused (then nothing is charged under its key, now or later, by this
   * register), `charge_over` if the order is paid already, and what leaves this charge or an earlier one open.
   */
  charge(order: string, charge: Charge): Promise<JournaledCharge> {
    return this.#context.journal.exclusively(async () => {
      const paid = await this.#paid(order);
      const { journal, clock, guard } = this.#context;
      if (paid !== undefined) {
        return { begun: paid, charged: await this.#again(paid, charge) };
      }
      await guard.charge(order, charge.amount, charge.authority.kind);
      let begun: BegunCharge;
      try {
        begun = await journal.begin({ order, charge, begunAt: clock.now() });
      } catch (error) {
        await this.#noteCheck(order, false);
        throw error;
      }
      return { begun, charged: await this.#send(begun) };
    });
  }

  /** What an order came to that is paid; undefined if it is not. Errors: what leaves an earlier charge open. */
  earlier(order: string): Promise<JournaledCharge | undefined> {
    return this.#context.journal.exclusively(async () => {
      const paid = await this.#paid(order);
      return paid && { begun: paid, charged: await this.#context.pos.charge(paid.charge) };
    });
  }

  /** The reply of a charge that has ended well: the same request has the same reply for ever. */
  reply({ charge }: EndedCharge): Promise<Charged> {
    return this.#context.pos.charge(charge);
  }

  /** Who has paid may ask again; nobody else pays it once more. What is paid outside the registry itself compares. */
  async #again(paid: EndedCharge, charge: Charge): Promise<Charged> {
    const { pos } = this.#context;
    if (isOutside(paid.charge) && isOutside(charge)) {
      return pos.charge(charge);
    }
    if (textOf(paid.charge) !== textOf(charge)) {
      throw new LatchkeyError('charge_over');
    }
    return pos.charge(paid.charge);
  }

  /** What an order is paid by, also where that came out only now and could not be written down. */
  async #paid(order: string): Promise<EndedCharge | undefined> {
    const settled = await this.#settleBefore(order);
    return settled.find((charge) => charge.order === order && charge.end.kind === 'charged') ?? this.#context.journal.paid(order);
  }

  /** What keeps an earlier charge open keeps this order from being charged. */
  async #settleBefore(order: string): Promise<readonly EndedCharge[]> {
    const pending = await this.#context.journal.pending();
    try {
      return await this.#settle();
    } catch (error) {
      const isOther = pending.every((begun) => begun.order !== order);
      throw isOther && error instanceof LatchkeyError ? withOutcome(error, 'That was an earlier charge; this one was not begun.', error.hint) : error;
    }
  }

  async #settle(): Promise<readonly EndedCharge[]> {
    const settled: EndedCharge[] = [];
    const note = (charge: EndedCharge) => {
      settled.push(charge);
      this.#context.onSettled?.(charge);
    };
    for (const begun of await this.#context.journal.pending()) {
      try {
        const { sale } = await this.#send(begun);
        note({ ...begun, end: { kind: 'charged', saleId: sale.id } });
      } catch (error) {
        if (!isEnd(error)) {
          throw error;
        }
        note({ ...begun, end: { kind: 'refused', code: error.code, message: error.message } });
      }
    }
    await this.#noting(() => this.#context.guard.reconcile(async (order) =>
      settled.some((charge) => charge.order === order && charge.end.kind === 'charged') || (await this.#context.journal.paid(order)) !== undefined));
    return settled;
  }

  async #send(begun: BegunCharge): Promise<Charged> {
    let charged: Charged;
    try {
      charged = await this.#context.pos.charge(begun.charge);
    } catch (error) {
      if (isEnd(error)) {
        await this.#noteEnd(begun, { kind: 'refused', code: error.code, message: error.message });
        throw error;
      }
      throw chargeLeftOpen(begun, error);
    }
    await this.#noteEnd(begun, { kind: 'charged', saleId: charged.sale.id });
    return charged;
  }

  /** A charge whose end is not on the disk is open there: it is sent again, and has the same answer. */
  async #noteEnd(begun: BegunCharge, end: ChargeEnd): Promise<void> {
    // Before the journal: what is still open there comes to the same end once more.
    await this.#noteCheck(begun.order, end.kind === 'charged');
    await this.#noting(() => this.#context.journal.end(begun, end));
  }

  async #noteCheck(order: string, isCharged: boolean): Promise<void> {
    await this.#noting(() => this.#context.guard.charged(order, isCharged));
  }

  async #noting(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      this.#context.failed?.(error);
    }
  }
}

function isOutside({ authority: { kind } }: Charge): boolean {
  return kind === 'cash' || kind === 'card';
}

function textOf({ key, amount, authority }: Charge): string {
  const members = Object.entries(authority).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([key, amountText(amount), members], (_name, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
}

/** Whether a charge has come to its end by this: nothing was charged. */
export function isEnd(error: unknown): error is LatchkeyError {
  return error instanceof LatchkeyError && (isFinalRefusal(error.code) || ends.includes(error.code));
}

/** The error that leaves a charge open, with what can be done. */
function chargeLeftOpen({ charge: { amount } }: BegunCharge, error: unknown): unknown {
  return withOutcome(
    error,
    `It is not known whether ${amountText(amount)} was charged.`,
    'The register finds out before it charges anything else, and never charges it twice: hold the card to it again, or run the command again. `latchkey pos status` shows what is open.',
  );
}
