import { setImmediate } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import type { CompiledApplication } from '../../domain/security-check/compile.ts';
import { severity, type Outcome } from '../../domain/security-check/decision.ts';
import { evaluate, paidFor, useOf } from './evaluation.ts';
import type { CardLanguage, FailedCheck } from './ports.ts';
import type { CardStore, KeptService } from './store.ts';

/** A service that other parameters would judge otherwise. */
export interface ShadowChange {
  readonly service: KeptService;
  readonly before: Outcome;
  readonly after: Outcome;
  /** What would not go well. */
  readonly failed: readonly FailedCheck[];
}

export interface ShadowCounts {
  readonly services: number;
  readonly unchanged: number;
  /** By what the outcome was, and what it would be. */
  readonly changed: Readonly<Partial<Record<Outcome, Readonly<Partial<Record<Outcome, number>>>>>>;
}

export interface Shadow {
  readonly log: CardStore;
  /** An empty store, for what would be counted. */
  readonly scratch: CardStore;
  readonly language: CardLanguage;
  /** The application under its new parameters. */
  readonly candidate: CompiledApplication;
  /** Services before are taken as they were. */
  readonly since: Date | undefined;
  readonly onChange: (change: ShadowChange) => void;
  readonly signal?: AbortSignal | undefined;
}

const atOnce = 500;

/**
 * Holds the services that an application has judged to other parameters, in the order in which they were begun, with
 * what was drawn for each. What would not have gone on is not counted; what somebody said yes to counts as confirmed;
 * what was reversed gives its room back when it did. Errors: `interrupted`.
 */
export async function shadow({ log, scratch, language, candidate, since, onChange, signal }: Shadow): Promise<ShadowCounts> {
  const { name } = candidate.application;
  const changed: Partial<Record<Outcome, Partial<Record<Outcome, number>>>> = {};
  let [services, unchanged] = [0, 0];
  const reversals = new Reversals();
  const judge = (kept: KeptService) => {
    reversals.until(kept.recordedAt).forEach((id) => scratch.uncount(id));
    const service = language.readService(kept.data);
    const logged = kept.decisions.find(({ application }) => application === name)!.outcome;
    const others = kept.decisions.filter(({ application }) => application !== name);
    // What another application stopped, nobody said yes to, or was only foreseen, did not take place under these parameters either.
    const tookPlace = kept.state === 'counted' || kept.state === 'reversed' || (kept.outcome !== 'allow' && others.every(({ outcome }) => severity[outcome] < severity[logged]));
    const decision = since === undefined || kept.recordedAt >= since ? evaluate(scratch, candidate, service, kept.random) : undefined;
    if ((decision?.outcome ?? logged) === 'allow' && tookPlace) {
      // Terminated: the one state that a key may have many times.
      scratch.insertService({ ...kept, state: 'terminated', decisions: [] });
      scratch.count(kept.id, [useOf(name, paidFor(kept, service))]);
      if (kept.reversedAt !== undefined) reversals.add(kept.id, kept.reversedAt);
    }
    if (decision === undefined) {
      return;
    }
    services += 1;
    if (decision.outcome === logged) {
      unchanged += 1;
      return;
    }
    const row = (changed[logged] ??= {});
    row[decision.outcome] = (row[decision.outcome] ?? 0) + 1;
    onChange({ service: kept, before: logged, after: decision.outcome, failed: language.readFailed(language.writeDecision(decision)) });
  };
  for (let after: string | undefined; ; ) {
    const some = log.servicesOf(name, { after, limit: atOnce });
    await scratch.transaction(() => some.forEach(judge));
    after = some.at(-1)?.id;
    if (some.length < atOnce) {
      return { services, unchanged, changed };
    }
    // Whoever ends it is heard between two pages.
    await setImmediate();
    if (signal?.aborted === true) {
      throw new LatchkeyError('interrupted');
    }
  }
}

/** Services that are counted and will be reversed, by when. */
class Reversals {
  #next = 0;
  readonly #inOrder: { readonly id: string; readonly at: Date }[] = [];

  add(id: string, at: Date): void {
    let [from, to] = [this.#next, this.#inOrder.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#inOrder[middle]!.at <= at) from = middle + 1;
      else to = middle;
    }
    this.#inOrder.splice(from, 0, { id, at });
  }

  /** Those up to then, each once. */
  until(at: Date): readonly string[] {
    const from = this.#next;
    while (this.#next < this.#inOrder.length && this.#inOrder[this.#next]!.at <= at) this.#next += 1;
    return this.#inOrder.slice(from, this.#next).map(({ id }) => id);
  }
}
