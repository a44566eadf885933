import { cardStates } from '../domain/security-check/service.ts';
import {
  clocks, missingRules, parameterTypes, remedies, type CardApplication, type CheckTerms, type Limits, type Parameter, type ParameterTerms, type ParameterType, type Rule, type VelocityLimits,
} from '../domain/security-check/application.ts';
import { guardPoints, type GuardPoint } from '../domain/security-check/guard.ts';
import { areaProblem, type Area } from '../domain/security-check/place.ts';
import { parsePeriod } from '../domain/security-check/period.ts';
import { parseCurrency } from '../domain/currency.ts';
import { parseDay, parseInstant } from '../domain/day.ts';
import { LatchkeyError, type InputProblem } from '../domain/errors.ts';
import { parseZone } from '../domain/happy-hour.ts';
import { parseAmount, type Amount } from '../domain/money.ts';
import { parseWeeklyHours } from '../domain/weekly-hours.ts';
import { checker } from './check.ts';
import { id, input, mac, oneOf, text, type Schema, type Static } from './schema.ts';

/** More of anything in one list is a mistake. */
const mostListed = 10_000;
const mostChecks = 500;

const amountText = { type: 'string', maxLength: 48, description: 'An amount of money: 12.50EUR.' } as const;
const amounts = { anyOf: [amountText, { type: 'array', items: amountText, minItems: 1, maxItems: 200 }], description: 'An amount, or one for each of several currencies: services in others are over the limit.' } as const;
const period = { type: 'string', maxLength: 32, description: 'hour, day, week (from Monday on) or month by the clocks of the zone, or a rolling duration: 90min, 7d.' } as const;
const listed = (items: Schema) => ({ type: 'array' as const, items, minItems: 1, maxItems: mostListed });
const listedText = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 128 }, minItems: 1, maxItems: mostListed } as const;
const instantText = { type: 'string', format: 'date-time', maxLength: 40, description: 'RFC 3339, with its offset from UTC.' } as const;
const clock = { ...oneOf(clocks), description: 'By the clock of the application’s zone, which is the default, or of the zone that the service names.' };
const latitude = { type: 'number', minimum: -90, maximum: 90 } as const;
const longitude = { type: 'number', minimum: -180, maximum: 180 } as const;
export const cellText = { type: 'string', minLength: 1, maxLength: 64, pattern: '^[!-~]+$' } as const;
const point = { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number', minimum: -180, maximum: 180 }, description: 'Latitude and longitude in degrees (WGS 84).' } as const;
const areaShapes = {
  circle: input('Circle', { circle: input('CircleOf', { lat: latitude, lon: longitude, radius_m: { type: 'number', exclusiveMinimum: 0, maximum: 20_015_000 } }) }),
  polygon: input('Polygon', { polygon: { type: 'array', items: point, minItems: 3, maxItems: 1000 } }),
  cells: input('Cells', { cells: { type: 'array', items: cellText, minItems: 1, maxItems: mostListed } }),
  bssids: input('Bssids', { bssids: { type: 'array', items: mac, minItems: 1, maxItems: mostListed } }),
} as const;
const area = { anyOf: [areaShapes.circle, areaShapes.polygon, areaShapes.cells, areaShapes.bssids] } as const;
const areas = { type: 'array', items: area, minItems: 1, maxItems: 1000 } as const;
const atLeastOne = (one: string, other: string) => ({ anyOf: [{ required: [one] }, { required: [other] }] });

const terms = {
  on_fail: { ...oneOf(remedies), description: 'What is asked for when it is not passed; terminate if left out, ask for velocity.' },
  if_missing: { ...oneOf(missingRules), description: 'What missing data count as; fail if left out.' },
  reason: { ...text, maxLength: 256, description: 'Why, for people.' },
} as const;

const listMembers = (items: Schema) => ({ allow: listed(items), deny: listed(items) });
const count = { type: 'integer', minimum: 0, maximum: 1_000_000_000 } as const;
const percent = { type: 'integer', minimum: 0, maximum: 99 } as const;

function parameter<const Type extends ParameterType>(type: Type, required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}) {
  return input(`Parameter_${type}`, { id, type: { const: type }, ...required }, { ...optional, ...terms });
}

