import { check, type CompiledApplication } from '../../domain/security-check/compile.ts';
import type { Decision } from '../../domain/security-check/decision.ts';
import type { History, Usage } from '../../domain/security-check/history.ts';
import { periodStart, periodText } from '../../domain/security-check/period.ts';
import type { Service } from '../../domain/security-check/service.ts';
import type { CardStore, KeptApplication, KeptService, Use } from './store.ts';

/** What was counted for an application before a service. */
export function historyOf(store: Pick<CardStore, 'usage' | 'sinceConfirmed' | 'last'>, { application: { name }, periods, clock }: CompiledApplication, at: Date): History {
  const used = (period: (typeof periods)[number]): Usage => {
    const start = periodStart(period, at.getTime(), clock);
    // A rolling period holds what came later than its start.
    return store.usage(name, typeof period === 'string' ? start : start + 1);
  };
  return {
    periods: Object.fromEntries(periods.map((period) => [periodText(period), used(period)])),
    last: store.last(name),
    sinceConfirmed: store.sinceConfirmed(name),
  };
}

/** By what is in the store now. */
export function evaluate(store: CardStore, compiled: CompiledApplication, service: Service, random: number): Decision {
  return check(compiled, service, historyOf(store, compiled, service.at), random);
}

export function useOf(application: string, { at, amount, place, confirmed }: Service): Use {
  return { application, at, amount, place, confirmed };
}

/** The service as it counts: with what it really came to. */
export function paidFor({ paid }: Pick<KeptService, 'paid'>, service: Service): Service {
  return paid === undefined ? service : { ...service, amount: paid };
}

/** An application that cannot be read any more lets nothing go on. */
export function terminatedByDamage({ name, version, policyHash }: Pick<KeptApplication, 'name' | 'version' | 'policyHash'>, { at, confirmed }: Service): Decision {
  const error = `The application ${name} is damaged on this machine`;
  return {
    outcome: 'terminate',
    application: name,
    version,
    policyHash,
    at,
    confirmed,
    checks: [{ id: 'kind', type: 'kind', status: 'failed', effect: 'terminate', found: undefined, limit: undefined, missing: undefined, error, reason: undefined }],
  };
}
