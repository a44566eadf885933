import type { Grant } from '../../src/domain/grant.ts';
import type { Amount } from '../../src/domain/money.ts';
import type { BegunCharge, ChargeEnd, ChargeJournal, EndedCharge } from '../../src/roles/pos/charge-journal.ts';
import { JournaledCharges } from '../../src/roles/pos/journaled-charge.ts';
import type { Charge, Charged, Claim } from '../../src/roles/pos/ports.ts';
import type { ProgramFault } from './crash-points.ts';
import { Party, type Surroundings } from './party.ts';
import { Process, type ProcessContext } from './process.ts';

/** What a cash register has on its disk: its charges, by their numbers. */
export interface RegisterDisk {
  readonly charges: Map<number, { readonly begun: BegunCharge; end: ChargeEnd | undefined; told: boolean }>;
}

interface RegisterContext extends ProcessContext {
  readonly disk: RegisterDisk;
}

/** The register's real charges over a disk that keeps what was flushed. */
export class RegisterProcess extends Process {
  readonly charges: JournaledCharges;
  readonly #disk: RegisterDisk;

  constructor(context: RegisterContext) {
    super(context);
    this.#disk = context.disk;
    const pos = { charge: (charge: Charge) => this.call({ kind: 'charge', charge }) as Promise<Charged> };
    this.charges = new JournaledCharges({ pos, journal: this.journal, clock: context.clock });
  }

  access(claim: Claim, code: string | undefined): Promise<Grant> {
    return this.call({ kind: 'access', claim, code }) as Promise<Grant>;
  }

  readonly journal: ChargeJournal = {
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
  readonly disk: RegisterDisk = { charges: new Map() };
  /** What is open. */
  order: RungUp | undefined;
  readonly #surroundings: Surroundings;

  constructor(id: string, payeeId: string, apId: string, surroundings: Surroundings) {
    super({ id, role: 'pos', scope: { accounts: [payeeId], aps: [apId] } }, surroundings.checked);
    this.payeeId = payeeId;
    this.#surroundings = surroundings;
  }

  async run(program: (process: RegisterProcess) => Promise<unknown>): Promise<void> {
    const { clockwork, network, coverages } = this.#surroundings;
    const make = (fault: ProgramFault | undefined) => new RegisterProcess({
      disk: this.disk,
      clock: clockwork,
      random: clockwork,
      coverage: coverages.register,
      fault,
      send: (call, waiter) => network.send({ kind: 'request', from: this, call, waiter }),
    });
    await this.start(make, program);
  }

  settle(): Promise<void> {
    return this.run(({ charges }) => charges.settle());
  }
}
