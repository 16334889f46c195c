/**
 * One token bucket for each key, for a bounded number of keys.
 *
 * @module
 */

import { LruMap } from "./lru_map.ts";
import { type Rate, TokenBucket } from "./token_bucket.ts";

/** Most keys to remember, about 200 bytes each. The least recently used is dropped first. */
const MAX_KEYS = 20_000;

/** Token buckets by key, in this thread or shared with others. */
export interface Buckets {
  /** The capacity of each bucket, tokens. */
  readonly burst: number;
  /** Takes `count` tokens of a key if there are as many. */
  tryTake(key: string, count: number, nowMs: number): boolean;
  /** Gives back `count` tokens that were taken of a key. */
  give(key: string, count: number, nowMs: number): void;
  /** Whether a key has `count` tokens. Takes none. */
  has(key: string, count: number, nowMs: number): boolean;
}

/**
 * Makes buckets. Those of one name are the same in all threads, and so are their keys.
 *
 * @param rate an object whose fields are read at each use
 */
export type MakeBuckets = (name: string, rate: Rate) => Buckets;

/** Makes buckets of this thread alone. */
export const makeOwnBuckets: MakeBuckets = (_name, rate) => new TokenBuckets(rate);

/**
 * Token buckets by key. A key that was dropped starts with a full bucket, as after a pause. The
 * fields of the rate may change, as those of a {@link TokenBucket} may.
 */
export class TokenBuckets implements Buckets {
  readonly #rate: Rate;
  readonly #buckets: LruMap<string, TokenBucket>;

  constructor(rate: Rate, maxKeys = MAX_KEYS) {
    this.#rate = rate;
    this.#buckets = new LruMap(maxKeys);
  }

  /** The capacity of each bucket, tokens. */
  get burst(): number {
    return this.#rate.burst;
  }

  /** Takes `count` tokens of a key if there are as many. */
  tryTake(key: string, count: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.set(key, bucket);
    return bucket.tryTake(count, nowMs);
  }

  /** Gives back `count` tokens that were taken of a key. */
  give(key: string, count: number, nowMs: number): void {
    this.#buckets.get(key)?.give(count, nowMs);
  }

  /** Whether a key has `count` tokens. Takes none. */
  has(key: string, count: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? count <= this.burst : bucket.has(count, nowMs);
  }
}
