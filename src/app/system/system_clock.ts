/**
 * The clock of the operating system.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";

/** Wall-clock time and timers. The monotonic time counts from the start of the process. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs: number, callback: () => void): Timer {
    const id = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(id) };
  },
  every(periodMs: number, callback: () => void): Timer {
    const id = setInterval(callback, periodMs);
    return { cancel: () => clearInterval(id) };
  },
};
