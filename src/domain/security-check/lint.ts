import type { InputProblem } from '../errors.ts';
import { amountText } from '../money.ts';
import { isWithin, weekdays } from '../weekly-hours.ts';
import type { CardApplication, Limits, Listed, Parameter, ParameterType } from './application.ts';
import { guardMisfit } from './guard.ts';
import { listTest } from './list-checks.ts';
import { periodText, type Period } from './period.ts';

interface Placed<T extends ParameterType> {
  readonly pointer: string;
  readonly parameter: Extract<Parameter, { type: T }>;
}

/** What is valid in an application and still probably a mistake: each with the pointer to its place. */
export function lintApplication(application: CardApplication): readonly InputProblem[] {
  return [
    ...emptiness(application),
    ...listFindings(application),
    ...hoursFindings(application),
    ...currencyFindings(application),
    ...amountFindings(application),
    ...periodFindings(application),
    ...singleFindings(application),
    ...askFindings(application),
    ...guardFindings(application),
    ...areaFindings(application),
  ];
}

function of<const T extends ParameterType>({ parameters }: CardApplication, ...types: readonly T[]): readonly Placed<T>[] {
  return parameters.flatMap((parameter, at) =>
    types.some((type) => type === parameter.type) ? [{ pointer: `/parameters/${at}`, parameter: parameter as Placed<T>['parameter'] }] : [],
  );
}

function emptiness({ parameters, rules }: CardApplication): readonly InputProblem[] {
  return parameters.length + rules.length === 0 ? [{ pointer: '', detail: 'checks nothing but the kind of service: everything else is allowed' }] : [];
}

function listFindings(application: CardApplication): readonly InputProblem[] {
  const listed = of(application, 'currencies', 'payees', 'categories', 'dates');
  const own = listed.flatMap(({ pointer, parameter: { allow, deny } }) => {
    const denied = new Set(deny);
    const both = (allow ?? []).filter((each) => denied.has(each));
    return both.length === 0 ? [] : [{ pointer, detail: both.length === allow!.length ? 'denies all that it allows: nothing passes' : `allows and denies ${both.slice(0, 5).join(', ')}` }];
  });
  const together = listed.flatMap(({ pointer, parameter }, at) => {
    const allowed = new Set(parameter.allow);
    const other = listed.slice(0, at).find((before) => before.parameter.type === parameter.type && noneInCommon(before.parameter, parameter, allowed));
    return other === undefined ? [] : [{ pointer, detail: `has nothing in common with ${other.parameter.id}: nothing passes both` }];
  });
  return [...own, ...together];
}

function terminates({ parameter }: { readonly parameter: Pick<Parameter, 'onFail'> }): boolean {
  return parameter.onFail === 'terminate';
}

/** `allowed`: what the other allows. */
function noneInCommon(one: Listed, other: Listed, allowed: ReadonlySet<string>): boolean {
  return one.allow !== undefined && other.allow !== undefined && !one.allow.some((each) => allowed.has(each));
}

function hoursFindings(application: CardApplication): readonly InputProblem[] {
  return (['application', 'service'] as const).flatMap((clock) => {
    const all = of(application, 'hours').filter(({ parameter }) => parameter.clock === clock);
    const common = weekdays.some((day) =>
      Array.from({ length: 1440 }).some((_, minute) => all.every(({ parameter }) => parameter.hours.some((hours) => isWithin(hours, day, minute)))),
    );
    return all.length === 0 || common ? [] : [{ pointer: `${all.at(-1)!.pointer}/hours`, detail: `have no time in common with ${all.slice(0, -1).map(({ parameter }) => parameter.id).join(', ')}: nothing passes` }];
  });
}

/** Which currencies pass all lists of currencies is held to what limits there are in them. What asks may be answered. */
function currencyFindings(application: CardApplication): readonly InputProblem[] {
  const lists = of(application, 'currencies').filter(terminates);
  const named = lists.flatMap(({ parameter }) => parameter.allow ?? []);
  const tests = lists.map(({ parameter }) => listTest(parameter));
  const known = new Map<string, boolean>();
  const passes = (currency: string) => {
    const passed = known.get(currency) ?? tests.every((test) => test(currency));
    known.set(currency, passed);
    return passed;
  };
  return of(application, 'largest_amount', 'total').flatMap(({ pointer, parameter: { atMost, onFail } }) => {
    const unused = atMost.filter(({ currency }) => !passes(currency)).map(({ currency }) => ({ pointer: `${pointer}/at_most`, detail: `has a limit in ${currency}, which the list of currencies does not allow` }));
    const unlimited = [...new Set(named)].filter((currency) => onFail === 'terminate' && passes(currency) && !atMost.some((limit) => limit.currency === currency));
    return [...unused, ...unlimited.map((currency) => ({ pointer: `${pointer}/at_most`, detail: `has no limit in ${currency}: no amount in it passes, although the list of currencies allows it` }))];
  });
}

function amountFindings(application: CardApplication): readonly InputProblem[] {
  const largest = of(application, 'largest_amount').map((each) => withLimits(each));
  const totals = of(application, 'total').filter(terminates).map((each) => withLimits(each));
  const repeated = largest.flatMap(({ pointer, limits }, own) => {
    const tighter = largest.find((other, at) => at !== own && terminates(other) && allowsNoMore(other, limits) && (at < own || !terminates(largest[own]!) || !sameLimits(other.limits, limits)));
    return tighter === undefined ? [] : [{ pointer: `${pointer}/at_most`, detail: `has no effect: ${tighter.parameter.id} allows no more` }];
  });
  const never = largest.flatMap(({ pointer, parameter: { atMost } }) =>
    atMost.flatMap((limit) => {
      const tighter = totals.find(({ limits }) => (limits.get(limit.currency) ?? limit.minor) < limit.minor);
      return tighter === undefined ? [] : [{ pointer: `${pointer}/at_most`, detail: `has no effect: ${tighter.parameter.id} allows less than ${amountText(limit)} per ${periodText(tighter.parameter.per)}` }];
    }),
  );
  return [...repeated, ...never];
}

