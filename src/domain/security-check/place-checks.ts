import type { TermsOf } from './application.ts';
import type { CheckResult, Compared } from './decision.ts';
import type { History, LastService } from './history.ts';
import { areaTest, distanceKm, pointOf, type Area, type Place } from './place.ts';
import type { Check, Recorder } from './record.ts';
import type { Service } from './service.ts';
import { noServiceBefore } from './words.ts';

const hourMs = 3_600_000;

/** Within one of some areas, and in none of others. What cannot be told of an area may be told by another. */
export function placesCheck({ inside, outside }: TermsOf<'places'>, record: Recorder): Check {
  const inTests = inside?.map(areaTest);
  const outTests = outside?.map(areaTest);
  const limit = [inside && `inside ${areasText(inside)}`, outside && `outside ${areasText(outside)}`].filter((part) => part !== undefined).join(' and ');
  return ({ place }) => {
    if (place === undefined) {
      return record.missing('service.place');
    }
    const within = inTests && anyOf(inTests, place);
    const kept = outTests && anyOf(outTests, place);
    if (within === false || kept === true) {
      return record.compared(false, placeText(place), limit);
    }
    if (inTests !== undefined && within === undefined) {
      return record.missing(missingMember(inside!, place));
    }
    return outTests !== undefined && kept === undefined ? record.missing(missingMember(outside!, place)) : record.compared(true, placeText(place), limit);
  };
}

export function distanceCheck({ atMostKm }: TermsOf<'distance'>, record: Recorder): Check {
  return fromLast(record, atMostKm, (km) => record.compared(km <= atMostKm, rounded(km), atMostKm));
}

/** How fast the card went there from the last service, or came from there to it: clocks of readers differ. */
export function speedCheck({ atMostKmh, toleranceKm }: TermsOf<'speed'>, record: Recorder): Check {
  return fromLast(record, atMostKmh, (km, { at }, last) => {
    const way = km <= toleranceKm ? 0 : km - toleranceKm;
    const kmh = way === 0 ? 0 : way / (Math.abs(at.getTime() - last.at.getTime()) / hourMs);
    return record.compared(kmh <= atMostKmh, rounded(kmh), atMostKmh);
  });
}

function fromLast(record: Recorder, limit: Compared, judge: (km: number, service: Service, last: LastService) => CheckResult): Check {
  return (service: Service, { last }: History) => {
    if (last === undefined) {
      return record.missing('history.last');
    }
    if (last === null) {
      return record.compared(true, noServiceBefore, limit);
    }
    const here = pointOf(service.place);
    const there = pointOf(last.place);
    return here === undefined || there === undefined
      ? record.missing(here === undefined ? 'service.place.lat' : 'history.last.place.lat')
      : judge(distanceKm(here, there), service, last);
  };
}

/** true if it is in one, false if it is in none, undefined if that cannot be told. */
function anyOf(tests: readonly ((place: Place) => boolean | undefined)[], place: Place): boolean | undefined {
  let known = true;
  for (const test of tests) {
    const within = test(place);
    if (within === true) return true;
    known &&= within === false;
  }
  return known ? false : undefined;
}

function missingMember(areas: readonly Area[], { lat, lon, cell, bssid }: Place): string {
  const wanting = areas.find(({ shape }) => (shape === 'cells' ? cell === undefined : shape === 'bssids' ? bssid === undefined : lat === undefined || lon === undefined));
  return `service.place.${wanting?.shape === 'cells' ? 'cell' : wanting?.shape === 'bssids' ? 'bssid' : 'lat'}`;
}

function areasText(areas: readonly Area[]): string {
  return areas.length === 1 ? 'one area' : `${areas.length} areas`;
}

function placeText({ lat, lon, cell, bssid }: Place): string {
  return [lat !== undefined && lon !== undefined ? `${lat}, ${lon}` : undefined, cell && `cell ${cell}`, bssid].filter((part) => part !== undefined).join('; ');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
