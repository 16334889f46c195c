/**
 * An orderly end that ends.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** What a {@link Closing} needs. */
export interface ClosingOptions {
  readonly clock: Pick<Clock, "after" | "monotonicMs">;
  readonly log: Log;
  /** For all steps together, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Steps of an end, each of which is waited for no longer than there is time. A step that does not come to
 * its end, or fails, is named in the log, and the next one begins.
 */
export class Closing {
  readonly #options: ClosingOptions;
  readonly #startMs: number;

  /** Its time begins. */
  constructor(options: ClosingOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
  }

  /** Waits for `work` until a share of the time is over. Never rejects. */
  async step(name: string, work: Promise<unknown> | undefined, share: number = 1): Promise<void> {
    const { clock, log, timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const leftMs = this.#startMs + share * timeoutMs - clock.monotonicMs();
    const timer = clock.after(Math.max(0, leftMs), () => {
      log.warn("not closed in time, going on without", { step: name });
      resolve();
    });
    Promise.resolve(work).catch((error) => {
      log.error("not closed", { step: name, error: String(error) });
    }).then(() => resolve());
    await promise;
    timer.cancel();
  }
}
