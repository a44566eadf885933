import type { Clock } from '../../../src/domain/clock.ts';
import type { Scope } from '../../../src/domain/token.ts';
import { newEd25519, type Ed25519KeyPair } from '../../../src/protocol/ed25519.ts';
import { CodeAcceptance, type Decision } from '../../../src/roles/codes/acceptance.ts';
import type { AcceptanceRules, AcceptOrder } from '../../../src/roles/codes/acceptance-context.ts';
import type { AcceptanceJournal } from '../../../src/roles/codes/acceptance-journal.ts';
import { openAcceptanceStore, type AcceptanceStore } from '../../../src/storage/acceptance-store.ts';
import type { Side } from '../crash-points.ts';
import { ProgramEnd } from './code-wallet.ts';

const dayMs = 86_400_000;

export interface TillContext {
  readonly id: string;
  readonly payeeId: string;
  readonly scope: Scope;
  readonly path: string;
  readonly clock: Clock;
  readonly bindAbove: AcceptanceRules['bindAbove'];
  readonly isHonest: boolean;
}

/** A cash register with the real acceptance on a real journal. */
export class Till {
  readonly context: TillContext;
  readonly rules: AcceptanceRules;
  journal!: AcceptanceStore;
  key: Ed25519KeyPair;
  offMs = 0;
  /** Its program ends when it next writes to its journal. */
  fault: Side | undefined;

  constructor(context: TillContext, seed: Uint8Array) {
    this.context = context;
    this.rules = { bindAbove: context.bindAbove, trustWarnMs: dayMs, trustMaxMs: 7 * dayMs };
    this.key = newEd25519(seed);
  }

  async boot(): Promise<void> {
    this.journal?.close();
    this.journal = await openAcceptanceStore({ path: this.context.path });
  }

  get clock(): Clock {
    return { now: () => new Date(this.context.clock.now().getTime() + this.offMs) };
  }

  /** The journal, whose next write may be the program's last. */
  get mortalJournal(): AcceptanceStore {
    const { journal } = this;
    const mortally = async <T>(write: () => Promise<T>): Promise<T> => {
      const { fault } = this;
      this.fault = undefined;
      if (fault === 'before') throw new ProgramEnd();
      const written = await write();
      if (fault === 'after') throw new ProgramEnd();
      return written;
    };
    const add: AcceptanceJournal['add'] = (...given) => mortally(() => journal.add(...given));
    const settle: AcceptanceJournal['settle'] = (...given) => mortally(() => journal.settle(...given));
    return new Proxy(journal, {
      get: (_, name: keyof AcceptanceStore) => {
        if (name === 'add') return add;
        if (name === 'settle') return settle;
        return (journal[name] as (...given: unknown[]) => unknown).bind(journal);
      },
    });
  }

  accept(order: AcceptOrder): Promise<Decision> {
    const { id, payeeId } = this.context;
    return new CodeAcceptance({ register: { id, payeeId, currency: 'EUR' }, journal: this.mortalJournal, receiptKey: this.key.privateKey, clock: this.clock, rules: this.rules }).accept(order);
  }
}