const parameterSchemas: Readonly<Record<ParameterType, Schema>> = {
  largest_amount: parameter('largest_amount', { at_most: amounts }),
  total: parameter('total', { per: period, at_most: amounts }),
  count: parameter('count', { per: period, at_most: count }),
  currencies: { ...parameter('currencies', {}, listMembers({ type: 'string', pattern: '^[A-Z]{3}$' })), ...atLeastOne('allow', 'deny') },
  payees: { ...parameter('payees', {}, listMembers(listedText.items)), ...atLeastOne('allow', 'deny') },
  categories: { ...parameter('categories', {}, listMembers(listedText.items)), ...atLeastOne('allow', 'deny') },
  hours: parameter('hours', { hours: { type: 'array', items: { type: 'string', maxLength: 64, description: 'Mon-Fri 06:00-22:00' }, minItems: 1, maxItems: 100 } }, { clock }),
  dates: { ...parameter('dates', {}, { ...listMembers({ type: 'string', format: 'date', maxLength: 10 }), clock }), ...atLeastOne('allow', 'deny') },
  places: { ...parameter('places', {}, { inside: areas, outside: areas }), ...atLeastOne('inside', 'outside') },
  distance: parameter('distance', { at_most_km: { type: 'number', minimum: 0, maximum: 20_100 } }),
  speed: parameter('speed', { at_most_kmh: { type: 'number', minimum: 0, maximum: 100_000 } }, { tolerance_km: { type: 'number', minimum: 0, maximum: 1000, description: 'How far places may be wrong together; 0 if left out.' } }),
  velocity: parameter('velocity', { lower: { anyOf: [count, amountText] }, upper: { anyOf: [count, amountText] } }, { target_percent: percent, most_percent: percent }),
  card_state: parameter('card_state', {}, { allow: { type: 'array', items: oneOf(cardStates), minItems: 1, maxItems: cardStates.length } }),
  card_validity: parameter('card_validity', {}),
  validity: { ...parameter('validity', {}, { from: instantText, until: instantText }), ...atLeastOne('from', 'until') },
};

const expression = { type: 'string', minLength: 1, maxLength: 2000, description: 'In CEL (cel.dev), over service, history, application and local.' } as const;
const ruleTerms = { then: { ...oneOf(remedies), description: 'What is asked for when it fails.' }, id } as const;
const whenRule = input('When', { ...ruleTerms, when: { ...expression, description: `${expression.description} The rule fails when it is true.` } }, { reason: terms.reason });
const requireRule = input('Require', { ...ruleTerms, require: { ...expression, description: `${expression.description} The rule fails when it is not true.` } }, { reason: terms.reason });

const head = {
  name: id,
  version: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Higher with each change.' },
  kind: { ...id, description: 'What its services are: transit, payment, door, or a word of one’s own.' },
} as const;
const decisionSchema = input('DecisionPolicy', {}, { terminate_at_asks: { type: 'integer', minimum: 2, maximum: mostChecks, description: 'So many failed checks that ask terminate together, confirmed or not; never if left out.' } });
const tail = {
  $schema: { type: 'string', maxLength: 256 },
  description: { type: 'string', maxLength: 2000 },
  zone: { type: 'string', maxLength: 64, description: 'IANA time zone; UTC if left out.' },
  guards: { type: 'array', items: oneOf(guardPoints), minItems: 1, maxItems: guardPoints.length, uniqueItems: true, description: 'The services of its machine that it looks at once it is added: of a wallet pay, code, charge and access, of a cash register register-charge, register-access and register-code. None if left out.' },
  decision: decisionSchema,
} as const;

/** The whole of it, for publication. */
export const cardApplicationSchema = input('CardApplication', head, {
  ...tail,
  parameters: { type: 'array', items: { oneOf: parameterTypes.map((type) => parameterSchemas[type]) }, maxItems: mostChecks },
  rules: { type: 'array', items: { oneOf: [whenRule, requireRule] }, maxItems: mostChecks },
});

