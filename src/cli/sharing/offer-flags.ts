import { custom } from '@oclif/core/flags';
import { LatchkeyError } from '../../domain/errors.ts';
import { approvals, mostGuests, usualAnswerMs, type Approval } from '../../domain/offer.ts';
import { mostOfferHours, type OfferHours } from '../../domain/offer-hours.ts';
import { refundRules, roundings, type Tariff } from '../../domain/tariff.ts';
import { parseWeeklyHours, type WeeklyHours } from '../../domain/weekly-hours.ts';
import type { OfferTerms } from '../../roles/offers/ports.ts';
import { amountFlag, choiceFlag, durationFlag, fileFlag, numberFlag, switchFlag, zoneFlag } from '../flags.ts';
import { flagValue } from '../input-error.ts';
import { anyTariffFrom, happyHourFlag, quantityFlag, stepFlag, tierFlag, type TariffFlags } from '../tariff-flags.ts';

const hoursFlag = custom<WeeklyHours>({ parse: flagValue(parseWeeklyHours), helpValue: 'DAYS HH:MM-HH:MM', multiple: true, multipleNonGreedy: true });

/** What a network is offered for. */
export const offerFlags = {
  step: stepFlag({ helpGroup: 'TARIFF', helpValue: 'PRICE=QUANTITY', description: 'What is paid buys traffic or time by this step: 1.00EUR=500MB, 1.00EUR=30min.' }),
  fixed: quantityFlag({ helpGroup: 'TARIFF', helpValue: 'QUANTITY', description: 'Whoever pays --price may use this: 2h, 5GB.' }),
  unlimited: switchFlag({ helpGroup: 'TARIFF', description: 'Whoever pays --price may use as much as they like.' }),
  tariff: fileFlag({ helpGroup: 'TARIFF', description: 'A tariff as JSON, as `pos tariff show --json` prints it, in this file, - for stdin.' }),
  price: amountFlag({ helpGroup: 'TARIFF', description: 'What --fixed or --unlimited costs.' }),

  tier: tierFlag({ helpGroup: 'STEPS', helpValue: 'FROM:PRICE=QUANTITY', description: 'Another step for purchases from an amount on: 10.00EUR:1.00EUR=700MB. May be repeated.' }),
  minimum: amountFlag({ helpGroup: 'STEPS', description: 'The smallest purchase.' }),
  largest: amountFlag({ helpGroup: 'STEPS', description: 'The largest purchase, in money.' }),
  longest: quantityFlag({ helpGroup: 'STEPS', helpValue: 'QUANTITY', description: 'The largest purchase, in traffic or time.' }),
  rounding: choiceFlag(roundings)({ helpGroup: 'STEPS', description: 'What is no whole step buys nothing (down), a whole one (up) or its share (exact). down if left out.' }),
  'happy-hour': happyHourFlag({ helpGroup: 'STEPS', description: 'When more is bought: "Mon-Fri 14:00-16:00 x2", or a step in place of x2. May be repeated.' }),
  free: quantityFlag({ helpGroup: 'STEPS', helpValue: 'QUANTITY', description: 'What everybody gets on top the first time.' }),
  refund: choiceFlag(refundRules)({ helpGroup: 'TARIFF', description: 'What goes back when a guest ends early. none if left out.' }),

  guests: numberFlag(1, mostGuests)({ description: 'How many may be on it at once. 5 if left out.' }),
  hours: hoursFlag({ description: 'When it may be bought: "Mon-Fri 08:00-18:00". May be repeated; always if left out.' }),
  zone: zoneFlag({ description: 'The time zone of --hours and --happy-hour, such as Europe/Berlin.' }),
  approval: choiceFlag(approvals)({ description: 'Whether `share serve` lets guests in by itself, or asks. automatic if left out.' }),
  'answer-within': durationFlag({ description: 'How long a guest’s money is held at most until the access code is there. 2m, or 15m with --approval manual, if left out.' }),
};

export interface OfferFlags extends Omit<TariffFlags, 'file' | 'pausable'> {
  readonly tariff?: string | undefined;
  readonly guests?: number | undefined;
  readonly hours?: readonly WeeklyHours[] | undefined;
  readonly approval?: Approval | undefined;
  readonly 'answer-within'?: number | undefined;
}

const usualGuests = 5;
const ofTariff = ['step', 'fixed', 'unlimited', 'tariff', 'price', 'tier', 'minimum', 'largest', 'longest', 'rounding', 'happy-hour', 'free', 'refund'] as const;

/** All terms, the usual ones where a flag is left out. Errors: as `anyTariffFrom`, `missing_input`, `invalid_input`. */
export async function termsFrom(flags: OfferFlags, signal: AbortSignal): Promise<OfferTerms> {
  const { guests = usualGuests, approval = 'automatic', 'answer-within': answerMs = usualAnswerMs[approval] } = flags;
  return { hours: hoursFrom(flags), tariff: await tariffOf(flags, signal), guests, approval, answerMs };
}

/** Only what is given. `always`: it has no hours any more. Errors: as `termsFrom`. */
export async function changeFrom(flags: OfferFlags & { readonly always: boolean }, signal: AbortSignal): Promise<Partial<OfferTerms>> {
  const { guests, approval, 'answer-within': answerMs, always } = flags;
  const hours = hoursFrom(flags);
  const hasTariff = ofTariff.some((name) => flags[name] !== undefined && flags[name] !== false);
  const change = {
    ...(hasTariff && { tariff: await tariffOf(flags, signal) }),
    ...(guests !== undefined && { guests }),
    ...((hours !== undefined || always) && { hours }),
    ...(approval !== undefined && { approval }),
    ...(answerMs !== undefined && { answerMs }),
  };
  if (Object.keys(change).length === 0) {
    throw new LatchkeyError('missing_input', 'Nothing is to be changed: give --guests N, --step PRICE=QUANTITY or the like.');
  }
  return change;
}

function tariffOf({ tariff, zone, ...flags }: OfferFlags, signal: AbortSignal): Promise<Tariff> {
  return anyTariffFrom({ ...flags, file: tariff, pausable: false, zone: flags['happy-hour'] === undefined ? undefined : zone }, signal, 'tariff');
}

function hoursFrom({ hours, zone, 'happy-hour': happy }: OfferFlags): OfferHours | undefined {
  if (hours === undefined) {
    if (zone !== undefined && happy === undefined) {
      throw new LatchkeyError('invalid_input', '--zone goes with --hours or --happy-hour alone.');
    }
    return undefined;
  }
  if (zone === undefined) {
    throw new LatchkeyError('missing_input', '--hours needs --zone: by which clocks?');
  }
  if (hours.length > mostOfferHours) {
    throw new LatchkeyError('invalid_input', `An offer has at most ${mostOfferHours} --hours.`);
  }
  return { zone, hours };
}
