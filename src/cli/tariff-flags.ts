import { custom } from '@oclif/core/flags';
import { LatchkeyError } from '../domain/errors.ts';
import { happyHourText, parseHappyHour, type HappyHour } from '../domain/happy-hour.ts';
import { amountText, type Amount } from '../domain/money.ts';
import { parseQuantity, quantityText, type Quantity } from '../domain/quantity.ts';
import { parseTariff } from '../domain/tariff-json.ts';
import { parseStep, parseTier, stepText, tierText, type Step, type Tier } from '../domain/tariff-step.ts';
import { refundRules, requireTime, roundings, type RefundRule, type Rounding, type Tariff } from '../domain/tariff.ts';
import { amountFlag, choiceFlag, fileFlag, switchFlag, zoneFlag } from './flags.ts';
import { flagValue } from './input-error.ts';
import { readJsonFile } from './json-file.ts';

export const quantityFlag = custom<Quantity>({ parse: flagValue(parseQuantity), helpValue: 'DURATION' });
export const stepFlag = custom<Step>({ parse: flagValue(parseStep), helpValue: 'PRICE=DURATION' });
export const tierFlag = custom<Tier>({ parse: flagValue(parseTier), helpValue: 'FROM:PRICE=DURATION', multiple: true, multipleNonGreedy: true });
export const happyHourFlag = custom<HappyHour>({ parse: flagValue(parseHappyHour), helpValue: 'DAYS HH:MM-HH:MM xN', multiple: true, multipleNonGreedy: true });

/** A tariff in flags: one kind, and what goes with it. */
export const tariffFlags = {
  unlimited: switchFlag({ helpGroup: 'KIND', description: 'Whoever pays is on the permission list for good.' }),
  fixed: quantityFlag({ helpGroup: 'KIND', description: 'Whoever pays has this time from their entry, however much it was.' }),
  step: stepFlag({ helpGroup: 'KIND', description: 'What is paid buys time by this step: 1.00EUR=10min.' }),
  file: fileFlag({ helpGroup: 'KIND', description: 'A tariff as `pos tariff show --json` prints it, in this file, - for stdin.' }),

  price: amountFlag({ description: 'What --unlimited or --fixed costs; any amount will do if left out.' }),
  tier: tierFlag({ helpGroup: 'STEPS', description: 'Another step for purchases from an amount on: 10.00EUR:1.00EUR=15min. May be repeated.' }),
  minimum: amountFlag({ helpGroup: 'STEPS', description: 'Less buys nothing.' }),
  largest: amountFlag({ helpGroup: 'STEPS', description: 'More buys no more.' }),
  longest: quantityFlag({ helpGroup: 'STEPS', description: 'No purchase buys more time.' }),
  rounding: choiceFlag(roundings)({ helpGroup: 'STEPS', description: 'What is no whole step buys nothing (down), a whole one (up) or its share (exact). down if left out.' }),
  'happy-hour': happyHourFlag({ helpGroup: 'STEPS', description: 'When more is bought: "Mon-Fri 14:00-16:00 x2", or a step in place of x2. May be repeated.' }),
  zone: zoneFlag({ helpGroup: 'STEPS', description: 'The time zone of the happy hours, such as Europe/Berlin.' }),
  free: quantityFlag({ helpGroup: 'STEPS', description: 'What everybody gets on top the first time.' }),
  pausable: switchFlag({ description: 'What is left may be kept for later.' }),
  refund: choiceFlag(refundRules)({ description: 'What goes back when a grant ends early. none if left out.' }),
};

export interface TariffFlags {
  readonly unlimited: boolean;
  readonly fixed?: Quantity | undefined;
  readonly step?: Step | undefined;
  readonly file?: string | undefined;
  readonly price?: Amount | undefined;
  readonly tier?: readonly Tier[] | undefined;
  readonly minimum?: Amount | undefined;
  readonly largest?: Amount | undefined;
  readonly longest?: Quantity | undefined;
  readonly rounding?: Rounding | undefined;
  readonly 'happy-hour'?: readonly HappyHour[] | undefined;
  readonly zone?: string | undefined;
  readonly free?: Quantity | undefined;
  readonly pausable: boolean;
  readonly refund?: RefundRule | undefined;
}