/** Its outside; parameters and rules are then checked one by one, so that what is wrong with each can be said. */
const outsideSchema = input('CardApplication', head, {
  ...tail,
  parameters: { type: 'array', items: { type: 'object', required: ['type'], properties: { type: oneOf(parameterTypes) } }, maxItems: mostChecks },
  rules: { type: 'array', items: { type: 'object' }, maxItems: mostChecks },
} as const);

const checkOutside = checker(outsideSchema);
const checkParameter = Object.fromEntries(parameterTypes.map((type) => [type, checker(parameterSchemas[type])])) as unknown as Record<ParameterType, ReturnType<typeof checker>>;
const checkShape = Object.entries<Schema>(areaShapes).map(([shape, schema]) => ({ shape, check: checker(schema) }));
const checkWhen = checker(whenRule);
const checkRequire = checker(requireRule);

export type ReadCardApplication =
  | { readonly application: CardApplication; readonly problems: readonly [] }
  | { readonly application: undefined; readonly problems: readonly InputProblem[] };

/** The id of the check that every application has. */
const kindCheck = 'kind';

/** An application from its JSON: whole, or everything that is wrong with it. Nothing in it is passed over. */
export function readCardApplication(json: unknown): ReadCardApplication {
  const outside = checkOutside(json);
  if (!outside.ok) {
    return { application: undefined, problems: outside.problems };
  }
  const reading = new Reading();
  const { name, version, kind, zone, guards = [], decision, parameters = [], rules = [] } = outside.value as Outside;
  const application: CardApplication = {
    name,
    version,
    kind,
    zone: reading.parsed('/zone', zone ?? 'UTC', parseZone) ?? 'UTC',
    guards,
    parameters: parameters.flatMap((wire, at) => readParameter(reading, `/parameters/${at}`, wire) ?? []),
    rules: rules.flatMap((wire, at) => readRule(reading, `/rules/${at}`, wire) ?? []),
    decision: { terminateAtAsks: decision?.terminate_at_asks },
  };
  reading.noneTwice([kindCheck], [...parameters.map((wire, at) => [`/parameters/${at}/id`, wire.id] as const), ...rules.map((wire, at) => [`/rules/${at}/id`, wire.id] as const)]);
  const { problems } = reading;
  return problems.length === 0 ? { application, problems: [] } : { application: undefined, problems };
}

interface Outside {
  readonly name: string;
  readonly version: number;
  readonly kind: string;
  readonly zone?: string;
  readonly guards?: readonly GuardPoint[];
  readonly decision?: { readonly terminate_at_asks?: number };
  readonly parameters?: readonly ParameterWire[];
  readonly rules?: readonly { readonly id?: unknown }[];
}

/** Any of them; which members there are, its schema has checked. */
interface ParameterWire {
  readonly type: ParameterType;
  readonly id?: unknown;
}

type Members = Readonly<Record<string, unknown>>;

/** Problems with their places, as far as they are found. */
class Reading {
  readonly problems: InputProblem[] = [];

  add(pointer: string, detail: string): undefined {
    this.problems.push({ pointer, detail });
  }

  parsed<T>(pointer: string, value: string, parse: (text: string) => T): T | undefined {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      return this.add(pointer, error.message);
    }
  }

  all<T>(pointer: string, values: readonly string[], parse: (text: string) => T): readonly T[] {
    return values.flatMap((value, at) => this.parsed(`${pointer}/${at}`, value, parse) ?? []);
  }

  noneTwice(taken: readonly string[], ids: readonly (readonly [pointer: string, id: unknown])[]): void {
    const seen = new Set<unknown>(taken);
    for (const [pointer, each] of ids) {
      if (seen.has(each)) this.add(pointer, taken.includes(String(each)) ? 'is the id of the check that every application has' : 'is the id of another check, too');
      else seen.add(each);
    }
  }
}

