import type { Clock, Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { idFrom } from '../../domain/identifiers.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import type { CompiledApplication } from '../../domain/security-check/compile.ts';
import { severity, type Decision, type Outcome } from '../../domain/security-check/decision.ts';
import { requireFittingGuards, type GuardPoint } from '../../domain/security-check/guard.ts';
import type { History } from '../../domain/security-check/history.ts';
import { serviceMoments, type Service } from '../../domain/security-check/service.ts';
import { base64url } from '../../protocol/encoding.ts';
import { evaluate, historyOf, paidFor, terminatedByDamage, useOf } from './evaluation.ts';
import type { Attempt, CardLanguage, Judgement } from './ports.ts';
import type { Answer, CardStore, KeptApplication, KeptService, ServiceKey, ServiceState } from './store.ts';

interface CardDeskContext {
  readonly store: CardStore;
  readonly language: CardLanguage;
  readonly clock: Clock;
  readonly random: Random;
}

/** An application in force, or what is left of it. */
interface InForce {
  readonly kept: KeptApplication;
  /** Undefined: it is damaged. */
  readonly compiled: CompiledApplication | undefined;
}

/** What a judgement has beside the service. */
type Drawn = Pick<KeptService, 'id' | 'random' | 'answered' | 'recordedAt'>;

/** So long a service is in the log: thirteen months, and some days for whoever looks at them late. */
const keptMs = 400 * 86_400_000;
const takenOutAtOnce = 10;
const stateBy: Readonly<Record<Outcome, ServiceState>> = { allow: 'counted', ask: 'asked', terminate: 'terminated' };

/**
 * The security check of this machine: holds services to the applications that guard them, and keeps what these count.
 * A service is judged and counted in one transaction, so that of two at once the second is judged with the first.
 * Errors of all: those of storage.
 */
export class CardDesk {
  readonly #context: CardDeskContext;
  readonly #ready = new Map<string, CompiledApplication>();

  constructor(context: CardDeskContext) {
    this.#context = context;
  }

  /**
   * Adds an application, or a higher version in the place of the one in force. Adding the same once more changes nothing.
   * Errors: `invalid_input`, `card_application_conflict`.
   */
  async add(json: string): Promise<KeptApplication> {
    const { store, language, clock } = this.#context;
    const { application, policyHash } = language.application(json);
    const { name, version, guards } = application;
    requireFittingGuards(application);
    return store.transaction(() => {
      const [newest] = store.versions(name);
      if (newest !== undefined && newest.version > version) {
        throw conflict(`Version ${newest.version} of ${name} has been here, and this is ${version}.`);
      }
      if (newest?.version === version && newest.policyHash !== policyHash) {
        throw conflict(`Version ${version} of ${name} has been here with other content.`);
      }
      if (newest?.version === version && newest.endedAt === undefined && newest.json === json) {
        return newest;
      }
      const added: KeptApplication = { name, version, json, policyHash, guards, addedAt: clock.now(), endedAt: undefined };
      store.putApplication(added);
      return added;
    });
  }

  /** What it has counted stays, should it be added again. Errors: `card_application_not_found`. */
  async remove(name: string): Promise<KeptApplication> {
    const { store, clock } = this.#context;
    return store.transaction(() => {
      const kept = this.application(name);
      const endedAt = clock.now();
      store.endApplication(name, endedAt);
      return { ...kept, endedAt };
    });
  }

  /** One in force. Errors: `card_application_not_found`. */
  application(name: string): KeptApplication {
    const kept = this.#context.store.applications().find((each) => each.name === name);
    if (kept === undefined) {
      throw new LatchkeyError('card_application_not_found', `There is no application ${name} on this machine.`);
    }
    return kept;
  }

  /** One in force, ready. Errors: `card_application_not_found`, `card_application_damaged`. */
  compiled(name: string): CompiledApplication {
    const compiled = this.#compiled(this.application(name));
    if (compiled === undefined) {
      throw new LatchkeyError('card_application_damaged', `The application ${name} is damaged on this machine: it terminates everything.`);
    }
    return compiled;
  }

  /** What was counted for it before a service. */
  history(compiled: CompiledApplication, { at }: Pick<Service, 'at'>): History {
    return historyOf(this.#context.store, compiled, at);
  }

  /** Whether it can be read as it was added. */
  isDamaged(kept: KeptApplication): boolean {
    return this.#compiled(kept) === undefined;
  }

  /**
   * Judges a service that is about to take place, and counts it if it may go on; undefined if no application guards it.
   * The same key is counted once, and what is counted under it has the same answer. Anything else is judged by what holds
   * now, with what was drawn for its key: who begins it again draws nothing better.
   * Errors: `idempotency_mismatch` for another service under the same key, `clock_wrong`.
   */
  begin(attempt: Attempt): Promise<Judgement | undefined> {
    return this.#begin(attempt, true);
  }

  #begin(attempt: Attempt, takesPlace: boolean): Promise<Judgement | undefined> {
    const { store } = this.#context;
    return store.transaction(() => {
      const kept = store.serviceOf(attempt);
      if (attempt.isAnew === true && kept?.state === 'counted') {
        this.#reversed(kept, 'It did not take place.');
      }
      const earlier = attempt.isAnew === true ? undefined : kept;
      if (earlier !== undefined) {
        this.#requireSame(earlier, attempt.service);
      }
      const guarding = this.#guarding(attempt.guard);
      if (earlier?.state === 'counted') {
        return this.#judgement(earlier);
      }
      if (guarding.length === 0) {
        return undefined;
      }
      const judged = this.#judgedAgain(kept, attempt, guarding, earlier?.answered ?? []);
      const begun: KeptService = judged.state === 'counted' && !takesPlace ? { ...judged, state: 'asked' } : judged;
      this.#put(begun, kept);
      return this.#counted(begun, attempt.service);
    });
  }

  /**
   * Goes on with what was asked, to which somebody has said yes: it is judged once more, as it is now, also where it was
   * counted and reversed meanwhile. `answered`: what they were told of; what else asks by then asks again. Errors:
   * `service_not_found` if it was never begun, `clock_wrong`.
   */
  confirm(key: ServiceKey, answered: readonly Answer[]): Promise<Judgement> {
    const { store, language, clock } = this.#context;
    return store.transaction(() => {
      const kept = store.serviceOf(key);
      if (kept === undefined) {
        throw new LatchkeyError('service_not_found', 'What was asked about is not in the log any more.');
      }
      if (kept.state === 'counted' || kept.state === 'terminated') {
        return this.#judgement(kept);
      }
      const service: Service = { ...language.readService(kept.data), at: clock.now(), confirmed: false };
      const judged = this.#judgedAgain(kept, { ...key, service }, this.#guarding(key.guard), withMore(kept.answered, answered));
      this.#put(judged, kept);
      return this.#counted(judged, service);
    });
  }

  /**
   * It has taken place: what it counts stands, also where it was taken for reversed. `paid`: what it really came to, where
   * it was counted as more.
   */
  settle(key: ServiceKey, paid?: Amount): Promise<void> {
    const { store, language, clock } = this.#context;
    return store.transaction(() => {
      const kept = store.serviceOf(key);
      const isCounted = kept?.state === 'counted';
      if (kept === undefined || (!isCounted && kept.state !== 'reversed') || (isCounted && kept.settledAt !== undefined)) {
        return;
      }
      const settled: KeptService = { ...kept, state: 'counted', paid: paid ?? kept.paid, settledAt: clock.now(), reversedAt: undefined, reason: undefined };
      store.updateService(settled);
      if (isCounted && paid === undefined) {
        return;
      }
      const service = paidFor(settled, language.readService(kept.data));
      if (isCounted) {
        store.uncount(kept.id);
      }
      store.count(kept.id, kept.decisions.map(({ application }) => useOf(application, service)));
    });
  }

  /**
   * What `begin` would say now, counting nothing: for what is offered, and takes place later. What was drawn is kept, so
   * that it takes place by the same number; what asks or is terminated is kept as `begin` keeps it.
   */
  foresee(attempt: Attempt): Promise<Judgement | undefined> {
    return this.#begin(attempt, false);
  }

  /** It did not take place: what it counted is free again. Nothing happens to what was not counted, and to what was settled. */
  reverse(key: ServiceKey, reason: string): Promise<void> {
    const { store } = this.#context;
    return store.transaction(() => {
      const kept = store.serviceOf(key);
      if (kept?.state === 'counted' && kept.settledAt === undefined) {
        this.#reversed(kept, reason);
      }
    });
  }

  /** The same by hand, also of what was settled. What is reversed already stays so. Errors: `service_not_found`, `service_not_counted`. */
  reverseService(id: string, reason: string): Promise<KeptService> {
    const { store } = this.#context;
    return store.transaction(() => {
      const kept = store.service(id);
      if (kept === undefined) {
        throw new LatchkeyError('service_not_found', `There is no service ${id} in the log.`);
      }
      if (kept.state === 'reversed') {
        return kept;
      }
      if (kept.state !== 'counted') {
        throw new LatchkeyError('service_not_counted', `Service ${id} was ${kept.state}: it takes up no room.`);
      }
      return this.#reversed(kept, reason);
    });
  }

  #reversed(kept: KeptService, reason: string): KeptService {
    const { store, clock } = this.#context;
    const reversed: KeptService = { ...kept, state: 'reversed', reversedAt: clock.now(), reason };
    store.uncount(kept.id);
    store.updateService(reversed);
    return reversed;
  }

  #guarding(guard: GuardPoint): InForce[] {
    return this.#context.store
      .applications()
      .map((kept) => ({ kept, compiled: this.#compiled(kept) }))
      // What one says that is damaged nobody knows: it might have guarded this.
      .filter(({ compiled }) => compiled === undefined || compiled.application.guards.includes(guard));
  }

  #compiled({ name, version, json, policyHash }: KeptApplication): CompiledApplication | undefined {
    let compiled = this.#ready.get(json);
    if (compiled === undefined) {
      try {
        compiled = this.#context.language.application(json);
      } catch {
        return undefined;
      }
      this.#ready.set(json, compiled);
    }
    const { application } = compiled;
    return compiled.policyHash === policyHash && application.name === name && application.version === version ? compiled : undefined;
  }

  /**
   * A question, and what is terminated once more, stays one service of the log; anything else is another. `kept`: the last
   * under the same key.
   */
  #judgedAgain(kept: KeptService | undefined, attempt: Attempt, guarding: readonly InForce[], answered: KeptService['answered']): KeptService {
    requireMoment(attempt.service);
    const random = kept?.random ?? this.#drawn();
    const judged = this.#judgedWith(attempt, guarding, { id: this.#newId(), random, answered, recordedAt: this.#context.clock.now() });
    const isSame = kept !== undefined && (kept.state === 'asked' || (kept.state === 'terminated' && judged.state === 'terminated' && attempt.isAnew !== true));
    return isSame ? { ...judged, id: kept.id, recordedAt: kept.recordedAt } : judged;
  }

  /** Each that comes takes old ones with it, so that the log grows no more once it is that old. */
  #put(judged: KeptService, kept: KeptService | undefined): void {
    const { store } = this.#context;
    if (judged.id === kept?.id) {
      store.updateService(judged);
    } else {
      store.insertService(judged);
      store.takeOut(new Date(judged.recordedAt.getTime() - keptMs), takenOutAtOnce);
    }
  }

  /** Confirmed, where all that asks then was answered: nobody has said yes to what they were not told of. */
  #judgedWith(attempt: Attempt, guarding: readonly InForce[], drawn: Drawn): KeptService {
    if (drawn.answered.length > 0) {
      const confirmed = this.#judged({ ...attempt, service: { ...attempt.service, confirmed: true } }, guarding, drawn);
      if (confirmed.outcome === 'terminate' || this.#failed(confirmed).every((failed) => isIn(drawn.answered, failed))) {
        return confirmed;
      }
    }
    return this.#judged(attempt, guarding, drawn);
  }

  #judged(attempt: Attempt, guarding: readonly InForce[], { id, random, answered, recordedAt }: Drawn): KeptService {
    const { store, language } = this.#context;
    const { guard, key, holder, service } = attempt;
    const decisions = guarding.map(({ kept, compiled }): Decision => (compiled === undefined ? terminatedByDamage(kept, service) : evaluate(store, compiled, service, random)));
    const outcome = strictest(decisions);
    return {
      id, guard, key, holder, random, outcome, answered, recordedAt,
      kind: service.kind,
      at: service.at,
      data: language.writeService(service),
      state: stateBy[outcome],
      confirmed: service.confirmed,
      paid: undefined,
      settledAt: undefined,
      reversedAt: undefined,
      reason: undefined,
      decisions: decisions.map((decision) => ({
        application: decision.application,
        version: decision.version,
        policyHash: decision.policyHash,
        outcome: decision.outcome,
        json: language.writeDecision(decision),
      })),
    };
  }

  #counted(kept: KeptService, service: Service): Judgement {
    if (kept.state === 'counted') {
      const { id, confirmed, decisions } = kept;
      this.#context.store.count(id, decisions.map(({ application }) => useOf(application, { ...service, confirmed })));
    }
    return this.#judgement(kept);
  }

  #judgement(kept: KeptService): Judgement {
    const { id, outcome, state } = kept;
    return { serviceId: id, outcome, state, failed: this.#failed(kept) };
  }

  #failed({ decisions }: KeptService): Judgement['failed'] {
    const { readFailed } = this.#context.language;
    return decisions.flatMap(({ application, version, json }) => readFailed(json).map((failed) => ({ ...failed, application, version })));
  }

  #requireSame(earlier: KeptService, service: Service): void {
    const { readService } = this.#context.language;
    if (essence(readService(earlier.data)) !== essence(service)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
  }

  #newId(): string {
    return idFrom('svc', base64url(this.#context.random.bytes(16)));
  }

  #drawn(): number {
    const [high = 0, low = 0] = new Uint32Array(Uint8Array.from(this.#context.random.bytes(8)).buffer);
    // As many bits as a number has.
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  }
}

/** So that what is kept of it can be read again. Errors: `clock_wrong`. */
function requireMoment({ at }: Service): void {
  const [first, end] = serviceMoments;
  if (!(at.getTime() >= first && at.getTime() < end)) {
    throw new LatchkeyError('clock_wrong', `This machine’s clock says that it is the year ${at.getUTCFullYear()}.`);
  }
}

function strictest(decisions: readonly Pick<Decision, 'outcome'>[]): Outcome {
  return decisions.reduce<Outcome>((worst, { outcome }) => (severity[outcome] > severity[worst] ? outcome : worst), 'allow');
}

function isIn(answered: readonly Answer[], { application, version, id }: Answer): boolean {
  return answered.some((each) => each.application === application && each.version === version && each.id === id);
}

function withMore(answered: readonly Answer[], more: readonly Answer[]): Answer[] {
  return [...answered, ...more.filter((each) => !isIn(answered, each)).map(({ application, version, id }) => ({ application, version, id }))];
}

function essence({ kind, amount, payee }: Service): string {
  return JSON.stringify([kind, amount && amountText(amount), payee?.id]);
}

function conflict(message: string): LatchkeyError {
  return new LatchkeyError('card_application_conflict', message);
}
