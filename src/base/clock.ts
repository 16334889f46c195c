/**
 * The clock as an argument. Pure rooms never read the time themselves, so that a test can hold it
 * still, move it, or run a day in a millisecond.
 *
 * @module
 */

/** A pending call of {@link Clock.after} or {@link Clock.every}; ends when cancelled. */
export interface Timer {
  /** Stops the timer. Cancelling twice, or after it fired, does nothing. */
  cancel(): void;
}

/**
 * Tells the time and calls back later. `app` makes the real one; `tests/kit` has the fake one.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import type { Clock } from "./clock.ts";
 *
 * const olderThan = (clock: Clock, sinceMs: number, ageMs: number) =>
 *   clock.monotonicMs() - sinceMs > ageMs;
 * const still: Clock = {
 *   nowMs: () => 0,
 *   monotonicMs: () => 90_000,
 *   after: () => ({ cancel() {} }),
 *   every: () => ({ cancel() {} }),
 * };
 * equal(olderThan(still, 0, 60_000), true);
 * ```
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. For `created_at` and what people read. */
  nowMs(): number;
  /** Milliseconds since some fixed moment. Never goes back. For deadlines and measured times. */
  monotonicMs(): number;
  /** Calls `callback` once, `delayMs` from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` each `periodMs`, first one period from now. */
  every(periodMs: number, callback: () => void): Timer;
}
