import { decisionSchema } from '../../api/card-decision.ts';
import { arrayOf, boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { amountText } from '../../domain/money.ts';
import type { CompiledApplication } from '../../domain/security-check/compile.ts';
import { outcomes } from '../../domain/security-check/decision.ts';
import { guardPoints } from '../../domain/security-check/guard.ts';
import { shown } from '../../domain/shown-text.ts';
import type { ShadowChange, ShadowCounts } from '../../roles/card/shadow.ts';
import { serviceStates, type KeptApplication, type KeptService } from '../../roles/card/store.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

export const keptApplicationSchema = object(
  'KeptCardApplication',
  { name: id, version: count, policy_hash: remark, guards: arrayOf(oneOf(guardPoints)), added_at: instant },
  { ended_at: instant, damaged: { ...boolean, description: 'It cannot be read any more, and terminates everything until it is removed.' } },
);
export type KeptApplicationWire = Static<typeof keptApplicationSchema>;

export const keptApplicationsSchema = object('KeptCardApplications', { applications: arrayOf(keptApplicationSchema) });
export type KeptApplicationsWire = Static<typeof keptApplicationsSchema>;

export const shownApplicationSchema = {
  ...keptApplicationSchema,
  title: 'ShownCardApplication',
  properties: { ...keptApplicationSchema.properties, application: { type: 'object' } as const, versions: arrayOf(keptApplicationSchema) },
};
export type ShownApplicationWire = KeptApplicationWire & { readonly application?: object; readonly versions: readonly KeptApplicationWire[] };

export function keptApplicationToWire({ name, version, policyHash, guards, addedAt, endedAt }: KeptApplication, isDamaged = false): KeptApplicationWire {
  return { name, version, policy_hash: policyHash, guards: [...guards], added_at: instantToWire(addedAt), ...present({ ended_at: instantToWire(endedAt), damaged: isDamaged ? true : undefined }) };
}

export function presentKeptApplication(kept: KeptApplicationWire, screen: Screen): string {
  return details(rows(kept), screen);
}

export function presentKeptApplications({ applications }: KeptApplicationsWire, screen: Screen): string {
  return applications.length === 0 ? 'There are no card applications here.' : table(
    applications,
    [
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'VERSION', right: true, cell: ({ version }) => String(version) },
      { title: 'GUARDS', cell: guardsText },
      { title: 'ADDED', cell: ({ added_at: at }) => localTime(at) },
      { title: 'STATE', cell: ({ damaged }) => (damaged === true ? 'damaged' : undefined), paint: (text, _, { style }) => style.bad(text) },
    ],
    screen,
  );
}

export function presentShownApplication(wire: ShownApplicationWire, screen: Screen): string {
  const earlier = wire.versions.filter(({ version }) => version !== wire.version).map(({ version, added_at: at }) => `${version} (${localTime(at)})`);
  const head = details([...rows(wire), ['before', earlier.length === 0 ? undefined : earlier.join(', ')]], screen);
  return wire.application === undefined ? head : `${head}\n\n${JSON.stringify(wire.application, null, 2).split('\n').map(shown).join('\n')}`;
}

function rows(kept: KeptApplicationWire): readonly (readonly [string, string | undefined])[] {
  return [
    ['application', `${kept.name}, version ${kept.version}`],
    ['guards', guardsText(kept)],
    ['policy hash', kept.policy_hash],
    ['added', localTime(kept.added_at)],
    ['ended', kept.ended_at && localTime(kept.ended_at)],
    ['damaged', kept.damaged === true ? 'yes: it terminates everything until it is removed' : undefined],
  ];
}

function guardsText({ guards }: KeptApplicationWire): string {
  return guards.length === 0 ? 'nothing by itself' : guards.join(', ');
}

export const loggedServiceSchema = object(
  'LoggedService',
  {
    service_id: id,
    guard: oneOf(guardPoints),
    key: id,
    at: instant,
    outcome: oneOf(outcomes),
    state: oneOf(serviceStates),
    service: { type: 'object' } as const,
    decisions: arrayOf(decisionSchema),
    recorded_at: instant,
  },
  {
    paid: { ...count, description: 'Minor units: what it came to, where it was begun as more.' },
    settled_at: instant, reversed_at: instant, reason: remark,
  },
);
export type LoggedServiceWire = Static<typeof loggedServiceSchema>;

export const serviceLogSchema = object('ServiceLog', { services: arrayOf(loggedServiceSchema) }, { next: id });
export type ServiceLogWire = Static<typeof serviceLogSchema>;

