import { parseCurrency } from '../domain/currency.ts';
import { parseInstant } from '../domain/day.ts';
import { LatchkeyError, type InputProblem } from '../domain/errors.ts';
import { parseZone } from '../domain/happy-hour.ts';
import { mostMinor } from '../domain/money.ts';
import { noUsage, unknownHistory, type History, type Usage } from '../domain/security-check/history.ts';
import { parsePeriod, periodText } from '../domain/security-check/period.ts';
import type { Place } from '../domain/security-check/place.ts';
import { cardStates, type Service } from '../domain/security-check/service.ts';
import { cellText } from './card-application.ts';
import { checker } from './check.ts';
import { boolean, count, id, input, mac, note, oneOf, type Static } from './schema.ts';
import { instantToWire, present } from './wire.ts';

const moment = {
  type: 'string',
  format: 'date-time',
  maxLength: 40,
  pattern: '^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$',
  description: 'RFC 3339, with its offset from UTC, from 2000 to 2199.',
} as const;
const minor = { type: 'integer', minimum: 0, maximum: Number(mostMinor), description: 'Minor units (cents).' } as const;
/** Of many services together. */
const minors = { type: 'object', propertyNames: { pattern: '^[A-Z]{3}$' }, additionalProperties: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } } as const;
const name = { type: 'string', minLength: 1, maxLength: 128 } as const;
const place = input('Place', {}, {
  lat: { type: 'number', minimum: -90, maximum: 90, description: 'Degrees (WGS 84).' },
  lon: { type: 'number', minimum: -180, maximum: 180, description: 'Degrees.' },
  cell: cellText,
  bssid: mac,
});
const scalar = { anyOf: [note, { type: 'number', minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, boolean] } as const;
const attributes = {
  type: 'object',
  maxProperties: 64,
  propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$' },
  additionalProperties: { anyOf: [...scalar.anyOf, { type: 'array', items: scalar, maxItems: 64 }] },
  description: 'What else is known of it, for rules.',
} as const;

export const serviceSchema = input('Service', { kind: id, at: moment }, {
  amount: minor,
  currency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'ISO 4217; there if the amount is.' },
  payee: input('Payee', {}, { id: name, category: name }),
  zone: { type: 'string', maxLength: 64, description: 'IANA time zone in which it takes place.' },
  place,
  card: input('Card', {}, { state: oneOf(cardStates), valid_from: moment, expires_at: moment }),
  confirmed: { ...boolean, description: 'Its user, or the server, has said yes to it.' },
  attributes,
});

const usage = input('Usage', { count }, { totals: { ...minors, description: 'Minor units by currency; there was nothing of one that is not there. What they were is not known if they are left out, unless the count is 0.' } });
export const historySchema = input('History', {}, {
  periods: { type: 'object', maxProperties: 100, additionalProperties: usage, description: 'By period: hour, day, week, month, or a duration such as 90min; of the services in it before this one.' },
  last: { anyOf: [input('LastService', { at: moment }, { place }), { type: 'null' }], description: 'The service before; null if there was none.' },
  since_confirmed: usage,
});

/** What `card check` is given: a service, and what is known of those before it. */
export const cardServiceSchema = input('CardService', { service: serviceSchema }, { $schema: { type: 'string', maxLength: 256 }, history: historySchema });
export type ServiceWire = Static<typeof serviceSchema>;
type HistoryWire = Static<typeof historySchema>;
type UsageWire = Static<typeof usage>;
type PlaceWire = Static<typeof place>;

const { zone: ofZone, card: ofCard } = serviceSchema.properties;
/** Room is left for what is known of each service. */
const surroundingAttributes = { ...attributes, maxProperties: 56 } as const;
const surroundingsSchema = input('Surroundings', {}, {
  zone: ofZone,
  place,
  card: ofCard,
  attributes: surroundingAttributes,
  payee_categories: { type: 'object', maxProperties: 10_000, propertyNames: name, additionalProperties: name },
});

const checkCardService = checker(cardServiceSchema);
const checkSurroundings = checker(surroundingsSchema);

/** `history` is undefined if nothing is said of it. */
export interface CardService {
  readonly service: Service;
  readonly history: History | undefined;
}

/** Errors: `invalid_input`, with pointers to what is wrong. */
export function readCardService(json: unknown): CardService {
  const checked = checkCardService(json);
  if (!checked.ok) {
    throw invalid(checked.problems.map(named));
  }
  const { service, history } = checked.value;
  return { service: toService(service, '/service'), history: history && toHistory(history) };
}

/** Errors: none; `readService` reads it. */
export function serviceToWire({ kind, at, amount, payee, zone, place: where, card, confirmed, attributes: own }: Service): ServiceWire {
  return {
    kind,
    at: instantToWire(at),
    confirmed,
    ...present({
      amount: amount && Number(amount.minor),
      currency: amount?.currency,
      payee: payee && present(payee),
      zone,
      place: where && present(where),
      card: card && present({ state: card.state, valid_from: instantToWire(card.validFrom), expires_at: instantToWire(card.expiresAt) }),
    }),
    ...(Object.keys(own).length === 0 ? {} : { attributes: own as NonNullable<ServiceWire['attributes']> }),
  };
}

