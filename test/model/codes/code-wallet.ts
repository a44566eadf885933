import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Random } from '../../../src/domain/clock.ts';
import type { CreditToken } from '../../../src/domain/credit-code.ts';
import { StoredCodes } from '../../../src/cli/wallet/code-book.ts';
import { StoredCreditCodes } from '../../../src/cli/wallet/kept-codes.ts';
import { PaymentFile } from '../../../src/cli/wallet/payment-file.ts';
import { ShowingFile } from '../../../src/cli/wallet/showing-file.ts';
import { codeText, joinCode, signProof } from '../../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../../src/protocol/ed25519.ts';
import type { CodesRole } from '../../../src/roles/codes/ports.ts';
import type { SecretStore } from '../../../src/roles/secret-store.ts';
import { issuedCodes, OwnCodes, type OwnCode } from '../../../src/roles/wallet/own-codes.ts';
import { Payer } from '../../../src/roles/wallet/payer.ts';
import type { WalletRole } from '../../../src/roles/wallet/ports.ts';
import { nextShowing, takeBack, type NewShowing, type ShowingJournal, type WantedShowing } from '../../../src/roles/wallet/showing.ts';
import type { Side } from '../crash-points.ts';

/** A program that has ended where it was. */
export class ProgramEnd extends Error {
  constructor() {
    super('the program has ended');
  }
}

/** A secret store that outlives its programs, and can be copied. */
class Secrets implements SecretStore {
  readonly kind = 'file';
  values = new Map<string, string>();

  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.values.set(name, value);
  }

  async delete(name: string): Promise<boolean> {
    return this.values.delete(name);
  }

  async names(): Promise<string[]> {
    return [...this.values.keys()].toSorted();
  }
}

export interface WalletContext {
  readonly accountId: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly wallet: WalletRole;
  readonly codes: Pick<CodesRole, 'issued' | 'code'>;
}

/** What is on a payer's screen. */
export interface OnScreen {
  readonly code: OwnCode;
  readonly showing: NewShowing;
}

/** A phone with the real wallet on real files. */
export class CodeWallet {
  readonly context: WalletContext;
  readonly #secrets = new Secrets();
  /** Its clock is so far off, in milliseconds. */
  offMs = 0;
  screen: OnScreen | undefined;
  /** Its program ends when it next writes a showing down. */
  fault: Side | undefined;

  constructor(context: WalletContext) {
    this.context = context;
    mkdirSync(context.folder, { recursive: true });
  }

  get clock(): Clock {
    return { now: () => new Date(this.context.clock.now().getTime() + this.offMs) };
  }

  get book(): StoredCodes {
    return new StoredCodes(this.#secrets);
  }

  get #kept(): StoredCreditCodes {
    return new StoredCreditCodes(this.#secrets);
  }

  get payments(): PaymentFile {
    return new PaymentFile(this.context.folder);
  }

  get payer(): Payer {
    const { wallet, random } = this.context;
    return new Payer({ wallet, codes: this.book, journal: this.payments, clock: this.clock, random });
  }

  get own(): OwnCodes {
    const { wallet, codes, random } = this.context;
    return new OwnCodes({ kept: this.#kept, journal: this.#journal, random, payer: this.payer, codes, wallet, withCode: (_, work) => work() });
  }

  get #journal(): ShowingJournal {
    const file = new ShowingFile(this.context.folder);
    return {
      begin: (...given) => file.begin(...given),
      of: (codeId) => file.of(codeId),
      takeBack: (...given) => file.takeBack(...given),
      correct: (...given) => file.correct(...given),
      forget: (codeId) => file.forget(codeId),
      show: async (...given) => {
        const { fault } = this;
        this.fault = undefined;
        // What is not waited for is not there.
        await undefined;
        if (fault === 'before') throw new ProgramEnd();
        await file.show(...given);
        if (fault === 'after') throw new ProgramEnd();
      },
    };
  }

  codes(): Promise<OwnCode[]> {
    return issuedCodes(this.#kept);
  }

  async show(code: OwnCode, wanted: WantedShowing): Promise<OnScreen> {
    this.screen = undefined;
    const showing = nextShowing(code.token, await this.#journal.of(code.token.id), wanted, this.clock.now());
    await this.#journal.show(code.token.id, showing);
    this.screen = { code, showing };
    return this.screen;
  }

  takeBack(token: CreditToken, counter: number): Promise<unknown> {
    return takeBack(this.#journal, token, counter, this.clock.now());
  }

  /** Codes and showings in the place of its own, as somebody has it who keeps copies; payments go on where they were. */
  becomeLike(other: CodeWallet): void {
    const isCode = ([name]: readonly [string, string]) => name.includes('/credit-code/');
    this.#secrets.values = new Map([...[...this.#secrets.values].filter((each) => !isCode(each)), ...[...other.#secrets.values].filter(isCode)]);
    const { folder } = this.context;
    const showingsIn = (of: string) => readdirSync(of).filter((name) => name.endsWith('.showings.ndjson'));
    showingsIn(folder).forEach((name) => rmSync(join(folder, name)));
    showingsIn(other.context.folder).forEach((name) => cpSync(join(other.context.folder, name), join(folder, name)));
  }

  copyTo(name: string): CodeWallet {
    const copy = new CodeWallet({ ...this.context, folder: join(this.context.folder, '..', name) });
    copy.becomeLike(this);
    return copy;
  }
}

/** With a fresh proof; by another key than the wallet's, if one is given. */
export function rendered({ code, showing: { counter, amount, payeeId } }: OnScreen, at: Date, seed = code.seed): string {
  return codeText(joinCode(code.signed, signProof({ counter, at, amount, payeeId }, code.signed, newEd25519(seed).privateKey)));
}
