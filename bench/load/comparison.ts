/**
 * Compares two relays that were measured in turn.
 *
 * @module
 */

/** Who is measured. */
export type Name = "A" | "B";

/** A ratio in each pair. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Whether the pairs differ among themselves by a larger factor than the relays do. */
  readonly isUncertain: boolean;
}

/**
 * Who comes when: A B, B A, A B, and so on, so that what drifts with time, such as the load of the
 * machine or the size of the database, is to the disadvantage of both.
 */
export function pairOrder(pairs: number): readonly (readonly [Name, Name])[] {
  return Array.from({ length: pairs }, (_, pair) => pair % 2 === 0 ? ["A", "B"] : ["B", "A"]);
}

/** The ratios of `a` and `b`, which have one figure for each pair; undefined where none can be. */
export function ratioOf(a: readonly number[], b: readonly number[]): Ratio | undefined {
  const ratios = a.map((figure, pair) => figure / b[pair]!)
    .filter((ratio) => Number.isFinite(ratio) && ratio > 0);
  if (ratios.length === 0) return undefined;
  const [least, most, middle] = [Math.min(...ratios), Math.max(...ratios), median(ratios)];
  return {
    median: middle,
    least,
    most,
    // One pair has no spread that could be looked at.
    isUncertain: ratios.length < 2 || most / least > Math.max(middle, 1 / middle),
  };
}

/** Of an even number the mean of the two in the middle; NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}
