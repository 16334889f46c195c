/**
 * Many deadlines of one length with one timer.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";

/** A deadline that has not passed. */
export interface Deadline {
  /** Cancels the deadline. Has no effect the second time, or after it passed. */
  cancel(): void;
}

interface Pending {
  readonly dueMs: number;
  readonly onLate: () => void;
}

/**
 * Deadlines that are all the same time away when they are set, so that the first one set is the first
 * to pass. A timer of the runtime for each would cost more than what most of them wait for.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** In the order in which they pass. */
  readonly #pending = new Set<Pending>();
  #timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls `onLate` once, after the timeout, unless the deadline is cancelled before. */
  set(onLate: () => void): Deadline {
    const pending: Pending = { dueMs: this.#clock.monotonicMs() + this.#timeoutMs, onLate };
    this.#pending.add(pending);
    this.#timer ??= this.#clock.after(this.#timeoutMs, this.#onTime);
    return { cancel: () => this.#cancel(pending) };
  }

  #cancel(pending: Pending): void {
    this.#pending.delete(pending);
    if (this.#pending.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #onTime = (): void => {
    try {
      const nowMs = this.#clock.monotonicMs();
      for (const pending of this.#pending) {
        // A timer may fire a fraction of a millisecond early.
        if (pending.dueMs - nowMs >= 1) break;
        this.#pending.delete(pending);
        pending.onLate();
      }
    } finally {
      this.#waitForFirst();
    }
  };

  /** Starts the timer anew: what was called may have set and cancelled deadlines. */
  #waitForFirst(): void {
    this.#timer?.cancel();
    const [first] = this.#pending;
    this.#timer = first &&
      this.#clock.after(Math.max(0, first.dueMs - this.#clock.monotonicMs()), this.#onTime);
  }
}