export function loggedServiceToWire(kept: KeptService): LoggedServiceWire {
  return {
    service_id: kept.id,
    guard: kept.guard,
    key: kept.key,
    at: instantToWire(kept.at),
    outcome: kept.outcome,
    state: kept.state,
    service: JSON.parse(kept.data) as object,
    decisions: kept.decisions.map(({ json }) => JSON.parse(json) as LoggedServiceWire['decisions'][number]),
    recorded_at: instantToWire(kept.recordedAt),
    ...present({ paid: kept.paid && Number(kept.paid.minor), settled_at: instantToWire(kept.settledAt), reversed_at: instantToWire(kept.reversedAt), reason: kept.reason }),
  };
}

export function presentLoggedService(wire: LoggedServiceWire, screen: Screen): string {
  return details(
    [
      ['service', wire.service_id],
      ['guard', wire.guard],
      ['at', localTime(wire.at)],
      ['amount', amountOf(wire)],
      ['paid', paidOf(wire)],
      ['outcome', wire.outcome],
      ['state', wire.state],
      ['reason', wire.reason],
      ['failed', failedOf(wire)],
    ],
    screen,
  );
}

export function presentServiceLog({ services, next }: ServiceLogWire, screen: Screen): string {
  if (services.length === 0) {
    return 'Nothing was held to a card application here.';
  }
  const text = table(
    services,
    [
      { title: 'SERVICE', cell: (each) => each.service_id },
      { title: 'AT', cell: (each) => localTime(each.at) },
      { title: 'GUARD', cell: (each) => each.guard },
      { title: 'AMOUNT', right: true, cell: amountOf },
      { title: 'PAID', right: true, cell: paidOf },
      { title: 'OUTCOME', cell: (each) => each.outcome },
      { title: 'STATE', cell: (each) => each.state },
      { title: 'FAILED', cell: failedOf },
    ],
    screen,
  );
  return next === undefined ? text : `${text}\nMore: --after ${next}`;
}

function amountOf({ service }: LoggedServiceWire): string | undefined {
  const { amount, currency } = service as { readonly amount?: number; readonly currency?: string };
  return amountIn(currency, amount);
}

function paidOf({ service, paid }: LoggedServiceWire): string | undefined {
  return amountIn((service as { readonly currency?: string }).currency, paid);
}

function amountIn(currency: string | undefined, minor: number | undefined): string | undefined {
  return minor === undefined || currency === undefined ? undefined : amountText({ minor: BigInt(minor), currency });
}

function failedOf({ decisions }: LoggedServiceWire): string | undefined {
  const failed = decisions.flatMap(({ application, checks }) => checks.filter(({ effect }) => effect !== 'none').map((check) => `${check.id} (${application})`));
  return failed.length === 0 ? undefined : failed.join(', ');
}

const changeSchema = object('ShadowChange', {
  service_id: id,
  at: instant,
  before: oneOf(outcomes),
  after: oneOf(outcomes),
  failed: arrayOf(object('ShadowFailed', { id, detail: remark })),
});
export const shadowSchema = object('Shadow', {
  application: id,
  version: count,
  policy_hash: remark,
  services: count,
  unchanged: count,
  changed: arrayOf(object('ShadowCount', { before: oneOf(outcomes), after: oneOf(outcomes), count })),
  changes: arrayOf(changeSchema),
});
export type ShadowWire = Static<typeof shadowSchema>;

export function shadowToWire({ application: { name, version }, policyHash }: CompiledApplication, counts: ShadowCounts, changes: readonly ShadowChange[]): ShadowWire {
  return {
    application: name,
    version,
    policy_hash: policyHash,
    services: counts.services,
    unchanged: counts.unchanged,
    changed: outcomes.flatMap((before) => outcomes.flatMap((after) => {
      const number = counts.changed[before]?.[after];
      return number === undefined ? [] : [{ before, after, count: number }];
    })),
    changes: changes.map(({ service, before, after, failed }) => ({ service_id: service.id, at: instantToWire(service.at), before, after, failed: failed.map(({ id: check, detail }) => ({ id: check, detail })) })),
  };
}

/** Who wants more of them has a program read them. */
const shownChanges = 100;

export function presentShadow({ services, unchanged, changed, changes }: ShadowWire, screen: Screen): string {
  const head = details([['services', String(services)], ['unchanged', String(unchanged)], ...changed.map((each) => [`${each.before} to ${each.after}`, String(each.count)] as const)], screen);
  const more = changes.length - shownChanges;
  return changes.length === 0 ? head : `${head}\n\n${table(
    changes.slice(0, shownChanges),
    [
      { title: 'SERVICE', cell: (each) => each.service_id },
      { title: 'AT', cell: (each) => localTime(each.at) },
      { title: 'WAS', cell: (each) => each.before },
      { title: 'WOULD BE', cell: (each) => each.after },
      { title: 'FAILED', cell: (each) => (each.failed.length === 0 ? undefined : each.failed.map(({ id: check, detail }) => `${check}: ${detail}`).join('; ')) },
    ],
    screen,
  )}${more > 0 ? `\nAnd ${more} more: --json has all.` : ''}`;
}
