/**
 * Time, as far as a store needs it.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";

/** By what events expire and queries run out of time. */
export type StoreClock = Pick<Clock, "nowMs" | "monotonicMs" | "after">;

/**
 * A clock that always says the second before 1970: nothing expires by it, and no time limit passes.
 */
export const timeless: StoreClock = {
  nowMs: () => -1,
  monotonicMs: () => 0,
  after: () => ({ cancel() {} }),
};

/** Now, whole seconds since 1970. */
export function nowS(clock: Pick<StoreClock, "nowMs">): number {
  return Math.floor(clock.nowMs() / 1000);
}