/** What a machine knows of its services beside each of them. */
export interface Surroundings extends Pick<Service, 'zone' | 'place' | 'card' | 'attributes'> {
  /** By the payee's id. */
  readonly payeeCategories: ReadonlyMap<string, string>;
}

/** Errors: `invalid_input`, with pointers to what is wrong. */
export function readSurroundings(json: unknown): Surroundings {
  const checked = checkSurroundings(json);
  if (!checked.ok) {
    throw invalid(checked.problems.map(named));
  }
  const { payee_categories: categories = {}, ...known } = checked.value;
  const { zone, place: where, card, attributes: own } = toService({ ...known, kind: 'any', at: '2000-01-01T00:00:00Z' }, '');
  return { zone, place: where, card, attributes: own, payeeCategories: new Map(Object.entries(categories)) };
}

/** A service by itself. Errors: as `readCardService`. */
export function readService(json: unknown): Service {
  return readCardService({ service: json }).service;
}

function toService(wire: ServiceWire, pointer: string): Service {
  const { kind, at, amount, currency, payee, zone, card, confirmed, attributes: own } = wire;
  if ((amount === undefined) !== (currency === undefined)) {
    throw invalid([{ pointer: `${pointer}/${amount === undefined ? 'amount' : 'currency'}`, detail: 'is missing: an amount is one of a currency' }]);
  }
  return {
    kind,
    at: toMoment(`${pointer}/at`, at),
    amount: amount === undefined ? undefined : { minor: BigInt(amount), currency: parsed(`${pointer}/currency`, currency!, parseCurrency) },
    payee: payee && { id: payee.id, category: payee.category },
    zone: zone === undefined ? undefined : parsed(`${pointer}/zone`, zone, knownZone),
    place: wire.place && toPlace(wire.place),
    card: card && {
      state: card.state,
      validFrom: card.valid_from === undefined ? undefined : toMoment(`${pointer}/card/valid_from`, card.valid_from),
      expiresAt: card.expires_at === undefined ? undefined : toMoment(`${pointer}/card/expires_at`, card.expires_at),
    },
    confirmed: confirmed ?? false,
    attributes: own ?? {},
  };
}

function toHistory({ periods = {}, last, since_confirmed }: HistoryWire): History {
  const entries = Object.entries(periods).map(([text, each]) => [parsed(`/history/periods/${escaped(text)}`, text, canonicalPeriod), toUsage(each)] as const);
  const read = Object.fromEntries(entries);
  if (Object.keys(read).length < entries.length) {
    throw invalid([{ pointer: '/history/periods', detail: 'has one period twice' }]);
  }
  return {
    ...unknownHistory,
    periods: read,
    last: last && { at: toMoment('/history/last/at', last.at), place: last.place && toPlace(last.place) },
    sinceConfirmed: since_confirmed && toUsage(since_confirmed),
  };
}

function toUsage({ count: services, totals }: UsageWire): Usage {
  if (totals === undefined) {
    return services === 0 ? noUsage : { count: services, totals: undefined };
  }
  return { count: services, totals: Object.fromEntries(Object.entries(totals).map(([currency, units]) => [currency, BigInt(units)])) };
}

function toPlace({ lat, lon, cell, bssid }: PlaceWire): Place {
  return { lat, lon, cell, bssid };
}

function toMoment(pointer: string, text: string): Date {
  return parsed(pointer, text, parseInstant);
}

/** Asking Intl takes longer than a whole check. */
const zones = new Set<string>();
const mostZones = 1000;
const mostPeriods = 1000;

function knownZone(text: string): string {
  if (!zones.has(text)) {
    parseZone(text);
    if (zones.size < mostZones) zones.add(text);
  }
  return text;
}

/** Whoever asks of many services names the same ones. */
const periodTexts = new Map<string, string>();

function canonicalPeriod(text: string): string {
  let canonical = periodTexts.get(text);
  if (canonical === undefined) {
    canonical = periodText(parsePeriod(text));
    if (periodTexts.size < mostPeriods) periodTexts.set(text, canonical);
  }
  return canonical;
}

function parsed<T>(pointer: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof LatchkeyError ? invalid([{ pointer, detail: error.message }]) : error;
  }
}

function escaped(name: string): string {
  return name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
}

function named(problem: InputProblem): InputProblem {
  return /pattern|format/.test(problem.detail) && /\/(at|valid_from|expires_at)$/.test(problem.pointer)
    ? { ...problem, detail: 'is not a moment such as 2026-11-30T14:30:00+01:00, from 2000 to 2199' }
    : problem;
}

function invalid(problems: readonly InputProblem[]): LatchkeyError {
  return new LatchkeyError('invalid_input', 'The data of the service are not right.', { problems });
}