interface Limiting {
  readonly parameter: { readonly atMost: Limits };
}

function withLimits<T extends Limiting>(placed: T): T & { readonly limits: ReadonlyMap<string, bigint> } {
  return { ...placed, limits: new Map(placed.parameter.atMost.map(({ currency, minor }) => [currency, minor])) };
}

/** In whatever currency: of those that it does not name it allows nothing. */
function allowsNoMore({ parameter: { atMost } }: Limiting, limits: ReadonlyMap<string, bigint>): boolean {
  return atMost.every(({ currency, minor }) => minor <= (limits.get(currency) ?? -1n));
}

function sameLimits(one: ReadonlyMap<string, bigint>, other: ReadonlyMap<string, bigint>): boolean {
  return one.size === other.size && [...one].every(([currency, minor]) => other.get(currency) === minor);
}

/** A limit of a period that a limit of a longer one keeps from ever being reached: one that terminates, for who is asked may say yes. */
function periodFindings(application: CardApplication): readonly InputProblem[] {
  const counts = of(application, 'count').flatMap(({ pointer, parameter }) => {
    const tighter = of(application, 'count').filter(terminates).find((other) => isWithinPeriod(parameter.per, other.parameter.per) && other.parameter.atMost <= parameter.atMost);
    return tighter === undefined ? [] : [unreachable(pointer, tighter.parameter)];
  });
  const limited = of(application, 'total').map((each) => withLimits(each));
  const totals = limited.flatMap(({ pointer, parameter, limits }) => {
    const tighter = limited.filter(terminates).find((other) => isWithinPeriod(parameter.per, other.parameter.per) && allowsNoMore(other, limits));
    return tighter === undefined ? [] : [unreachable(pointer, tighter.parameter)];
  });
  return [...counts, ...totals];
}

function unreachable(pointer: string, tighter: { readonly id: string; readonly per: Period }): InputProblem {
  return { pointer: `${pointer}/at_most`, detail: `has no effect: ${tighter.id} allows no more per ${periodText(tighter.per)}` };
}

/** Whether each period of the one kind lies within one of the other. */
function isWithinPeriod(inner: Period, outer: Period): boolean {
  if (typeof inner !== 'string' || typeof outer !== 'string') {
    return typeof inner !== 'string' && typeof outer !== 'string' && inner.rollingMs < outer.rollingMs;
  }
  const outers: Readonly<Record<string, readonly string[]>> = { hour: ['day', 'week', 'month'], day: ['week', 'month'] };
  return outers[inner]?.includes(outer) === true;
}

function singleFindings(application: CardApplication): readonly InputProblem[] {
  const none = of(application, 'count').filter(({ parameter }) => parameter.atMost === 0).map(({ pointer }) => ({ pointer: `${pointer}/at_most`, detail: 'is 0: nothing passes' }));
  const lost = of(application, 'card_state').flatMap(({ pointer, parameter }) => {
    const odd = parameter.allow.filter((state) => state !== 'active');
    return odd.length === 0 ? [] : [{ pointer: `${pointer}/allow`, detail: `allows cards that are ${odd.join(' or ')}` }];
  });
  const random = of(application, 'velocity').filter(({ parameter }) => parameter.onFail === 'terminate').map(({ pointer }) => ({ pointer: `${pointer}/on_fail`, detail: 'terminates services at random: ask is usual here' }));
  const nowhere = of(application, 'places').flatMap(({ pointer, parameter: { inside, outside } }) => {
    const kept = new Set(outside?.map((area) => JSON.stringify(area)));
    return inside !== undefined && inside.every((area) => kept.has(JSON.stringify(area))) ? [{ pointer, detail: 'excludes every area that it allows: nothing passes' }] : [];
  });
  return [...none, ...lost, ...random, ...nowhere];
}

function askFindings({ parameters, rules, decision: { terminateAtAsks } }: CardApplication): readonly InputProblem[] {
  const asks = parameters.filter(({ onFail }) => onFail === 'ask').length + rules.filter(({ then }) => then === 'ask').length;
  return terminateAtAsks === undefined || terminateAtAsks <= asks ? [] : [{ pointer: '/decision/terminate_at_asks', detail: `is never reached: no more than ${asks} checks can ask` }];
}

function guardFindings(application: CardApplication): readonly InputProblem[] {
  const misfit = guardMisfit(application);
  return misfit === undefined ? [] : [misfit];
}

function areaFindings(application: CardApplication): readonly InputProblem[] {
  return of(application, 'places').flatMap(({ pointer, parameter }) =>
    (['inside', 'outside'] as const).flatMap((side) =>
      (parameter[side] ?? []).flatMap((area, at) => {
        const points = area.shape === 'polygon' ? area.points : [];
        const edge = points.findIndex(([, lon], from) => Math.abs(points[(from + 1) % points.length]![1] - lon) > 180);
        return edge < 0 ? [] : [{
          pointer: `${pointer}/${side}/${at}/polygon/${edge}`,
          detail: 'goes the short way to the next point, over the 180th meridian: if the long way is meant, put points between them',
        }];
      }),
    ),
  );
}