function readParameter(reading: Reading, pointer: string, wire: ParameterWire): Parameter | undefined {
  const checked = checkParameter[wire.type](wire);
  if (!checked.ok) {
    checked.problems.filter((problem) => wire.type !== 'places' || !isInArea(problem)).forEach((problem) => reading.add(pointer + problem.pointer, wording(problem)));
    if (wire.type === 'places') readShapes(reading, pointer, wire as unknown as Members);
    return undefined;
  }
  const members = wire as unknown as Members;
  const before = reading.problems.length;
  const own = readTerms(reading, pointer, wire.type, members);
  return own === undefined || reading.problems.length > before ? undefined : { ...checkTerms(wire.type, members), ...own };
}

/** Of the shapes that an area may have all say what is wrong with it. */
function isInArea({ pointer }: InputProblem): boolean {
  return /^\/(inside|outside)\/\d/.test(pointer);
}

/** What is wrong with areas, by the shape that each has. */
function readShapes(reading: Reading, pointer: string, members: Members): void {
  for (const side of ['inside', 'outside']) {
    const wires = members[side];
    (Array.isArray(wires) ? (wires as readonly unknown[]) : []).forEach((wire, at) => {
      const place = `${pointer}/${side}/${at}`;
      const shapes = checkShape.filter(({ shape }) => typeof wire === 'object' && wire !== null && Object.hasOwn(wire, shape));
      if (shapes.length !== 1) {
        reading.add(place, 'must be one of circle, polygon, cells and bssids');
        return;
      }
      const checked = shapes[0]!.check(wire);
      if (!checked.ok) checked.problems.forEach((problem) => reading.add(place + problem.pointer, wording(problem)));
    });
  }
}

function checkTerms(type: ParameterType, members: Members): CheckTerms {
  return {
    id: members['id'] as string,
    onFail: (members['on_fail'] as CheckTerms['onFail'] | undefined) ?? (type === 'velocity' ? 'ask' : 'terminate'),
    ifMissing: (members['if_missing'] as CheckTerms['ifMissing'] | undefined) ?? 'fail',
    reason: members['reason'] as string | undefined,
  };
}

function readTerms(reading: Reading, pointer: string, type: ParameterType, members: Members): ParameterTerms | undefined {
  const strings = (name: string) => members[name] as readonly string[] | undefined;
  const list = (name: string, parse: (text: string) => string = (each) => each) => {
    const values = strings(name);
    return values && reading.all(`${pointer}/${name}`, values, parse);
  };
  const lists = (parse?: (text: string) => string) => ({ allow: list('allow', parse), deny: list('deny', parse) });
  const per = () => reading.parsed(`${pointer}/per`, members['per'] as string, parsePeriod);
  const clockOf = () => (members['clock'] as 'application' | 'service' | undefined) ?? 'application';
  switch (type) {
    case 'largest_amount':
      return { type, atMost: readLimits(reading, `${pointer}/at_most`, members['at_most']) };
    case 'total': {
      const atMost = readLimits(reading, `${pointer}/at_most`, members['at_most']);
      const each = per();
      return each && { type, per: each, atMost };
    }
    case 'count': {
      const each = per();
      return each && { type, per: each, atMost: members['at_most'] as number };
    }
    case 'currencies':
      return { type, ...lists(parseCurrency) };
    case 'payees':
    case 'categories':
      return { type, ...lists() };
    case 'dates':
      return { type, ...lists(parseDay), clock: clockOf() };
    case 'hours':
      return { type, hours: reading.all(`${pointer}/hours`, strings('hours')!, parseWeeklyHours), clock: clockOf() };
    case 'places':
      return { type, inside: readAreas(reading, `${pointer}/inside`, members['inside']), outside: readAreas(reading, `${pointer}/outside`, members['outside']) };
    case 'distance':
      return { type, atMostKm: members['at_most_km'] as number };
    case 'speed':
      return { type, atMostKmh: members['at_most_kmh'] as number, toleranceKm: (members['tolerance_km'] as number | undefined) ?? 0 };
    case 'velocity':
      return readVelocity(reading, pointer, members);
    case 'card_state':
      return { type, allow: (members['allow'] as Extract<ParameterTerms, { type: 'card_state' }>['allow'] | undefined) ?? ['active'] };
    case 'card_validity':
      return { type };
    case 'validity': {
      const moment = (name: string) => (members[name] === undefined ? undefined : reading.parsed(`${pointer}/${name}`, members[name] as string, parseInstant));
      const from = moment('from');
      const until = moment('until');
      return from !== undefined && until !== undefined && from >= until ? reading.add(`${pointer}/until`, 'is not later than from') : { type, from, until };
    }
  }
}

