/**
 * Rates out of counts that only grow.
 *
 * @module
 */

/** Counts by name. */
export type Totals = Readonly<Record<string, number>>;

/** Makes a rate of a count. */
export type PerSecond = (count: number) => number;

/** Rates have one decimal place: nobody reads more. Over no time there are none. */
export function perSecondOf(seconds: number): PerSecond {
  return (count) => seconds === 0 ? 0 : Math.round(count * 10 / seconds) / 10;
}

/** What was counted since `before`, by name. */
export function differences(now: Totals, before: Totals): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now).map(([name, count]) => [name, Math.max(0, count - (before[name] ?? 0))]),
  );
}

/** Rates of counts, under their names. */
export function scaled<Name extends string>(
  counts: Readonly<Record<Name, number>>,
  perSecond: PerSecond,
): Record<Name, number> {
  const rates: Record<Name, number> = { ...counts };
  for (const name of Object.keys(counts) as Name[]) rates[name] = perSecond(counts[name]);
  return rates;
}

/** The counts that are not 0. */
export function withoutZeros(counts: Totals): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** All counts together. */
export function sumOf(counts: Totals): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * The bound below which 99 of 100 of the values lie that a histogram has got since `before`, or its last
 * bound where it is above that; undefined without values.
 */
export function percentile99(
  bounds: readonly number[],
  counts: readonly number[],
  before: readonly number[],
): number | undefined {
  const more = counts.map((count, at) => count - (before[at] ?? 0));
  let left = more.reduce((sum, count) => sum + count, 0) * 0.99;
  if (left === 0) return undefined;
  const at = more.findIndex((count) => (left -= count) <= 0);
  return bounds[at] ?? bounds.at(-1);
}
