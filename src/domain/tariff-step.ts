import { LatchkeyError } from './errors.ts';
import { amountText, parseAmount, type Amount } from './money.ts';
import { parseQuantity, quantityText, type Quantity } from './quantity.ts';
import { quoted } from './shown-text.ts';

/** What one price buys. */
export interface Step {
  readonly price: Amount;
  readonly quantity: Quantity;
}

/** The step for purchases of at least `from`. */
export interface Tier {
  readonly from: Amount;
  readonly step: Step;
}

/** A price and what it buys: `1.00EUR=10min`. Errors: `invalid_input`, and those of `parseAmount`. */
export function parseStep(text: string): Step {
  const [, price, quantity] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (price === undefined || quantity === undefined) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a step such as 1.00EUR=10min.`);
  }
  return { price: parseAmount(price), quantity: parseQuantity(quantity) };
}

/** As `parseStep` reads it. */
export function stepText({ price, quantity }: Step): string {
  return `${amountText(price)}=${quantityText(quantity)}`;
}

/** The least amount and the step from there on: `10.00EUR:1.00EUR=15min`. Errors: as of `parseStep`. */
export function parseTier(text: string): Tier {
  const [, from, step] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  if (from === undefined || step === undefined) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a tier such as 10.00EUR:1.00EUR=15min.`);
  }
  return { from: parseAmount(from), step: parseStep(step) };
}

/** As `parseTier` reads it. */
export function tierText({ from, step }: Tier): string {
  return `${amountText(from)}:${stepText(step)}`;
}

/** Whether money buys less by a step than by another of the same metric and currency. */
export function isDearer(step: Step, other: Step): boolean {
  return step.quantity.size * other.price.minor < other.quantity.size * step.price.minor;
}
