import type { CardApplication, CheckTerms, Parameter, ParameterTerms, Rule } from '../../src/domain/security-check/application.ts';
import { compileApplication, type CompiledApplication, type CompiledRules } from '../../src/domain/security-check/compile.ts';
import type { History } from '../../src/domain/security-check/history.ts';
import type { Service } from '../../src/domain/security-check/service.ts';

/** Applications and services for tests. */
export function sampleService(members: Partial<Service> = {}): Service {
  return {
    kind: 'transit',
    at: new Date('2026-11-30T13:30:00Z'),
    amount: { minor: 320n, currency: 'EUR' },
    payee: { id: 'acc_metro', category: 'metro' },
    zone: 'Europe/Lisbon',
    place: { lat: 52.52, lon: 13.405, cell: '262-01-4711', bssid: '02:00:00:00:00:01' },
    card: { state: 'active', validFrom: new Date('2026-01-01T00:00:00Z'), expiresAt: new Date('2028-01-01T00:00:00Z') },
    confirmed: false,
    attributes: {},
    ...members,
  };
}

export function sampleHistory(members: Partial<History> = {}): History {
  return {
    periods: { day: { count: 2, totals: { EUR: 640n } } },
    last: { at: new Date('2026-11-30T12:30:00Z'), place: { lat: 52.4, lon: 13.3, cell: undefined, bssid: undefined } },
    sinceConfirmed: { count: 2, totals: { EUR: 640n } },
    ...members,
  };
}

export function parameter(terms: ParameterTerms, members: Partial<CheckTerms> = {}): Parameter {
  return { id: terms.type, onFail: 'terminate', ifMissing: 'fail', reason: undefined, ...members, ...terms };
}

export function sampleApplication(members: Partial<CardApplication> = {}): CardApplication {
  return { name: 'city', version: 1, kind: 'transit', zone: 'Europe/Berlin', guards: [], parameters: [], rules: [], decision: { terminateAtAsks: undefined }, ...members };
}

export const noRules: CompiledRules = { facts: () => undefined, tests: [], periods: [] };

export function compiled(parameters: readonly Parameter[], members: Partial<CardApplication> = {}): CompiledApplication {
  return compileApplication(sampleApplication({ parameters, ...members }), 'hash', noRules);
}

/** With rules that are functions. */
export function withRules(rules: readonly (Partial<Rule> & { readonly test: (service: Service) => unknown })[], parameters: readonly Parameter[] = []): CompiledApplication {
  const plain = rules.map(({ test: _, ...rule }, at): Rule => ({ id: `rule-${at}`, sense: 'when', expression: 'x', then: 'terminate', reason: undefined, ...rule }));
  return compileApplication(sampleApplication({ parameters, rules: plain }), 'hash', { facts: (service) => service, tests: rules.map(({ test }) => test), periods: [] });
}
