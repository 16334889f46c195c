/**
 * Histograms of durations.
 *
 * @module
 */

/** Bucket bounds, seconds, for durations from a tenth of a millisecond to ten seconds. */
export const DURATION_BOUNDS_S: readonly number[] = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** The counts of a {@link Histogram}. */
export interface HistogramReading {
  /** Inclusive upper bounds, ascending. Values above the last one are in a bucket of their own. */
  readonly bounds: readonly number[];
  /** One for each bound, and one for the values above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts values by bucket. */
export class Histogram implements HistogramReading {
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[] = DURATION_BOUNDS_S) {
    this.bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  get counts(): readonly number[] {
    return this.#counts;
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at++;
    this.#counts[at]!++;
    this.#sum += value;
  }
}
