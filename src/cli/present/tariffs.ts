import { amountSchema, amountToWire, type AmountWire } from '../../api/money.ts';
import { arrayOf, boolean, digits, instant, object, oneOf, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { happyHourText } from '../../domain/happy-hour.ts';
import type { Amount } from '../../domain/money.ts';
import { quantityText, type Allowance, type Quantity } from '../../domain/quantity.ts';
import { tariffToJson } from '../../domain/tariff-json.ts';
import { stepText } from '../../domain/tariff-step.ts';
import { refundRules, roundings, type Explanation, type Nothing, type Purchase, type Rounding, type Tariff } from '../../domain/tariff.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';
import { duration, localTime } from './time.ts';

const words = { type: 'string' } as const;

/** A tariff in its JSON form, which `pos tariff set --file` takes. */
export const tariffSchema = object(
  'Tariff',
  { kind: oneOf(['unlimited', 'fixed', 'steps']), pausable: boolean, refund: oneOf(refundRules) },
  {
    price: words, allowed: words, step: words, tiers: arrayOf(words), rounding: oneOf(roundings), minimum: words,
    largest_amount: words, largest_quantity: words, happy_hours: arrayOf(words), zone: words, free: words,
  },
);
export type TariffWire = Static<typeof tariffSchema>;

export function tariffToWire(tariff: Tariff): TariffWire {
  return tariffToJson(tariff) as TariffWire;
}

export function presentTariff(tariff: TariffWire, screen: Screen): string {
  const { kind, tiers = [], happy_hours: hours = [], zone } = tariff;
  return details(
    [
      ['tariff', { unlimited: 'on the list for good', fixed: 'a time from entry', steps: 'by the amount' }[kind]],
      ['price', kind === 'steps' ? undefined : (tariff.price ?? 'any amount')],
      ['time', tariff.allowed],
      ['step', tariff.step],
      ...tiers.map((tier) => ['tier', tier] as const),
      ['rounding', tariff.rounding],
      ['minimum', tariff.minimum],
      ['largest', tariff.largest_amount],
      ['longest', tariff.largest_quantity],
      ...hours.map((hour) => ['happy hour', `${hour} (${zone})`] as const),
      ['free at first', tariff.free],
      ['pausable', tariff.pausable ? 'yes' : 'no'],
      ['refund', { none: 'none', unused: 'the unused part' }[tariff.refund]],
    ],
    screen,
  );
}

/** In one line. */
export function tariffInShort({ kind, step, allowed, price, tiers = [], happy_hours: hours = [] }: TariffWire): string {
  switch (kind) {
    case 'unlimited':
      return `on the list for good for ${price ?? 'any amount'}`;
    case 'fixed':
      return `${allowed} for ${price ?? 'any amount'}`;
    case 'steps':
      return [step, ...tiers, ...(hours.length === 0 ? [] : ['happy hours'])].join(', ');
  }
}

const allowance = { type: 'string', description: 'A duration, or `unlimited`.' } as const;
const reasonKinds = ['flat', 'largest_amount', 'happy_hour', 'step', 'counted', 'multiplied', 'largest_quantity', 'free', 'unused'] as const satisfies readonly Explanation['kind'][];
const reasonSchema = object(
  'Reason',
  { kind: oneOf(reasonKinds), text: words },
  { price: amountSchema, amount: amountSchema, quantity: allowance, step: words, from: amountSchema, steps: digits, rounding: oneOf(roundings), percent: digits, happy_hour: words, zone: words },
);
type ReasonWire = Static<typeof reasonSchema>;

/** What an amount would buy, and why. */
export const purchaseSchema = object(
  'Purchase',
  { paid: amountSchema, at: instant, first: boolean, quantity: allowance, bought: allowance, used: amountSchema, unused: amountSchema, steps: digits, because: arrayOf(reasonSchema) },
);
export type PurchaseWire = Static<typeof purchaseSchema>;

export function purchaseToWire({ paid, quantity, bought, used, unused, steps, because }: Purchase, at: Date, first: boolean): PurchaseWire {
  return {
    paid: amountToWire(paid),
    at: instantToWire(at),
    first,
    quantity: allowanceToWire(quantity),
    bought: allowanceToWire(bought),
    used: amountToWire(used),
    unused: amountToWire(unused),
    steps: steps.toString(),
    because: because.map(reasonToWire),
  };
}

function reasonToWire(reason: Explanation): ReasonWire {
  const text = sentence(reason);
  const amount = (value: Amount | undefined): AmountWire | undefined => value && amountToWire(value);
  switch (reason.kind) {
    case 'flat':
      return present({ kind: reason.kind, text, price: amount(reason.price), quantity: allowanceToWire(reason.quantity) });
    case 'largest_amount':
      return { kind: reason.kind, text, amount: amountToWire(reason.largest) };
    case 'happy_hour':
      return { kind: reason.kind, text, happy_hour: happyHourText(reason.hour), zone: reason.zone };
    case 'step':
      return present({ kind: reason.kind, text, step: stepText(reason.step), from: amount(reason.from) });
    case 'counted':
      return { kind: reason.kind, text, steps: reason.steps.toString(), rounding: reason.rounding, quantity: quantityOrNone(reason.quantity) };
    case 'multiplied':
      return { kind: reason.kind, text, percent: reason.percent.toString(), quantity: quantityOrNone(reason.quantity) };
    case 'largest_quantity':
      return { kind: reason.kind, text, quantity: quantityText(reason.largest) };
    case 'free':
      return { kind: reason.kind, text, quantity: quantityText(reason.quantity) };
    case 'unused':
      return { kind: reason.kind, text, amount: amountToWire(reason.amount) };
  }
}

const roundingWords: Readonly<Record<Rounding, string>> = {
  down: 'what is no whole step buys nothing',
  up: 'what is no whole step counts as one',
  exact: 'what is no whole step buys its share',
};

function sentence(reason: Explanation): string {
  switch (reason.kind) {
    case 'flat':
      return `${reason.price === undefined ? 'Any amount' : moneyForPeople(reason.price)} buys ${allowanceForPeople(reason.quantity)}.`;
    case 'largest_amount':
      return `No more than ${moneyForPeople(reason.largest)} is reckoned with: that is the largest amount.`;
    case 'happy_hour':
      return `It is a happy hour: ${happyHourText(reason.hour)}, by the clocks of ${reason.zone}.`;
    case 'step':
      return `${moneyForPeople(reason.step.price)} buys ${quantityForPeople(reason.step.quantity)}${reason.from === undefined ? '' : `, for it is ${moneyForPeople(reason.from)} or more`}.`;
    case 'counted':
      return `That makes ${reason.steps === 1n ? '1 step' : `${reason.steps} steps`}, ${quantityForPeople(reason.quantity)}; ${roundingWords[reason.rounding]}.`;
    case 'multiplied':
      return `Times ${Number(reason.percent) / 100} that makes ${quantityForPeople(reason.quantity)}.`;
    case 'largest_quantity':
      return `No purchase buys more than ${quantityForPeople(reason.largest)}.`;
    case 'free':
      return `${quantityForPeople(reason.quantity)} more is free, for it is the first time.`;
    case 'unused':
      return `${moneyForPeople(reason.amount)} of it buys nothing.`;
  }
}

export const noTimeSchema = object(
  'NoTime',
  { kind: oneOf(['no_tariff', 'other_currency', 'below_least']), text: words },
  { currency: words, least: amountSchema, in_happy_hours: { ...boolean, description: 'Then it would buy some.' } },
);
export type NoTimeWire = Static<typeof noTimeSchema>;

/** Why an amount bought no time. */
export function noTimeToWire(nothing: Nothing): NoTimeWire {
  switch (nothing.kind) {
    case 'no_tariff':
      return { kind: nothing.kind, text: 'this cash register sells none' };
    case 'other_currency':
      return { kind: nothing.kind, text: `it is sold for ${nothing.currency}`, currency: nothing.currency };
    case 'below_least': {
      const { kind, least, inHappyHours } = nothing;
      return { kind, text: `below the least amount${inHappyHours ? ' outside happy hours' : ''}, ${moneyForPeople(least)}`, least: amountToWire(least), in_happy_hours: inHappyHours };
    }
  }
}

export function presentPurchase(purchase: PurchaseWire, screen: Screen): string {
  const { paid, at, quantity, because } = purchase;
  const total = details([['paid', moneyForPeople(paid)], ['at', localTime(at)], ['time', quantity === 'unlimited' ? 'without end' : quantity]], screen);
  return `${because.map(({ text }, index) => `${index + 1}. ${text}`).join('\n')}\n\n${total}`;
}

/** A quantity may be 0 here, which has no text of its own. */
function quantityOrNone(quantity: Quantity): string {
  return quantity.size === 0n ? '0s' : quantityText(quantity);
}

export function allowanceToWire(value: Allowance): string {
  return value === 'unlimited' ? value : quantityOrNone(value);
}

export function allowanceForPeople(value: Allowance): string {
  return value === 'unlimited' ? 'time without end' : quantityForPeople(value);
}

function quantityForPeople(quantity: Quantity): string {
  return quantity.metric === 'time' ? duration(Number(quantity.size)) : quantityText(quantity);
}