function readLimits(reading: Reading, pointer: string, wire: unknown): Limits {
  if (typeof wire === 'string') {
    return [reading.parsed(pointer, wire, parseAmount) ?? []].flat();
  }
  const limits = reading.all(pointer, wire as readonly string[], parseAmount);
  const currencies = limits.map(({ currency }) => currency);
  currencies.forEach((currency, at) => {
    if (currencies.indexOf(currency) < at) reading.add(`${pointer}/${at}`, `is a second limit in ${currency}`);
  });
  return limits;
}

function readVelocity(reading: Reading, pointer: string, { lower, upper, target_percent = 0, most_percent = 99 }: Members): ParameterTerms | undefined {
  const targetPercent = target_percent as number;
  const mostPercent = most_percent as number;
  if (targetPercent > mostPercent) {
    return reading.add(`${pointer}/target_percent`, 'is more than most_percent');
  }
  const limits = readVelocityLimits(reading, pointer, lower, upper);
  return limits && { type: 'velocity', limits, targetPercent, mostPercent };
}

function readVelocityLimits(reading: Reading, pointer: string, lower: unknown, upper: unknown): VelocityLimits | undefined {
  if (typeof lower === 'number' && typeof upper === 'number') {
    return lower < upper ? { of: 'count', lower, upper } : reading.add(`${pointer}/upper`, 'is not more than lower');
  }
  if (typeof lower !== 'string' || typeof upper !== 'string') {
    return reading.add(`${pointer}/upper`, 'is not alike: both are numbers of services, or both amounts');
  }
  const least: Amount | undefined = reading.parsed(`${pointer}/lower`, lower, parseAmount);
  const most: Amount | undefined = reading.parsed(`${pointer}/upper`, upper, parseAmount);
  if (least === undefined || most === undefined) {
    return undefined;
  }
  return least.currency === most.currency && least.minor < most.minor
    ? { of: 'total', lower: least, upper: most }
    : reading.add(`${pointer}/upper`, 'is not more than lower, in the same currency');
}

type AreaWire = Static<typeof area>;

function readAreas(reading: Reading, pointer: string, wire: unknown): readonly Area[] | undefined {
  return (wire as readonly AreaWire[] | undefined)?.map((each, at) => {
    const read = toArea(each);
    const problem = areaProblem(read);
    if (problem !== undefined) reading.add(`${pointer}/${at}`, problem);
    return read;
  });
}

function toArea(wire: AreaWire): Area {
  if ('circle' in wire) {
    return { shape: 'circle', centre: [wire.circle.lat, wire.circle.lon], radiusM: wire.circle.radius_m };
  }
  if ('polygon' in wire) {
    return { shape: 'polygon', points: wire.polygon.map(([lat = NaN, lon = NaN]) => [lat, lon] as const) };
  }
  return 'cells' in wire ? { shape: 'cells', cells: wire.cells } : { shape: 'bssids', bssids: wire.bssids };
}

function readRule(reading: Reading, pointer: string, wire: { readonly id?: unknown }): Rule | undefined {
  if ('require' in wire === 'when' in wire) {
    return reading.add(pointer, 'must have one of the two, when or require');
  }
  const sense = 'require' in wire ? 'require' : 'when';
  const checked = sense === 'when' ? checkWhen(wire) : checkRequire(wire);
  if (!checked.ok) {
    checked.problems.forEach((problem) => reading.add(pointer + problem.pointer, wording(problem)));
    return undefined;
  }
  const { id: own, then, reason } = checked.value;
  return { id: own, sense, expression: 'when' in checked.value ? checked.value.when : checked.value.require, then, reason };
}

/** Of choices between shapes, the compiler's words name none. */
function wording({ detail }: InputProblem): string {
  return /anyOf|any of/.test(detail) ? 'is none of what may be here: see the JSON Schema' : detail;
}
