import { LatchkeyError } from './errors.ts';
import { happyHourText, parseHappyHour, parseZone } from './happy-hour.ts';
import { amountText, parseAmount, sameCurrency, type Amount } from './money.ts';
import { parseQuantity, quantityText, sameMetric, type Quantity } from './quantity.ts';
import { refundRules, roundings, type StepsTariff, type Tariff } from './tariff.ts';
import { isDearer, parseStep, parseTier, stepText, tierText, type Step, type Tier } from './tariff-step.ts';

/** More tiers or happy hours in one tariff are a mistake. */
const mostEntries = 50;

/** A tariff as plain JSON: its parts are the texts that flags take. */
export type TariffJson = Readonly<Record<string, string | boolean | readonly string[]>>;

/**
 * A tariff from its JSON form, one of
 * `{"kind": "unlimited", "price": "2.00EUR"}`;
 * `{"kind": "fixed", "price": "2.00EUR", "allowed": "1h"}`;
 * `{"kind": "steps", "step": "1.00EUR=10min", "tiers": ["10.00EUR:1.00EUR=15min"], "rounding": "down", "minimum": "1.00EUR",
 * "largest_amount": "50.00EUR", "largest_quantity": "24h", "happy_hours": ["Mon-Fri 14:00-16:00 x2"], "zone": "Europe/Berlin",
 * "free": "5min"}`; each with `"pausable": false` and `"refund": "none"`. Only `kind`, `allowed` and `step` must be there,
 * and `zone` with happy hours. Errors: `invalid_input`, with the pointer to the first thing that is wrong.
 */
export function parseTariff(json: unknown): Tariff {
  const members = new Members(json);
  const tariff = readTariff(members);
  members.end();
  return tariff;
}

/** As `parseTariff` reads it. */
export function tariffToJson(tariff: Tariff): TariffJson {
  const members = { kind: tariff.kind, ...ownMembers(tariff), pausable: tariff.pausable, refund: tariff.refund };
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

function ownMembers(tariff: Tariff): Readonly<Record<string, TariffJson[string] | undefined>> {
  const amount = (value: Amount | undefined) => value && amountText(value);
  const quantity = (value: Quantity | undefined) => value && quantityText(value);
  if (tariff.kind !== 'steps') {
    return { price: amount(tariff.price), allowed: tariff.kind === 'fixed' ? quantityText(tariff.allowed) : undefined };
  }
  return {
    step: stepText(tariff.step),
    tiers: tariff.tiers.map(tierText),
    rounding: tariff.rounding,
    minimum: amount(tariff.minimum),
    largest_amount: amount(tariff.largestAmount),
    largest_quantity: quantity(tariff.largestQuantity),
    happy_hours: tariff.happy?.hours.map(happyHourText),
    zone: tariff.happy?.zone,
    free: quantity(tariff.free),
  };
}

function readTariff(members: Members): Tariff {
  const kind = members.required('kind', oneOf(['unlimited', 'fixed', 'steps']));
  const pausable = members.flag('pausable');
  // Of what is unlimited no part is unused.
  const refund = members.optional('refund', oneOf(kind === 'unlimited' ? ['none'] : refundRules)) ?? 'none';
  switch (kind) {
    case 'unlimited':
      return { kind, price: members.optional('price', parseAmount), pausable, refund: 'none' };
    case 'fixed':
      return { kind, price: members.optional('price', parseAmount), allowed: members.required('allowed', parseQuantity), pausable, refund };
    case 'steps':
      return { kind, ...readSteps(members), pausable, refund };
  }
}

function readSteps(members: Members): Omit<StepsTariff, 'kind' | 'pausable' | 'refund'> {
  const step = members.required('step', parseStep);
  /** The money and the quantities of one tariff are alike. */
  const like = <T extends Partial<Step>>(part: T): T => {
    if (part.price !== undefined) sameCurrency(part.price, step.price);
    if (part.quantity !== undefined) sameMetric(part.quantity, step.quantity);
    return part;
  };
  const amount = (text: string) => like({ price: parseAmount(text) }).price;
  const quantity = (text: string) => like({ quantity: parseQuantity(text) }).quantity;
  const tiers = members.list<Tier>('tiers', (text, before) => {
    const tier = parseTier(text);
    like({ price: tier.from });
    like(tier.step);
    if (before !== undefined && tier.from.minor <= before.from.minor) throw new LatchkeyError('invalid_input', 'A tier begins at more than the one before it.');
    if (isDearer(tier.step, before?.step ?? step)) throw new LatchkeyError('invalid_input', 'A tier is not dearer than what is before it.');
    return tier;
  });
  const minimum = members.optional('minimum', amount);
  const hours = members.list('happy_hours', (text) => {
    const hour = parseHappyHour(text);
    if ('step' in hour.reward) like(hour.reward.step);
    return hour;
  });
  return {
    step,
    tiers,
    rounding: members.optional('rounding', oneOf(roundings)) ?? 'down',
    minimum,
    largestAmount: members.optional('largest_amount', (text) => {
      const largest = amount(text);
      if (largest.minor < step.price.minor || largest.minor < (minimum?.minor ?? 0n)) {
        throw new LatchkeyError('invalid_input', 'The largest amount is not less than the price of a step and the minimum.');
      }
      return largest;
    }),
    largestQuantity: members.optional('largest_quantity', quantity),
    happy: hours.length === 0 ? undefined : { zone: members.required('zone', parseZone), hours },
    free: members.optional('free', quantity),
  };
}

function oneOf<const T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((each) => each === text);
    if (value === undefined) {
      throw new LatchkeyError('invalid_input', `It is none of ${values.join(', ')}.`);
    }
    return value;
  };
}

