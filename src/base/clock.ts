/**
 * The clock as a parameter. Code that never reads the time itself can be tested with a clock that
 * stands still or skips a day.
 *
 * @module
 */

/** A pending call of {@link Clock.after} or {@link Clock.every}. */
export interface Timer {
  /** Cancels the timer. Has no effect the second time, or after it fired. */
  cancel(): void;
}

/**
 * Tells the time and schedules calls. `app` has the real clock, `tests/kit` the fake one.
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
  /** Wall clock, milliseconds since 1970. May jump. For `created_at` and for display. */
  nowMs(): number;
  /** Milliseconds since a fixed moment. Never goes back. For deadlines and durations. */
  monotonicMs(): number;
  /** Calls `callback` once, `delayMs` from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` every `periodMs`, first one period from now. */
  every(periodMs: number, callback: () => void): Timer;
}
