/**
 * Repeats work in the background.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";

/** Runs the same work at intervals until it is closed. */
export class Repetition {
  readonly #intervalMs: number;
  readonly #closed = new AbortController();
  #timer: Timer | undefined = undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Runs `work` now, and again each time so long after it has ended. Resolves after the first time.
   *
   * @param work must not reject; the signal tells it to end early
   */
  async start(clock: Clock, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#closed;
    if (signal.aborted) return;
    await work(signal);
    if (signal.aborted) return;
    this.#timer = clock.after(this.#intervalMs, () => void this.start(clock, work));
  }

  close(): void {
    this.#timer?.cancel();
    this.#closed.abort();
  }
}
