/**
 * Statistics of the benches that keep every value.
 *
 * @module
 */

/** The value below which the fraction `share` of `values` lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
