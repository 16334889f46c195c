/**
 * A limit in time that can be put off.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";

/** Calls back once, `timeoutMs` after the last {@link restart}, unless {@link stop} comes first. */
export class Deadline {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onLate: () => void;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock, timeoutMs: number, onLate: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onLate = onLate;
  }

  /** Begins to count anew. */
  restart(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#timeoutMs, this.#onLate);
  }

  /** Stops counting. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
