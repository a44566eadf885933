import type { InputProblem } from '../errors.ts';
import { amountText } from '../money.ts';
import { isWithin, weekdays } from '../weekly-hours.ts';
import type { CardApplication, Listed, Parameter, ParameterType } from './application.ts';
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
    const both = (allow ?? []).filter((each) => deny?.includes(each));
    return both.length === 0 ? [] : [{ pointer, detail: both.length === allow!.length ? 'denies all that it allows: nothing passes' : `allows and denies ${both.slice(0, 5).join(', ')}` }];
  });
  const together = listed.flatMap(({ pointer, parameter }, at) => {
    const other = listed.slice(0, at).find((before) => before.parameter.type === parameter.type && noneInCommon(before.parameter, parameter));
    return other === undefined ? [] : [{ pointer, detail: `has nothing in common with ${other.parameter.id}: nothing passes both` }];
  });
  return [...own, ...together];
}

function terminates({ parameter }: { readonly parameter: Pick<Parameter, 'onFail'> }): boolean {
  return parameter.onFail === 'terminate';
}

function noneInCommon(one: Listed, other: Listed): boolean {
  return one.allow !== undefined && other.allow !== undefined && !one.allow.some((each) => other.allow!.includes(each));
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
  const passes = (currency: string) => lists.every(({ parameter: { allow, deny } }) => (allow?.includes(currency) ?? true) && deny?.includes(currency) !== true);
  return of(application, 'largest_amount', 'total').flatMap(({ pointer, parameter: { atMost, onFail } }) => {
    const unused = atMost.filter(({ currency }) => !passes(currency)).map(({ currency }) => ({ pointer: `${pointer}/at_most`, detail: `has a limit in ${currency}, which the list of currencies does not allow` }));
    const unlimited = [...new Set(named)].filter((currency) => onFail === 'terminate' && passes(currency) && !atMost.some((limit) => limit.currency === currency));
    return [...unused, ...unlimited.map((currency) => ({ pointer: `${pointer}/at_most`, detail: `has no limit in ${currency}: no amount in it passes, although the list of currencies allows it` }))];
  });
}

function amountFindings(application: CardApplication): readonly InputProblem[] {
  return of(application, 'largest_amount').flatMap(({ pointer, parameter: { atMost } }) =>
    atMost.flatMap((largest) => {
      const tighter = of(application, 'total').filter(terminates).find(({ parameter }) => parameter.atMost.some((limit) => limit.currency === largest.currency && limit.minor < largest.minor));
      return tighter === undefined ? [] : [{ pointer: `${pointer}/at_most`, detail: `has no effect: ${tighter.parameter.id} allows less than ${amountText(largest)} per ${periodText(tighter.parameter.per)}` }];
    }),
  );
}

/** A limit of a period that a limit of a longer one keeps from ever being reached: one that terminates, for who is asked may say yes. */
function periodFindings(application: CardApplication): readonly InputProblem[] {
  const counts = of(application, 'count').flatMap(({ pointer, parameter }) => {
    const tighter = of(application, 'count').filter(terminates).find((other) => isWithinPeriod(parameter.per, other.parameter.per) && other.parameter.atMost <= parameter.atMost);
    return tighter === undefined ? [] : [unreachable(pointer, tighter.parameter)];
  });
  const totals = of(application, 'total').flatMap(({ pointer, parameter }) => {
    const tighter = of(application, 'total').filter(terminates).find(
      (other) => isWithinPeriod(parameter.per, other.parameter.per) && parameter.atMost.every(({ currency, minor }) => other.parameter.atMost.some((limit) => limit.currency === currency && limit.minor <= minor)),
    );
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
