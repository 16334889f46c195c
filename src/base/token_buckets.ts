/**
 * One token bucket for each key, for a bounded number of keys.
 *
 * @module
 */

import { type Rate, TokenBucket } from "./token_bucket.ts";

/** Most keys to remember, about 200 bytes each. The least recently used is dropped first. */
const MAX_KEYS = 20_000;

/**
 * Token buckets by key. A key that was dropped starts with a full bucket, as after a pause.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { TokenBuckets } from "./token_buckets.ts";
 *
 * const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
 * deepEqual([buckets.tryTake("a", 1, 0), buckets.tryTake("a", 1, 0)], [true, false]);
 * deepEqual([buckets.has("a", 1, 0), buckets.has("b", 1, 0)], [false, true]);
 * ```
 */
export class TokenBuckets {
  /** The capacity of each bucket, tokens. */
  readonly burst: number;
  readonly #rate: Rate;
  readonly #maxKeys: number;
  /** In the order of last use. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, maxKeys = MAX_KEYS) {
    this.burst = rate.burst;
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  /** Takes `count` tokens of a key if there are as many. */
  tryTake(key: string, count: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#maxKeys) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    this.#buckets.set(key, bucket);
    return bucket.tryTake(count, nowMs);
  }

  /** Whether a key has `count` tokens. Takes none. */
  has(key: string, count: number, nowMs: number): boolean {
    return this.#buckets.get(key)?.tryTake(0, nowMs) === undefined ||
      this.#buckets.get(key)!.waitMs(count) === 0;
  }
}