/** The members of a JSON object, each of which must be asked for. */
class Members {
  readonly #left: Map<string, unknown>;

  constructor(json: unknown) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw wrong('', 'It is not an object.');
    }
    this.#left = new Map(Object.entries(json));
  }

  required<T>(name: string, parse: (text: string) => T): T {
    if (!this.#left.has(name)) {
      throw wrong(`/${name}`, 'It is missing.');
    }
    return parsed(`/${name}`, this.#take(name), parse);
  }

  optional<T>(name: string, parse: (text: string) => T): T | undefined {
    return this.#left.has(name) ? this.required(name, parse) : undefined;
  }

  /** `parse` is also given what the entry before was parsed to. */
  list<T>(name: string, parse: (text: string, before: T | undefined) => T): readonly T[] {
    const values = this.#take(name) ?? [];
    if (!Array.isArray(values) || values.length > mostEntries) {
      throw wrong(`/${name}`, `It is not an array of at most ${mostEntries} strings.`);
    }
    const list: T[] = [];
    values.forEach((value: unknown, index) => list.push(parsed(`/${name}/${index}`, value, (text) => parse(text, list.at(-1)))));
    return list;
  }

  flag(name: string): boolean {
    const value = this.#take(name) ?? false;
    if (typeof value !== 'boolean') {
      throw wrong(`/${name}`, 'It is neither true nor false.');
    }
    return value;
  }

  end(): void {
    for (const name of this.#left.keys()) {
      throw wrong(`/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`, 'It is not known here.');
    }
  }

  #take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
}

function parsed<T>(pointer: string, value: unknown, parse: (text: string) => T): T {
  if (typeof value !== 'string') {
    throw wrong(pointer, 'It is not a string.');
  }
  try {
    return parse(value);
  } catch (error) {
    throw error instanceof LatchkeyError ? wrong(pointer, error.message) : error;
  }
}

function wrong(pointer: string, detail: string): LatchkeyError {
  return new LatchkeyError('invalid_input', `The tariff is not right. ${detail}`, { problems: [{ pointer, detail }] });
}
