import type { CardApplication } from '../domain/security-check/application.ts';
import type { History, Usage } from '../domain/security-check/history.ts';
import type { Place } from '../domain/security-check/place.ts';
import type { Service } from '../domain/security-check/service.ts';
import { dateOf, minuteOf, weekdayOf } from '../domain/security-check/zone-clock.ts';

const timestamp = 'google.protobuf.Timestamp';

/** What expressions are about: CEL messages, whose absent members are not there. Members are named as in JSON. */
class PlaceFacts {
  readonly lat: number | undefined;
  readonly lon: number | undefined;
  readonly cell: string | undefined;
  readonly bssid: string | undefined;

  constructor({ lat, lon, cell, bssid }: Place) {
    this.lat = lat;
    this.lon = lon;
    this.cell = cell;
    this.bssid = bssid;
  }
}

class PayeeFacts {
  readonly id: string | undefined;
  readonly category: string | undefined;

  constructor({ id, category }: NonNullable<Service['payee']>) {
    this.id = id;
    this.category = category;
  }
}

class CardFacts {
  readonly state: string | undefined;
  readonly valid_from: Date | undefined;
  readonly expires_at: Date | undefined;

  constructor({ state, validFrom, expiresAt }: NonNullable<Service['card']>) {
    this.state = state;
    this.valid_from = validFrom;
    this.expires_at = expiresAt;
  }
}

export class ServiceFacts {
  readonly kind: string;
  readonly at: Date;
  readonly amount: bigint | undefined;
  readonly currency: string | undefined;
  readonly payee: PayeeFacts | undefined;
  readonly zone: string | undefined;
  readonly place: PlaceFacts | undefined;
  readonly card: CardFacts | undefined;
  readonly confirmed: boolean;
  readonly attributes: Service['attributes'];

  constructor({ kind, at, amount, payee, zone, place, card, confirmed, attributes }: Service) {
    this.kind = kind;
    this.at = at;
    this.amount = amount?.minor;
    this.currency = amount?.currency;
    this.payee = payee && new PayeeFacts(payee);
    this.zone = zone;
    this.place = place && new PlaceFacts(place);
    this.card = card && new CardFacts(card);
    this.confirmed = confirmed;
    this.attributes = attributes;
  }
}

class UsageFacts {
  readonly count: bigint;
  readonly totals: Usage['totals'];

  constructor({ count, totals }: Usage) {
    this.count = BigInt(count);
    this.totals = totals;
  }
}

class LastFacts {
  readonly at: Date;
  readonly place: PlaceFacts | undefined;

  constructor({ at, place }: NonNullable<History['last']>) {
    this.at = at;
    this.place = place && new PlaceFacts(place);
  }
}

export class HistoryFacts {
  readonly periods: Readonly<Record<string, UsageFacts>>;
  readonly last: LastFacts | undefined;
  readonly since_confirmed: UsageFacts | undefined;

  constructor({ periods, last, sinceConfirmed }: History) {
    const usages: Record<string, UsageFacts> = {};
    for (const period of Object.keys(periods)) {
      usages[period] = new UsageFacts(periods[period]!);
    }
    this.periods = usages;
    this.last = last ? new LastFacts(last) : undefined;
    this.since_confirmed = sinceConfirmed && new UsageFacts(sinceConfirmed);
  }
}

export class ApplicationFacts {
  readonly name: string;
  readonly version: bigint;
  readonly kind: string;

  constructor({ name, version, kind }: CardApplication) {
    this.name = name;
    this.version = BigInt(version);
    this.kind = kind;
  }
}

/** The clock on the wall, in the application's zone. */
export class LocalFacts {
  readonly #shown: number;

  /** `shown`: what it shows, as the milliseconds at which UTC would show it. */
  constructor(shown: number) {
    this.#shown = shown;
  }

  get date(): string {
    return dateOf(this.#shown);
  }

  get weekday(): string {
    return weekdayOf(this.#shown);
  }

  get hour(): bigint {
    return BigInt(Math.floor(minuteOf(this.#shown) / 60));
  }

  get minute(): bigint {
    return BigInt(minuteOf(this.#shown) % 60);
  }
}

export interface Facts {
  readonly service: ServiceFacts;
  readonly history: HistoryFacts;
  readonly application: ApplicationFacts;
  readonly local: LocalFacts;
}

/** The types of the facts, as they are declared to CEL: name, class, members. */
export const factTypes = [
  ['Place', PlaceFacts, { lat: 'double', lon: 'double', cell: 'string', bssid: 'string' }],
  ['Payee', PayeeFacts, { id: 'string', category: 'string' }],
  ['Card', CardFacts, { state: 'string', valid_from: timestamp, expires_at: timestamp }],
  ['Service', ServiceFacts, {
    kind: 'string', at: timestamp, amount: 'int', currency: 'string', payee: 'Payee', zone: 'string', place: 'Place', card: 'Card', confirmed: 'bool', attributes: 'map<string, dyn>',
  }],
  ['Usage', UsageFacts, { count: 'int', totals: 'map<string, int>' }],
  ['Last', LastFacts, { at: timestamp, place: 'Place' }],
  ['History', HistoryFacts, { periods: 'map<string, Usage>', last: 'Last', since_confirmed: 'Usage' }],
  ['Application', ApplicationFacts, { name: 'string', version: 'int', kind: 'string' }],
  ['Local', LocalFacts, { date: 'string', weekday: 'string', hour: 'int', minute: 'int' }],
] as const;

/** The names that expressions begin with. */
export const factNames = { service: 'Service', history: 'History', application: 'Application', local: 'Local' } as const;
