import { amountText, type Amount } from '../money.ts';
import { weeklyHoursText } from '../weekly-hours.ts';
import type { CardApplication, Limits, Parameter, Rule, TermsOf, VelocityLimits } from './application.ts';
import type { CheckResult } from './decision.ts';
import type { History } from './history.ts';
import { listedText } from './list-checks.ts';
import { periodText } from './period.ts';
import { distanceKm, pointOf } from './place.ts';
import type { Service } from './service.ts';

/** What would have made a check pass that did not, as a sentence; undefined if it asks for nothing. */
export function whatWouldPass(application: CardApplication, result: CheckResult, service: Service, history: History): string | undefined {
  if (result.effect === 'none') {
    return undefined;
  }
  if (result.effect === 'ask' && service.confirmed && application.decision.terminateAtAsks === undefined) {
    return 'It is answered by the confirmation.';
  }
  if (result.type === 'velocity' && result.effect === 'ask' && result.missing === undefined) {
    return 'A confirmation: what is counted since the last one begins anew with it.';
  }
  const answer = result.effect === 'ask' ? ' Or a confirmation.' : '';
  if (result.missing !== undefined) {
    return `Data that say ${result.missing}.${answer}`;
  }
  if (result.type === 'kind') {
    return `A service of the kind ${application.kind}.`;
  }
  const parameter = application.parameters.find(({ id }) => id === result.id);
  const rule = application.rules.find(({ id }) => id === result.id);
  const wanted = parameter !== undefined ? parameterWish(parameter, application, service, history) : rule && ruleWish(rule);
  return wanted === undefined ? undefined : `${wanted}${answer}`;
}

function parameterWish(parameter: Parameter, { zone }: CardApplication, service: Service, history: History): string {
  const clockOf = (clock: 'application' | 'service') => (clock === 'application' ? zone : (service.zone ?? 'its zone'));
  switch (parameter.type) {
    case 'largest_amount':
      return `An amount of at most ${limitsText(parameter.atMost)}.`;
    case 'total':
      return totalWish(parameter.atMost, periodText(parameter.per), service.amount, history);
    case 'count':
      return `At most ${parameter.atMost} services ${perText(parameter.per)}, with this one: a later time.`;
    case 'currencies':
      return `A currency that is ${listedText(parameter)}.`;
    case 'payees':
      return `A payee that is ${listedText(parameter)}.`;
    case 'categories':
      return `A payee whose category is ${listedText(parameter)}.`;
    case 'hours':
      return `A time within ${parameter.hours.map(weeklyHoursText).join(' or ')} (${clockOf(parameter.clock)}).`;
    case 'dates':
      return `A date that is ${listedText(parameter)} (${clockOf(parameter.clock)}).`;
    case 'places':
      return 'Another place.';
    case 'distance':
      return `A place at most ${parameter.atMostKm} km from that of the last service.`;
    case 'speed':
      return speedWish(parameter, service, history);
    case 'velocity':
      return velocityWish(parameter.limits);
    case 'card_state':
      return `A card whose state is ${parameter.allow.join(' or ')}.`;
    case 'card_validity':
      return 'A time within the card’s validity.';
    case 'validity':
      return 'A time within the application’s validity.';
  }
}

function totalWish(atMost: Limits, period: string, amount: Amount | undefined, { periods }: History): string {
  const limit = atMost.find(({ currency }) => currency === amount?.currency);
  if (limit === undefined) {
    return `An amount in ${atMost.map(({ currency }) => currency).join(' or ')}.`;
  }
  const left = limit.minor - (periods[period]?.totals?.[limit.currency] ?? 0n);
  return left > 0n ? `An amount of at most ${amountText({ ...limit, minor: left })}: so much is left of ${amountText(limit)}.` : `A later time: nothing is left of ${amountText(limit)}.`;
}

function speedWish({ atMostKmh, toleranceKm }: TermsOf<'speed'>, { place }: Service, { last }: History): string {
  const here = pointOf(place);
  const there = pointOf(last?.place);
  if (last == null || here === undefined || there === undefined || atMostKmh <= 0) {
    return 'The place of the last service.';
  }
  const arrival = last.at.getTime() + Math.ceil((Math.max(0, distanceKm(here, there) - toleranceKm) / atMostKmh) * 3600) * 1000;
  return Number.isFinite(arrival) && Math.abs(arrival) < 8e15 ? `Arrival at ${new Date(arrival).toISOString()} or later.` : 'The place of the last service.';
}

/** Of one that terminates, which no confirmation answers. */
function velocityWish(limits: VelocityLimits): string {
  return limits.of === 'count'
    ? `At most ${limits.lower} since the last service that was confirmed, with this one.`
    : `At most ${amountText(limits.lower)} since the last service that was confirmed, with this one.`;
}

function ruleWish({ sense, expression }: Rule): string {
  return `That this is ${sense === 'when' ? 'false' : 'true'}: ${expression}`;
}

function limitsText(limits: Limits): string {
  return limits.map(amountText).join(' or ');
}

function perText(period: Parameters<typeof periodText>[0]): string {
  return typeof period === 'string' ? `a ${period}`.replace('a hour', 'an hour') : `in ${periodText(period)}`;
}
