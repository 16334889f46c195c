/**
 * A token bucket: a rate limit that allows bursts.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** The parameters of a bucket. */
export interface Rate {
  /** The long-term rate, tokens per second. */
  readonly perSecond: number;
  /** The capacity, tokens. */
  readonly burst: number;
}

const msPerSecond = 1000;

/**
 * A token bucket. Times are milliseconds of a monotonic clock and must not go back. The fields of the
 * rate are read at each use, so they may change.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { TokenBucket } from "./token_bucket.ts";
 *
 * const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
 * equal(bucket.tryTake(2, 0), true);
 * equal(bucket.tryTake(1, 0), false);
 * equal(bucket.tryTake(1, 100), true);
 * equal(bucket.spend(5, 100), 500, "in half a second the debt is paid");
 * ```
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    assert(rate.perSecond > 0 && rate.burst > 0, "tokens come back");
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  /** Takes `count` tokens if there are as many. */
  tryTake(count: number, nowMs: number): boolean {
    if (!this.has(count, nowMs)) return false;
    this.#tokens -= count;
    return true;
  }

  /** Gives back `count` tokens that were taken. */
  give(count: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + count);
  }

  /** Whether there are `count` tokens. */
  has(count: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= count;
  }

  /** Like {@link spend}, but adds no more to the debt than what is paid in `mostDebtMs`. */
  spendWithin(count: number, mostDebtMs: number, nowMs: number): number {
    this.#refill(nowMs);
    const least = -mostDebtMs * this.#rate.perSecond / msPerSecond;
    this.#tokens = Math.min(this.#tokens, Math.max(this.#tokens - count, least));
    return this.waitMs(0);
  }

  /**
   * Takes `count` tokens for what has happened already, going into debt if necessary. Returns how
   * long the debt lasts, milliseconds; 0 if there is none.
   */
  spend(count: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= count;
    return this.waitMs(0);
  }

  /** How long until there are `count` tokens, milliseconds, as of the last call with a time. */
  waitMs(count: number): number {
    const missing = count - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil(missing * msPerSecond / this.#rate.perSecond);
  }

  #refill(nowMs: number): void {
    const back = (nowMs - this.#atMs) * this.#rate.perSecond / msPerSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + back);
    this.#atMs = nowMs;
  }
}
