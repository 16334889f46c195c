/**
 * A periodic tick that a loop can wait for.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";
import type { Selectable } from "./select.ts";

/**
 * Becomes ready once in each period. Ticks that were not taken in time are one tick: no loop needs
 * three pings at once.
 */
export class Ticker<From extends string> implements Selectable<From, void> {
  readonly from: From;
  wake: (() => void) | undefined = undefined;
  readonly #clock: Clock;
  #timer: Timer;
  #due = false;

  constructor(from: From, clock: Clock, periodMs: number) {
    this.from = from;
    this.#clock = clock;
    this.#timer = clock.every(periodMs, this.#onTime);
  }

  get ready(): boolean {
    return this.#due;
  }

  take(): void {
    this.#due = false;
  }

  /** Changes the period. The next tick comes after `firstMs`. */
  restart(firstMs: number, periodMs: number): void {
    this.#timer.cancel();
    this.#timer = this.#clock.after(firstMs, () => {
      this.#timer = this.#clock.every(periodMs, this.#onTime);
      this.#onTime();
    });
  }

  /** Stops the ticks. A ticker that is not stopped keeps its timer. */
  stop(): void {
    this.#timer.cancel();
    this.#due = false;
  }

  readonly #onTime = (): void => {
    this.#due = true;
    this.wake?.();
  };
}
