/**
 * Waiting for a time.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * Resolves after `delayMs` milliseconds, or as soon as the signal is aborted. It never rejects: the
 * caller checks the signal.
 */
export function sleep(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const onAbort = () => {
      timer.cancel();
      resolve();
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
