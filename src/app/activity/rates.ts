/**
 * Rates out of counts that only grow.
 *
 * @module
 */

import { sum } from "../../base/sum.ts";

/** Counts by name. */
export type Totals<Name extends string = string> = Readonly<Record<Name, number>>;

/** Makes a rate of a count. */
export type PerSecond = (count: number) => number;

/** Rates have one decimal place: nobody reads more. Over no time there are none. */
export function perSecondOf(seconds: number): PerSecond {
  return (count) => seconds === 0 ? 0 : Math.round(count * 10 / seconds) / 10;
}

/** What was counted since `before`, by name. */
export function differences<Name extends string>(
  now: Totals<Name>,
  before: Partial<Totals<Name>>,
): Record<Name, number> {
  const more: Record<Name, number> = { ...now };
  for (const name of Object.keys(now) as Name[]) {
    more[name] = Math.max(0, now[name] - (before[name] ?? 0));
  }
  return more;
}

/** Rates of counts, under their names. */
export function scaled<Name extends string>(
  counts: Totals<Name>,
  perSecond: PerSecond,
): Record<Name, number> {
  const rates: Record<Name, number> = { ...counts };
  for (const name of Object.keys(counts) as Name[]) rates[name] = perSecond(counts[name]);
  return rates;
}

/** Rates of counts of which two are bytes: fractions of these say nothing. */
export function scaledTraffic<Name extends string>(
  counts: Totals<Name | "receivedBytes" | "sentBytes">,
  perSecond: PerSecond,
): Record<Name | "receivedBytes" | "sentBytes", number> {
  const rates = scaled(counts, perSecond);
  rates.receivedBytes = Math.round(rates.receivedBytes);
  rates.sentBytes = Math.round(rates.sentBytes);
  return rates;
}

/** The counts that are not 0. */
export function withoutZeros(counts: Totals): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** All counts together. */
export function sumOf(counts: Totals): number {
  return sum(Object.values(counts));
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
  let left = 0.99 * sum(more);
  if (left === 0) return undefined;
  const at = more.findIndex((count) => (left -= count) <= 0);
  return bounds[at] ?? bounds.at(-1);
}