/** The same, where the file of a tariff is named by another flag. */
export type FileFlag = 'file' | 'tariff';

const kinds = ['unlimited', 'fixed', 'step', 'file'] as const;
const ofSteps = ['tier', 'minimum', 'largest', 'longest', 'rounding', 'happy-hour', 'zone', 'free'] as const;
const ofAll = ['pausable', 'refund'] as const;
/** Flags by the members of the JSON form. */
const flagOf: Readonly<Record<string, string>> = {
  allowed: 'fixed', tiers: 'tier', largest_amount: 'largest', largest_quantity: 'longest', happy_hours: 'happy-hour',
};
const largestFile = 64 * 1024;

/** That of a cash register. Errors: as `anyTariffFrom`, `metric_mismatch`. */
export async function tariffFrom(flags: TariffFlags, signal: AbortSignal): Promise<Tariff> {
  const tariff = await anyTariffFrom(flags, signal);
  requireTime(tariff);
  return tariff;
}

/** Of time or traffic. Errors: `missing_input` without a kind, `invalid_input` for what does not go together, those of the file. */
export async function anyTariffFrom(flags: TariffFlags, signal: AbortSignal, fileFlag: FileFlag = 'file'): Promise<Tariff> {
  const flagName = (name: string) => `--${name === 'file' ? fileFlag : name}`;
  const given = (name: keyof TariffFlags) => flags[name] !== undefined && flags[name] !== false;
  const [kind, second] = kinds.filter(given);
  if (kind === undefined) {
    throw new LatchkeyError('missing_input', `The tariff is missing: give --unlimited, --fixed DURATION, --step PRICE=DURATION or ${flagName('file')} PATH|-.`);
  }
  if (second !== undefined) {
    throw new LatchkeyError('invalid_input', `A tariff is of one kind: ${flagName(kind)} does not go with ${flagName(second)}.`);
  }
  const others = { unlimited: [...ofSteps], fixed: [...ofSteps], step: ['price'], file: [...ofSteps, ...ofAll, 'price'] } as const;
  const stray = others[kind].find(given);
  if (stray !== undefined) {
    throw new LatchkeyError('invalid_input', `--${stray} does not go with ${flagName(kind)}.`);
  }
  if (flags.zone !== undefined && flags['happy-hour'] === undefined) {
    throw new LatchkeyError('invalid_input', '--zone goes with --happy-hour alone.');
  }
  if (kind === 'unlimited' && flags.refund === 'unused') {
    throw new LatchkeyError('invalid_input', '--refund unused does not go with --unlimited: of what has no end no part is unused.');
  }
  return kind === 'file' ? parseTariff(await readJsonFile(flags.file!, flagName('file'), { what: 'a tariff', mostBytes: largestFile, signal })) : parsedFlags(flags, kind);
}

function parsedFlags(flags: TariffFlags, kind: 'unlimited' | 'fixed' | 'step'): Tariff {
  const { fixed, step, price, tier, minimum, largest, longest, rounding, zone, free, pausable, refund } = flags;
  const amount = (value: Amount | undefined) => value && amountText(value);
  const quantity = (value: Quantity | undefined) => value && quantityText(value);
  const members = {
    kind: kind === 'step' ? 'steps' : kind,
    allowed: quantity(fixed),
    step: step && stepText(step),
    price: amount(price),
    tiers: tier?.map(tierText),
    minimum: amount(minimum),
    largest_amount: amount(largest),
    largest_quantity: quantity(longest),
    rounding,
    happy_hours: flags['happy-hour']?.map(happyHourText),
    zone,
    free: quantity(free),
    pausable,
    refund,
  };
  try {
    return parseTariff(Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)));
  } catch (error) {
    throw error instanceof LatchkeyError ? inFlags(error) : error;
  }
}

/** The flag in the place of the JSON pointer. */
function inFlags(error: LatchkeyError): LatchkeyError {
  const [problem] = error.problems;
  const member = problem?.pointer.split('/')[1];
  return problem === undefined || member === undefined
    ? error
    : new LatchkeyError(error.code, `--${flagOf[member] ?? member}: ${problem.detail}`, { cause: error });
}
