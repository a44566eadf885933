import type { PasswordAlgorithm } from '../../src/domain/payment.ts';
import type { TerminalToken } from '../../src/protocol/card-messages.ts';
import { Payer, type BegunPayment, type CodeBook, type EndedPayment, type HeldCode, type PaymentJournal } from '../../src/roles/wallet/payer.ts';
import type { WalletRole } from '../../src/roles/wallet/ports.ts';
import type { ProgramFault } from './crash-points.ts';
import { Party, type Surroundings } from './party.ts';
import { Process, type ProcessContext } from './process.ts';

/** What a terminal has on its disk. */
export interface TerminalDisk {
  readonly codes: Map<string, HeldCode>;
  readonly pending: Map<string, BegunPayment>;
  readonly ended: Map<string, EndedPayment>;
}

interface TerminalContext extends ProcessContext {
  readonly disk: TerminalDisk;
  /** Is told what is begun, whether or not it gets onto the disk. */
  begun(payment: BegunPayment): void;
}

/** The real payer over a disk that keeps what was flushed. */
export class TerminalProcess extends Process {
  readonly payer: Payer;
  readonly wallet: Pick<WalletRole, 'requestVerification' | 'bind'>;
  readonly #context: TerminalContext;

  constructor(context: TerminalContext) {
    super(context);
    this.#context = context;
    const { clock, random } = context;
    const unused = () => { throw new Error('a payer does not ask for that'); };
    const wallet: WalletRole = {
      pay: (request) => this.call({ kind: 'pay', request }) as never,
      cancel: (payment) => this.call({ kind: 'cancel', payment }) as never,
      requestVerification: (request) => this.call({ kind: 'verify', request }) as never,
      bind: (request) => this.call({ kind: 'bind', request }) as never,
      bindings: unused,
      payee: unused,
      terminated: unused,
    };
    this.wallet = wallet;
    this.payer = new Payer({ wallet, codes: this.#codes, journal: this.#journal, clock, random });
  }

  readonly #codes: CodeBook = {
    get: async (accountId) => this.#context.disk.codes.get(accountId),
    set: (accountId, code) => this.flush('codes.set', () => this.#context.disk.codes.set(accountId, code)),
  };

  readonly #journal: PaymentJournal = {
    pending: async (accountId) => this.#context.disk.pending.get(accountId),
    find: async (accountId, key) => this.#context.disk.ended.get(`${accountId} ${key}`),
    begin: (payment) => {
      this.#context.begun(payment);
      return this.flush('journal.begin', () => {
        const open = this.#context.disk.pending.get(payment.accountId);
        if (open !== undefined) throw new Error(`${open.request.key} is open while ${payment.request.key} begins`);
        this.#context.disk.pending.set(payment.accountId, payment);
      });
    },
    giveUp: (payment) => this.flush('journal.giveUp', () => this.#context.disk.pending.set(payment.accountId, { ...payment, givenUp: true })),
    end: (payment, end) => this.flush('journal.end', () => {
      const { accountId, request: { key } } = payment;
      this.#context.disk.pending.delete(accountId);
      this.#context.disk.ended.set(`${accountId} ${key}`, { ...payment, end });
    }),
  };
}

interface TerminalKind {
  /** The accounts that it is bound to at first, by their place. */
  readonly accounts: readonly { readonly place: number; readonly algorithm: PasswordAlgorithm }[];
  /** Keeps to the protocol, as far as its owner could tell. */
  readonly isHonest: boolean;
}

export class Terminal extends Party<TerminalProcess> implements TerminalKind {
  readonly accounts: TerminalKind['accounts'];
  readonly isHonest: boolean;
  readonly disk: TerminalDisk = { codes: new Map(), pending: new Map(), ended: new Map() };
  /** How often a wrong identity code was typed for an account. */
  readonly mistypes = new Map<string, number>();
  readonly #surroundings: Surroundings;

  constructor(id: string, { accounts, isHonest }: TerminalKind, surroundings: Surroundings) {
    super({ id, role: 'terminal', scope: {} }, surroundings.checked);
    this.accounts = accounts;
    this.isHonest = isHonest;
    this.#surroundings = surroundings;
  }

  /** `typed`: the identity code that its user types if it is asked for. */
  run(program: (process: TerminalProcess) => Promise<unknown>, typed = ''): Promise<void> {
    return this.start((fault) => this.#process(fault, typed), program);
  }

  #process(fault: ProgramFault | undefined, typed: string): TerminalProcess {
    const { clockwork, network, server, coverages, overheard } = this.#surroundings;
    const { disk } = this;
    return new TerminalProcess({
      disk,
      clock: clockwork,
      random: clockwork,
      coverage: coverages.terminal,
      fault,
      begun: ({ accountId, request }) => {
        const code = Buffer.from(disk.codes.get(accountId)!.code).toString('hex');
        server.made(request.password, { code, identityCode: typed }, request);
      },
      send: (call, waiter) => {
        if (this.isHonest) overheard.push(call);
        network.send({ kind: 'request', from: this, call, waiter });
      },
    });
  }

  mistyped(accountId: string): void {
    this.mistypes.set(accountId, (this.mistypes.get(accountId) ?? 0) + 1);
  }

  /** Its word that it is there, and of which code it is made; undefined if it has none. */
  async word(accountId: string, apId: string): Promise<{ readonly token: TerminalToken; readonly code: string } | undefined> {
    const held = this.disk.codes.get(accountId);
    if (held === undefined) {
      return undefined;
    }
    const token = await this.#process(undefined, '').payer.claim({ accountId, terminalId: this.id, apId });
    return { token, code: Buffer.from(held.next ?? held.code).toString('hex') };
  }

  settle(accountId: string): Promise<void> {
    return this.run(({ payer }) => payer.settle(accountId));
  }
}
