/**
 * Callbacks that wait until a test runs them.
 *
 * @module
 */

import type { Timer } from "../../src/base/clock.ts";

/** Puts callbacks at the end of the queue, from which their timers take them when cancelled. */
export function queued(queue: (() => void)[]): (callback: () => void) => Timer {
  return (callback) => {
    queue.push(callback);
    return {
      cancel() {
        const at = queue.indexOf(callback);
        if (at !== -1) queue.splice(at, 1);
      },
    };
  };
}
