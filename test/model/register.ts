import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { Amount } from '../../src/domain/money.ts';
import { CardApplication, type WalletHandler } from '../../src/protocol/card-application.ts';
import type { PaymentOutcome } from '../../src/protocol/card-messages.ts';
import type { BegunCharge, ChargeEnd, ChargeJournal, EndedCharge } from '../../src/roles/pos/charge-journal.ts';
import { CounterService } from '../../src/roles/pos/counter.ts';
import type { NfcCard } from '../../src/roles/pos/nfc-reader.ts';
import type { Charge, Charged, Claim } from '../../src/roles/pos/ports.ts';
import { noRegisterGuard } from '../card/no-guard.ts';
import type { ProgramFault } from './crash-points.ts';
import type { Waiter } from './network.ts';
import { Party, type Surroundings } from './party.ts';
import { Process, type ProcessContext } from './process.ts';

/** What a cash register has on its disk: its charges, by their numbers. */
export interface RegisterDisk {
  readonly charges: Map<number, { readonly begun: BegunCharge; end: ChargeEnd | undefined; told: boolean }>;
}

interface RegisterContext extends ProcessContext {
  readonly disk: RegisterDisk;
  readonly register: { readonly id: string; readonly payeeId: string; readonly apId: string };
}

export const never = new AbortController().signal;
const credential = { ssid: 'shop', password: 'coffee and cake', security: 'wpa2-psk' } as const;

/** The register's real counter over a disk that keeps what was flushed. */
export class RegisterProcess extends Process {
  readonly counter: CounterService;
  readonly #disk: RegisterDisk;

  constructor(context: RegisterContext) {
    super(context);
    this.#disk = context.disk;
    const { register, clock } = context;
    const unused = () => { throw new Error('no wallet asks for access in the tap in which it pays'); };
    this.counter = new CounterService({
      pos: { charge: (charge: Charge) => this.call({ kind: 'charge', charge }) as Promise<Charged>, access: (claim) => this.access(claim, undefined), network: unused },
      register: { ...register, name: register.id, tariff: undefined, jwk: undefined, receiptKey: undefined },
      journal: this.#journal,
      credentialFor: async () => credential,
      clock,
      guard: noRegisterGuard,
    });
  }

  /** The wallet of a terminal, held to the register: it gives what it gave already, and hears what became of it as long as it is there. */
  cardOf({ handler, tell }: { readonly handler: Omit<NonNullable<WalletHandler['pay']>, 'result'>; readonly tell: (outcome: PaymentOutcome, waiter: Waiter) => void }): NfcCard {
    const application = new CardApplication({
      pay: { ...handler, result: async (outcome) => void (await this.ask('tell', (waiter) => tell(outcome, waiter))) },
      failed: (error) => { if (!(error instanceof LatchkeyError)) this.failure = error; },
    });
    return { gone: never, uid: async () => undefined, transmit: (apdu) => application.transmit(apdu) };
  }

  access(claim: Claim, code: string | undefined): Promise<Grant> {
    return this.call({ kind: 'access', claim, code }) as Promise<Grant>;
  }

  readonly #journal: ChargeJournal = {
    // One program of a register runs at a time.
    exclusively: (work) => work(),
    pending: async () => [...this.#disk.charges.values()].filter(({ end }) => end === undefined).map(({ begun }) => begun),
    paid: async (order) => ended([...this.#disk.charges.values()].findLast(({ begun, end }) => begun.order === order && end?.kind === 'charged')),
    untold: async ({ accountId, terminalId }) => {
      const last = [...this.#disk.charges.values()].findLast(({ begun: { charge: { authority } } }) =>
        authority.kind === 'wallet' && authority.accountId === accountId && authority.terminalId === terminalId);
      return last?.told === false ? ended(last) : undefined;
    },
    begin: async (charge) => {
      const begun = { ...charge, number: this.#disk.charges.size + 1 };
      await this.flush('charge.begin', () => this.#disk.charges.set(begun.number, { begun, end: undefined, told: false }));
      return begun;
    },
    end: ({ number }, end) => this.flush('charge.end', () => { this.#disk.charges.get(number)!.end = end; }),
    told: ({ number }) => this.flush('charge.told', () => { this.#disk.charges.get(number)!.told = true; }),
  };
}

/** A card that has nothing but a number. */
export function bareCard(uid: Uint8Array): NfcCard {
  return { gone: never, uid: async () => uid, transmit: async () => Uint8Array.of(0x6a, 0x82) };
}

function ended(kept: { readonly begun: BegunCharge; readonly end: ChargeEnd | undefined } | undefined): EndedCharge | undefined {
  return kept?.end && { ...kept.begun, end: kept.end };
}

/** What is to be paid at a register, by whoever comes. */
export interface RungUp {
  readonly id: string;
  /** Of the order as it is now and as it was before a refusal, the last one first. */
  readonly keys: readonly string[];
  readonly amount: Amount;
  readonly memo: string | undefined;
}

export class Register extends Party<RegisterProcess> {
  readonly payeeId: string;
  readonly apId: string;
  readonly disk: RegisterDisk = { charges: new Map() };
  /** What is open. */
  order: RungUp | undefined;
  readonly #surroundings: Surroundings;

  constructor(id: string, payeeId: string, apId: string, surroundings: Surroundings) {
    super({ id, role: 'pos', scope: { accounts: [payeeId], aps: [apId] } }, surroundings.checked);
    this.payeeId = payeeId;
    this.apId = apId;
    this.#surroundings = surroundings;
  }

  async run(program: (process: RegisterProcess) => Promise<unknown>): Promise<void> {
    const { clockwork, network, coverages } = this.#surroundings;
    const make = (fault: ProgramFault | undefined) => new RegisterProcess({
      disk: this.disk,
      register: this,
      clock: clockwork,
      random: clockwork,
      coverage: coverages.register,
      fault,
      send: (call, waiter) => network.send({ kind: 'request', from: this, call, waiter }),
    });
    await this.start(make, program);
  }

  settle(): Promise<void> {
    return this.run(({ counter }) => counter.charges.settle());
  }
}
