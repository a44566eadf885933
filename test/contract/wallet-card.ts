import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChargeFile } from '../../src/cli/counter/charge-file.ts';
import { systemRandom } from '../../src/cli/local-registry.ts';
import { PaymentFile } from '../../src/cli/wallet/payment-file.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { CardApplication, type WalletHandler } from '../../src/protocol/card-application.ts';
import type { DeliveredCredential, PaymentOutcome } from '../../src/protocol/card-messages.ts';
import type { Card } from '../../src/protocol/card.ts';
import type { BegunCharge } from '../../src/roles/pos/charge-journal.ts';
import { CounterService, type CounterContext } from '../../src/roles/pos/counter.ts';
import type { NfcCard } from '../../src/roles/pos/nfc-reader.ts';
import type { PosRole } from '../../src/roles/pos/ports.ts';
import { cardWallet } from '../../src/roles/wallet/card-wallet.ts';
import { Payer, type CodeBook, type HeldCode } from '../../src/roles/wallet/payer.ts';
import type { WalletRole } from '../../src/roles/wallet/ports.ts';
import type { TestClock } from './roles.harness.ts';
import { identityCode, type PlainTerminal } from './shop.ts';

/** How the next calls to a server go: not at all, so that their replies are lost, or to something that goes wrong there. */
export type Line = 'good' | 'away' | 'reply lost' | LatchkeyError;

export class Switched {
  line: Line = 'good';

  async through<T>(call: () => Promise<T>): Promise<T> {
    if (this.line === 'away') throw new LatchkeyError('remote_unreachable');
    if (this.line instanceof LatchkeyError) throw this.line;
    const reply = await call();
    if (this.line === 'reply lost') throw new LatchkeyError('timed_out');
    return reply;
  }
}

/** A terminal's program on a card: what it keeps survives `restart`, and its line to the server can be cut. */
export class WalletCard {
  readonly line = new Switched();
  readonly outcomes: PaymentOutcome[] = [];
  readonly credentials: DeliveredCredential[] = [];
  readonly failures: unknown[] = [];
  asked = 0;
  /** What happens while its user is asked. */
  whileAsked: () => Promise<void> = async () => {};
  typed = identityCode;
  /** Said no to. */
  declines = false;
  /** Its security check terminates. */
  terminates = false;
  readonly #folder = mkdtempSync(join(tmpdir(), 'lk-wallet-'));
  readonly #terminal: PlainTerminal;
  readonly #clock: TestClock;
  readonly #codes: CodeBook;
  held: HeldCode;
  payer!: Payer;
  handler!: WalletHandler;
  application!: CardApplication;

  constructor(terminal: PlainTerminal, clock: TestClock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.held = { ...terminal.code, algorithm: terminal.algorithm };
    this.#codes = { get: async () => this.held, set: async (_account, code) => void (this.held = code) };
    this.restart();
  }

  get accountId(): string {
    return this.#terminal.accountId;
  }

  get terminalId(): string {
    return this.#terminal.holder.token.id;
  }

