/**
 * Runs the steps of an orderly shutdown within one deadline.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

interface ShutdownOptions {
  readonly clock: Pick<Clock, "after" | "monotonicMs">;
  readonly log: Log;
  /** For all steps together, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Runs shutdown steps one after another. A step that fails or exceeds its time is logged by name,
 * and the next step runs.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #startMs: number;

  /** Starts the deadline. */
  constructor(options: ShutdownOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
  }

  /** Waits for `work` until `share` of the total time has passed. Never rejects. */
  async step(name: string, work: Promise<unknown> | undefined, share: number = 1): Promise<void> {
    const { clock, log, timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const leftMs = this.#startMs + share * timeoutMs - clock.monotonicMs();
    const timer = clock.after(Math.max(0, leftMs), () => {
      log.warn("shutdown step timed out", { step: name });
      resolve();
    });
    Promise.resolve(work).catch((error) => {
      log.error("shutdown step failed", { step: name, error: String(error) });
    }).then(() => resolve());
    await promise;
    timer.cancel();
  }
}
