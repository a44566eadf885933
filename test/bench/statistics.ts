/** The value below which `share` (0 to 1) of the values lie; nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  if (value === undefined) {
    throw new RangeError('there is no quantile of nothing');
  }
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