  /** As the program comes up again after it was killed. */
  restart(): this {
    const { wallet } = this.#terminal.holder;
    const cut: WalletRole = {
      requestVerification: (request) => wallet.requestVerification(request),
      bind: (request) => wallet.bind(request),
      bindings: () => this.line.through(() => wallet.bindings()),
      payee: (reference) => wallet.payee(reference),
      pay: (request) => this.line.through(() => wallet.pay(request)),
      cancel: (payment) => this.line.through(() => wallet.cancel(payment)),
      terminated: (service) => wallet.terminated(service),
    };
    this.payer = new Payer({ wallet: cut, codes: this.#codes, journal: new PaymentFile(this.#folder), clock: this.#clock, random: systemRandom });
    this.handler = cardWallet({
      payer: this.payer,
      wallet: cut,
      account: { accountId: this.accountId, terminalId: this.terminalId, currency: 'EUR', algorithm: this.#terminal.algorithm },
      exclusively: (work) => work(),
      guard: {
        charge: async () => this.#check(),
        access: async () => {
          this.#check();
          return async () => {};
        },
        reconcile: async () => {},
      },
      confirm: async () => {
        this.asked += 1;
        await this.whileAsked();
        if (this.declines) throw new LatchkeyError('card_refused');
      },
      identityCode: async () => this.typed,
      onOutcome: (outcome) => this.outcomes.push(outcome),
      onCredential: (credential) => this.credentials.push(credential),
      failed: (error) => this.failures.push(error),
    });
    this.application = new CardApplication(this.handler);
    return this;
  }

  #check(): void {
    if (this.terminates) throw new LatchkeyError('service_terminated', 'Too much.');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export interface TapOptions {
  readonly uid?: Uint8Array | undefined;
  /** It is taken away when it is sent this instruction for the n-th time, before it sees it or with its answer. */
  readonly away?: { readonly ins: number; readonly when: 'before' | 'after' } | undefined;
}

/** A card in the reader's field, for one tap. */
export function held(card: Card & { reset?(): void }, { uid, away }: TapOptions = {}): NfcCard {
  const gone = new AbortController();
  card.reset?.();
  const remove = () => {
    gone.abort(new LatchkeyError('card_removed'));
    throw new LatchkeyError('card_removed');
  };
  return {
    gone: gone.signal,
    uid: async () => uid,
    async transmit(apdu) {
      gone.signal.throwIfAborted();
      const isIt = away !== undefined && apdu[1] === away.ins && (apdu[0]! & 0x10) === 0;
      if (isIt && away.when === 'before') remove();
      const answer = await card.transmit(apdu);
      if (isIt) remove();
      return answer;
    },
  };
}

/** A card that has nothing but a number. */
export const bareCard: Card = { transmit: async () => Uint8Array.of(0x6a, 0x82) };

/** A cash register's counter whose line to the server can be cut; it comes up again with what is on its disk. */
export class SwitchedCounter {
  readonly line = new Switched();
  readonly #folder = mkdtempSync(join(tmpdir(), 'lk-counter-'));
  /** What finds no room on the disk, and what the register has said of it. */
  readonly full = new Set<'end' | 'told'>();
  readonly failures: string[] = [];
  /** What its security check was asked and told, and which of it it terminates. */
  readonly checked: string[] = [];
  /** Of what did not take place it can write nothing down. */
  cannotUndo = false;
  terminates: 'charge' | 'access' | undefined;
  readonly #pos: PosRole;
  readonly #clock: TestClock;
  #journal: ChargeFile | undefined;

  constructor(pos: PosRole, clock: TestClock) {
    this.#pos = pos;
    this.#clock = clock;
  }

  async open(credentialFor: CounterContext['credentialFor'] = async () => shopCredential): Promise<CounterService> {
    const pos = this.#pos;
    const register = await pos.self();
    this.#journal = new FailingFile(this.full, register.id, this.#folder);
    return new CounterService({
      pos: {
        charge: (charge) => this.line.through(() => pos.charge(charge)),
        access: (claim) => this.line.through(() => pos.access(claim)),
        network: () => pos.network(),
      },
      register,
      journal: this.#journal,
      credentialFor,
      clock: this.#clock,
      guard: {
        charge: async (order) => this.#check('charge', order),
        charged: async (order, isCharged) => {
          if (!isCharged) this.#requireUndoing();
          this.checked.push(`${isCharged ? 'charged' : 'not charged'} ${order}`);
        },
        reconcile: async () => {},
        access: async (by) => {
          this.#check('access', by);
          return async () => {
            this.#requireUndoing();
            this.checked.push(`undone ${by}`);
          };
        },
      },
      failed: ({ code }) => this.failures.push(code),
    });
  }

  #requireUndoing(): void {
    if (this.cannotUndo) throw new LatchkeyError('storage_full');
  }

  #check(what: 'charge' | 'access', of: string): void {
    this.checked.push(`${what} ${of}`);
    if (this.terminates === what) throw new LatchkeyError('service_terminated', 'Too much.');
  }

  /** What the register has begun to charge and does not know the outcome of. */
  async pending(): Promise<readonly BegunCharge[]> {
    return this.#journal!.pending();
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export const shopCredential = { ssid: 'cafe-guests', password: 'coffee and cake', security: 'wpa2-psk' } as const;

class FailingFile extends ChargeFile {
  readonly #full: ReadonlySet<string>;

  constructor(full: ReadonlySet<string>, ...of: ConstructorParameters<typeof ChargeFile>) {
    super(...of);
    this.#full = full;
  }

  override async end(...of: Parameters<ChargeFile['end']>): Promise<void> {
    if (this.#full.has('end')) throw new LatchkeyError('storage_full');
    return super.end(...of);
  }

  override async told(...of: Parameters<ChargeFile['told']>): Promise<void> {
    if (this.#full.has('told')) throw new LatchkeyError('storage_full');
    return super.told(...of);
  }
}
