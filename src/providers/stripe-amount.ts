import { currencies, decimalsOf } from '../domain/currency.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { amountText, type Amount } from '../domain/money.ts';

/** An amount as Stripe's API has it: whole units, which are not always those of ISO 4217, and the code in lower case. */
export interface StripeAmount {
  readonly amount: number;
  readonly currency: string;
}

/** docs.stripe.com/currencies, “Zero-decimal currencies”. MGA has two decimals in ISO 4217. */
const withoutDecimals = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
/** The same, “Three-decimal currencies”: the last digit has to be 0. */
const withThreeDecimals = new Set('BHD JOD KWD OMR TND'.split(' '));
/** The same, “Special cases”: two decimals, which have to be 00. */
const withIdleDecimals = new Set(['ISK']);
/** The same page has UGX among those without decimals, and among those with two: 100 times too much is not risked. */
const contradictory = new Set(['UGX']);

/** Errors: `amount_not_collectable` for what Stripe cannot take exactly. */
export function toStripe(amount: Amount): StripeAmount {
  const { minor, currency } = amount;
  const scale = scaleOf(currency);
  if (scale === undefined) {
    throw new LatchkeyError('amount_not_collectable', `Stripe does not collect ${currency} in units that are certain.`);
  }
  const units = (minor * scale.times) / scale.per;
  if ((minor * scale.times) % scale.per !== 0n || units % scale.step !== 0n) {
    throw new LatchkeyError('amount_not_collectable', `Stripe does not collect ${amountText(amount)}: it takes ${currency} in coarser steps.`);
  }
  return { amount: Number(units), currency: currency.toLowerCase() };
}

/** What cannot be said in units of the ledger is 0, which no top-up is of. */
export function fromStripe({ amount, currency: code }: StripeAmount): Amount {
  const currency = code.toUpperCase();
  const scale = scaleOf(currency);
  const scaled = scale === undefined ? 0n : BigInt(amount) * scale.per;
  return { minor: scale === undefined || scaled % scale.times !== 0n ? 0n : scaled / scale.times, currency };
}

interface Scale {
  /** Stripe’s units are minor units `times` this … */
  readonly times: bigint;
  /** … divided by this … */
  readonly per: bigint;
  /** … and a multiple of this. */
  readonly step: bigint;
}

function scaleOf(currency: string): Scale | undefined {
  const stripeDecimals = withoutDecimals.has(currency) ? 0 : withThreeDecimals.has(currency) ? 3 : 2;
  const decimals = currencies.includes(currency) ? decimalsOf(currency) : undefined;
  const isCertain = decimals === stripeDecimals || withoutDecimals.has(currency) || withIdleDecimals.has(currency);
  if (decimals === undefined || !isCertain || contradictory.has(currency)) {
    return undefined;
  }
  return {
    times: 10n ** BigInt(Math.max(0, stripeDecimals - decimals)),
    per: 10n ** BigInt(Math.max(0, decimals - stripeDecimals)),
    step: withThreeDecimals.has(currency) ? 10n : 1n,
  };
}
