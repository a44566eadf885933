import { clockText, isWithin, weeklyHoursText } from '../weekly-hours.ts';
import type { ClockOf, TermsOf } from './application.ts';
import { listedText, listTest } from './list-checks.ts';
import type { Check, Recorder } from './record.ts';
import type { Service } from './service.ts';
import { comparedText } from './words.ts';
import { dateOf, minuteOf, weekdayOf, zoneClock, type ZoneClock } from './zone-clock.ts';

export function hoursCheck({ hours, clock }: TermsOf<'hours'>, record: Recorder, here: ZoneClock): Check {
  const limit = `within ${hours.map(weeklyHoursText).join(' or ')}`;
  return byClock(clock, record, here, (shown) => {
    const day = weekdayOf(shown);
    const minute = minuteOf(shown);
    return record.compared(hours.some((each) => isWithin(each, day, minute)), `${day} ${clockText(minute)}`, limit);
  });
}

export function datesCheck({ clock, ...listed }: TermsOf<'dates'>, record: Recorder, here: ZoneClock): Check {
  const isListed = listTest(listed);
  const limit = listedText(listed);
  return byClock(clock, record, here, (shown) => {
    const date = dateOf(shown);
    return record.compared(isListed(date), date, limit);
  });
}

export function validityCheck({ from, until }: TermsOf<'validity'>, record: Recorder): Check {
  const start = from?.getTime() ?? -Infinity;
  const end = until?.getTime() ?? Infinity;
  const limit = spanText(from, until);
  return ({ at }) => record.compared(start <= at.getTime() && at.getTime() < end, at, limit);
}

export function cardStateCheck({ allow }: TermsOf<'card_state'>, record: Recorder): Check {
  const limit = listedText({ allow, deny: undefined });
  return ({ card }) =>
    card?.state === undefined ? record.missing('service.card.state') : record.compared(allow.includes(card.state), card.state, limit);
}

export function cardValidityCheck(record: Recorder): Check {
  // Kept from one service to the next: a card's dates seldom change, and writing them down is slow.
  let written = { from: NaN, until: NaN, text: '' };
  return ({ at, card }) => {
    if (card?.validFrom === undefined || card.expiresAt === undefined) {
      return record.missing(card?.validFrom === undefined ? 'service.card.valid_from' : 'service.card.expires_at');
    }
    const moment = at.getTime();
    const from = card.validFrom.getTime();
    const until = card.expiresAt.getTime();
    if (written.from !== from || written.until !== until) {
      written = { from, until, text: spanText(card.validFrom, card.expiresAt) };
    }
    return record.compared(from <= moment && moment < until, at, written.text);
  };
}

function byClock(clock: ClockOf, record: Recorder, here: ZoneClock, judge: (shown: number) => ReturnType<Check>): Check {
  if (clock === 'application') {
    return ({ at }) => judge(here(at.getTime()));
  }
  const there = new Map<string, ZoneClock>();
  return ({ at, zone }: Service) => {
    if (zone === undefined) {
      return record.missing('service.zone');
    }
    let itsClock = there.get(zone);
    if (itsClock === undefined) {
      // Zones have more spellings than anybody means to use.
      if (there.size >= 500) there.clear();
      there.set(zone, (itsClock = zoneClock(zone)));
    }
    return judge(itsClock(at.getTime()));
  };
}

function spanText(from: Date | undefined, until: Date | undefined): string {
  return [from && `from ${comparedText(from)}`, until && `before ${comparedText(until)}`].filter((part) => part !== undefined).join(' and ');
}
