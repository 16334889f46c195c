/**
 * The real clock, for tests over real sockets.
 *
 * @module
 */

import type { Clock } from "../../src/base/clock.ts";

/** Real time. Timers keep the process alive, so that a test notices one left behind. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const id = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(id) };
  },
  every(periodMs, callback) {
    const id = setInterval(callback, periodMs);
    return { cancel: () => clearInterval(id) };
  },
};
