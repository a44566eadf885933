import { LatchkeyError } from './errors.ts';
import { parseQuantity, quantityText, type Metric, type Quantity } from './quantity.ts';
import { quoted } from './shown-text.ts';

/** When a guest is told that it runs low: once so much of all that it bought is used, or once no more than so much is left. */
export type LowThreshold =
  | { readonly kind: 'used'; readonly name: string; readonly percent: number }
  | { readonly kind: 'left'; readonly name: string; readonly left: Quantity };

/** What a guest may use: so much in all, and so much left of it. */
export interface Remaining {
  readonly metric: Metric;
  readonly total: bigint;
  readonly left: bigint;
}

/** From `80%,95%`, each more than 0 and less than 100. Errors: `invalid_input`. */
export function parseUsedThresholds(text: string): LowThreshold[] {
  return text.split(',').map((name) => {
    const [, digits] = /^(\d{1,2})%$/.exec(name.trim()) ?? [];
    if (digits === undefined || Number(digits) === 0) {
      throw new LatchkeyError('invalid_input', `${quoted(text)} is no list of thresholds such as 80%,95%.`);
    }
    return { kind: 'used', name: `${Number(digits)}%`, percent: Number(digits) };
  });
}

/** From traffic or time such as `50MB` or `5m`. Errors: `invalid_input`. */
export function parseLeftThreshold(text: string): LowThreshold {
  const left = parseQuantity(text);
  return { kind: 'left', name: quantityText(left), left };
}

/** Those that are passed, the one that leaves least first. */
export function passedThresholds(thresholds: readonly LowThreshold[], { metric, total, left }: Remaining): LowThreshold[] {
  return thresholds
    .flatMap((threshold) => {
      const at = leftAt(threshold, metric, total);
      return at !== undefined && left <= at ? [{ threshold, at }] : [];
    })
    .sort((one, other) => Number(one.at - other.at))
    .map(({ threshold }) => threshold);
}

/** How much is left where it begins; undefined: it is about the other metric, or about no less than there ever was. */
function leftAt(threshold: LowThreshold, metric: Metric, total: bigint): bigint | undefined {
  if (threshold.kind === 'used') {
    return total - (total * BigInt(threshold.percent) + 99n) / 100n;
  }
  return threshold.left.metric === metric && threshold.left.size < total ? threshold.left.size : undefined;
}
