/**
 * Counts latencies in a fixed amount of memory.
 *
 * @module
 */

/** Buckets for each doubling: a latency is known to within 1/128. */
const STEPS = 128;
const STEP_BITS = 7;
/** Microseconds up to 2^31, which is 35 minutes. */
const BUCKETS = (31 - STEP_BITS) * STEPS + 2 * STEPS;

/** The four percentiles that are shown, milliseconds. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/**
 * A histogram of microseconds whose buckets grow with the value: below 256 µs each is 1 µs wide,
 * above it is less than 1 % of its value. Recording allocates nothing.
 */
export class Latencies {
  readonly #counts: Uint32Array<ArrayBuffer>;
  #count = 0;

  /** Empty, or with the counts that {@link counts} gave, maybe on another thread. */
  constructor(counts: Uint32Array<ArrayBuffer> = new Uint32Array(BUCKETS)) {
    this.#counts = counts;
    for (const count of counts) this.#count += count;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The count of each bucket. */
  get counts(): Uint32Array<ArrayBuffer> {
    return this.#counts;
  }

  /** Adds one; what is below zero counts as zero. */
  record(ms: number): void {
    this.#counts[bucketOf(ms * 1_000)]!++;
    this.#count++;
  }

  /** Adds all of another one. */
  add(other: Latencies): void {
    other.counts.forEach((count, bucket) => this.#counts[bucket]! += count);
    this.#count += other.count;
  }

  /** The smallest latency that at least the fraction `share` does not exceed, ms; 0 without any. */
  quantileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return middleOf(bucket) / 1_000;
    }
    return 0;
  }

  percentiles(): Percentiles {
    return {
      p50Ms: this.quantileMs(0.5),
      p90Ms: this.quantileMs(0.9),
      p99Ms: this.quantileMs(0.99),
      p999Ms: this.quantileMs(0.999),
    };
  }
}

function bucketOf(us: number): number {
  const value = Math.min(Math.max(Math.round(us), 0), 2 ** 31 - 1);
  if (value < 2 * STEPS) return value;
  const shift = 31 - Math.clz32(value) - STEP_BITS;
  return shift * STEPS + (value >> shift);
}

/** The value in the middle of a bucket, microseconds. */
function middleOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  const least = (bucket - shift * STEPS) * 2 ** shift;
  return least + (2 ** shift - 1) / 2;
}
