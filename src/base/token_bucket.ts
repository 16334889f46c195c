/**
 * A rate with room for bursts.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** How much is let through. */
export interface Rate {
  /** In the long run, per second. */
  readonly perSecond: number;
  /** At once, after a quiet time. */
  readonly burst: number;
}

const msPerSecond = 1000;

/**
 * Tokens that come back with time. Times are of a monotonic clock, in milliseconds, and never go back.
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
    this.#refill(nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /**
   * Takes `count` tokens, on credit if need be, for what has happened already. Returns after how many
   * milliseconds there is no debt any more; 0 if there is none.
   */
  spend(count: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= count;
    return this.waitMs(0);
  }

  /** How long until there are `count` tokens, milliseconds, as of the last look at the clock. */
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
